"""Sentences that Whisper writes to silence are known by their marks."""

from __future__ import annotations

import pytest

from bus.events import Word
from services.stt.whisper.hallucination_filter import believable, compression, said

SURE = {"no_speech": 0.05, "logprob": -0.3}


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("What time is it?", 1.0),
        ("No.", 0.25),
        ("Thank you.", 0.6),
        ("Tell me a very long story about the sea, and be quick about it, will you?", 3.5),
        ("No, no, no, no!", 1.2),
    ],
)
def test_what_people_say_is_believed(text: str, voice: float) -> None:
    assert believable(text, voice=voice, **SURE)


@pytest.mark.parametrize(
    ("text", "voice", "no_speech", "logprob"),
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
def test_what_nobody_said_is_not(text: str, voice: float, no_speech: float, logprob: float) -> None:
    assert not believable(text, voice=voice, no_speech=no_speech, logprob=logprob)


def test_a_loop_compresses_well_and_a_sentence_does_not() -> None:
    assert compression("and then " * 30) > 2.4 > compression("Please tell me a story about the sea.")
    assert compression("") == 0


def test_unsure_words_far_from_any_voice_are_left_out() -> None:
    near, far = Word(text="home", start=1.0, end=1.4, confidence=0.3), Word(text="bye", start=4, end=5, confidence=0.3)
    sure = Word(text="really", start=4, end=5, confidence=0.9)
    assert said([near, far, sure], [(0.5, 1.2)]) == (near, sure)
    assert said([near], []) == ()
