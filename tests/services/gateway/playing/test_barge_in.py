"""What a sound over the avatar's voice means."""

from __future__ import annotations

from services.gateway.playing.barge_in import BargeInDetector


def begun(*utterances: str) -> BargeInDetector:
    barge_in = BargeInDetector()
    for utterance in utterances:
        barge_in.began(utterance, f"turn of {utterance}")
    return barge_in


def test_a_word_stops_the_voice_and_so_does_each_more_while_it_is_spoken() -> None:
    barge_in = begun("u1")
    assert barge_in.heard("u1", "") == "wait"
    assert barge_in.heard("u1", "mhm") == "wait"
    assert barge_in.heard("u1", "mhm but why") == "stop"
    assert barge_in.heard("u1", "mhm but why not") == "stop"
    assert barge_in.over("u1", "mhm but why not") == "stop"
    assert barge_in.over("u1", "mhm but why not") == "wait"


def test_a_cough_or_a_murmur_lets_it_go_on() -> None:
    for text in ("", "  ", "mm-hm", "Okay.", "ja, genau"):
        assert begun("u1").over("u1", text) == "go on"


def test_words_that_are_known_at_the_end_only_stop_it() -> None:
    assert begun("u1").over("u1", "stop") == "stop"


def test_what_others_said_decides_nothing() -> None:
    assert BargeInDetector().over("u1", "stop") == "wait"
    assert begun("u2").over("u1", "stop") == "wait"
    assert begun("u2").heard("u1", "stop") == "wait"


def test_a_cough_after_words_that_are_not_known_yet_does_not_make_them_forgotten() -> None:
    barge_in = begun("words", "cough")
    assert barge_in.over("cough", "") == "wait"
    assert barge_in.under_way
    assert barge_in.turn("words") == "turn of words"
    assert barge_in.over("words", "what time is it") == "stop"
    assert not barge_in.under_way


def test_it_goes_on_when_the_last_of_several_sounds_was_nothing() -> None:
    barge_in = begun("one", "two")
    assert barge_in.over("one", "mm-hm") == "wait"
    assert barge_in.over("two", "") == "go on"
