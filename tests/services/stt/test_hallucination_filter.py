"""Hallucinations are distinguished from speech."""

from __future__ import annotations

import pytest

from bus.events import Word
from services.stt.hallucination_filter import compression_ratio, is_hallucination, without_hallucinated_words

SURE = {"no_speech_prob": 0.05, "avg_logprob": -0.3}


@pytest.mark.parametrize(
    ("text", "speech"),
    [
        ("What time is it?", 1.0),
        ("No.", 0.25),
        ("Thank you.", 0.6),
        ("Tell me a very long story about the sea, and be quick about it, will you?", 3.5),
        ("No, no, no, no!", 1.2),
    ],
)
def test_speech_is_accepted(text: str, speech: float) -> None:
    assert not is_hallucination(text, speech=speech, **SURE)


@pytest.mark.parametrize(
    ("text", "speech", "no_speech_prob", "avg_logprob"),
    [
        ("Thank you.", 0.3, 0.05, -0.3),
        ("Thanks for watching!", 1.5, 0.4, -0.3),
        ("Vielen Dank fürs Zuschauen.", 1.5, 0.3, -0.3),
        ("I like the sea.", 1.5, 0.8, -1.2),
        ("I like the sea.", 1.5, 0.1, -1.8),
        ("So I said that we should all go home now and have some tea.", 0.4, 0.1, -0.3),
        ("and then " * 30, 12.0, 0.1, -0.3),
    ],
)
def test_hallucinations_are_detected(text: str, speech: float, no_speech_prob: float, avg_logprob: float) -> None:
    assert is_hallucination(text, speech=speech, no_speech_prob=no_speech_prob, avg_logprob=avg_logprob)


def test_a_loop_compresses_well_and_a_sentence_does_not() -> None:
    assert compression_ratio("and then " * 30) > 2.4 > compression_ratio("Please tell me a story about the sea.")
    assert compression_ratio("") == 0


def test_unsure_words_far_from_any_speech_are_dropped() -> None:
    near, far = Word(text="home", start=1.0, end=1.4, confidence=0.3), Word(text="bye", start=4, end=5, confidence=0.3)
    sure = Word(text="really", start=4, end=5, confidence=0.9)
    assert without_hallucinated_words([near, far, sure], [(0.5, 1.2)]) == (near, sure)
    assert without_hallucinated_words([near], []) == ()
