"""Words after which a pause is no end: the speaker thinks, looks for a name, spells or dictates."""

from __future__ import annotations

import pytest

from services.gateway.listening.completeness import completeness
from services.gateway.listening.endpointing import HOLDING_SILENCE, WINDOW, EndOfSpeech, Endpointer
from services.gateway.listening.holding import is_holding

HOLDING = [
    "Let me think.", "well let me see", "Hmm, just a second.", "My name is", "My name is.", "my last name is",
    "The street is called", "It is for example", "I live in", "I come from.", "how do I say that",
    "we met in, you know", "what was it called", "S M I", "My name is spelled T.", "my name is, T",
    "It is spelled J. O.", "my number is five five one", "It's 0 1 7", "call me at 555 1",
    "My number is 555.", "The code is 4711",
]  # fmt: skip
GERMAN = [
    "Lass mich überlegen.", "Moment mal.", "Wie heißt das noch mal", "Mein Name ist.", "ich heiße",
    "Das ist zum Beispiel", "M E I", "meine Nummer ist null eins sieben", "Ich komme aus",
]  # fmt: skip
DONE = [
    "What is your name?", "I live in Leeds.", "My name is Maria.", "I was thinking of you", "Give me five.", "Plan B",
    "It is half past two.", "my number is five five five one two three four", "My number is 5551234.", "I have 555.",
    "I have two", "", "  ", "Who am I?",
    "You know.", "I mean", "What is it called?", "Tell me a story about the sea.", "twenty four",
]  # fmt: skip


@pytest.mark.parametrize("text", HOLDING)
def test_the_speaker_goes_on_whatever_the_punctuation(text: str) -> None:
    assert is_holding(text)
    assert completeness(text) == "unfinished"


@pytest.mark.parametrize("text", GERMAN)
def test_so_they_do_in_german(text: str) -> None:
    assert is_holding(text, "de-DE")


@pytest.mark.parametrize("text", DONE)
def test_other_words_hold_nothing(text: str) -> None:
    assert not is_holding(text)


def test_without_lists_for_a_language_nothing_is_held() -> None:
    assert not is_holding("let me think", "fr")


@pytest.mark.parametrize(("text", "holds"), [("My name is.", True), ("What time is it?", False)])
def test_a_pause_after_such_words_does_not_end_the_utterance(text: str, holds: bool) -> None:
    endpointer = Endpointer()
    for _ in range(20):
        endpointer.push(0.9)
    endpointer.set_partial(text)
    silent = 0
    while not isinstance(endpointer.push(0.0), EndOfSpeech):
        silent += WINDOW
    assert (silent + WINDOW >= HOLDING_SILENCE) == holds
