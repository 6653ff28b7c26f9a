"""The verdicts on sounds that a person makes while the avatar speaks."""

from __future__ import annotations

from services.gateway.playing.barge_in import BargeInDetector


def pending(*utterances: str) -> BargeInDetector:
    barge_in = BargeInDetector()
    for utterance in utterances:
        barge_in.start(utterance, f"turn of {utterance}")
    return barge_in


def test_words_interrupt_with_every_partial_transcript() -> None:
    barge_in = pending("u1")
    assert barge_in.judge_partial("u1", "") == "wait"
    assert barge_in.judge_partial("u1", "mhm") == "wait"
    assert barge_in.judge_partial("u1", "mhm but why") == "interrupt"
    assert barge_in.judge_partial("u1", "mhm but why not") == "interrupt"
    assert barge_in.judge_final("u1", "mhm but why not") == "interrupt"
    assert barge_in.judge_final("u1", "mhm but why not") == "wait"


def test_a_cough_or_a_backchannel_lets_the_voice_resume() -> None:
    for text in ("", "  ", "mm-hm", "Okay.", "ja, genau"):
        assert pending("u1").judge_final("u1", text) == "resume"


def test_words_that_only_the_final_transcript_has_interrupt() -> None:
    assert pending("u1").judge_final("u1", "stop") == "interrupt"


def test_utterances_of_other_sessions_decide_nothing() -> None:
    assert BargeInDetector().judge_final("u1", "stop") == "wait"
    assert pending("u2").judge_final("u1", "stop") == "wait"
    assert pending("u2").judge_partial("u1", "stop") == "wait"


def test_a_cough_decides_nothing_while_an_earlier_transcript_is_missing() -> None:
    barge_in = pending("words", "cough")
    assert barge_in.judge_final("cough", "") == "wait"
    assert barge_in.is_pending
    assert barge_in.turn("words") == "turn of words"
    assert barge_in.judge_final("words", "what time is it") == "interrupt"
    assert not barge_in.is_pending


def test_the_voice_resumes_once_the_last_of_several_sounds_was_no_interruption() -> None:
    barge_in = pending("one", "two")
    assert barge_in.judge_final("one", "mm-hm") == "wait"
    assert barge_in.judge_final("two", "") == "resume"


def test_what_keeps_having_no_words_is_noise_and_pauses_nothing_until_it_has_some() -> None:
    barge_in = BargeInDetector()
    pauses = []
    for number in range(4):
        barge_in.start(f"u{number}", None)
        pauses.append(barge_in.pauses_voice)
        barge_in.judge_final(f"u{number}", "")
    assert pauses == [True, True, False, False]
    barge_in.start("words", None)
    assert not barge_in.pauses_voice
    assert barge_in.judge_partial("words", "what") == "interrupt"
    assert barge_in.pauses_voice
    barge_in.judge_final("words", "what time is it")
    barge_in.start("cough", None)
    assert barge_in.pauses_voice


def test_a_second_microphone_that_hears_the_voice_pauses_nothing_until_it_has_words() -> None:
    detector = BargeInDetector()
    detector.start("u1", "t1", "tab")
    detector.start("u2", "t2", "phone")
    assert detector.judge_final("u1", "what time is it") == "interrupt"
    assert not detector.pauses_voice  # the answer begins although the phone's microphone has not found the end
    assert detector.judge_partial("u2", "no wait") == "interrupt"
    assert detector.pauses_voice


def test_what_was_heard_twice_is_neither_words_nor_noise() -> None:
    detector = BargeInDetector()
    for number in range(3):
        detector.start(f"a{number}", None, "tab")
        detector.start(f"b{number}", None, "phone")
        assert detector.drop(f"b{number}") == "wait"
        assert detector.judge_final(f"a{number}", "mm-hm") == "resume"
    detector.start("u", None, "phone")
    assert detector.pauses_voice
    assert detector.drop("u") == "resume"
