"""What a sound over the avatar's voice means."""

from __future__ import annotations

from services.gateway.barge_in import BargeIn


def begun(utterance: str = "u1") -> BargeIn:
    barge_in = BargeIn()
    barge_in.began(utterance)
    return barge_in


def test_a_word_stops_the_voice_once() -> None:
    barge_in = begun()
    assert barge_in.heard("u1", "") == "wait"
    assert barge_in.heard("u1", "mhm") == "wait"
    assert barge_in.heard("u1", "mhm but why") == "stop"
    assert barge_in.heard("u1", "mhm but why not") == "wait"
    assert barge_in.over("u1", "mhm but why not") == "wait"


def test_a_cough_or_a_murmur_lets_it_go_on() -> None:
    for text in ("", "  ", "mm-hm", "Okay.", "ja, genau"):
        assert begun().over("u1", text) == "go on"


def test_words_that_are_known_at_the_end_only_stop_it() -> None:
    assert begun().over("u1", "stop") == "stop"


def test_what_was_said_before_or_by_others_decides_nothing() -> None:
    assert BargeIn().over("u1", "stop") == "wait"
    assert begun("u2").over("u1", "stop") == "wait"
    assert begun("u2").heard("u1", "stop") == "wait"
