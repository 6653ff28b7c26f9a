"""Typed text is normalised to what a speech recogniser writes."""

from __future__ import annotations

import pytest

from services.dialogue.normalisation import normalise


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("What's your name?", "whats your name"),
        ("“Rock ’n’ roll” — don’t stop!", "rock n roll dont stop"),
        ("Weiß Ada das?", "weiss ada das"),
        (" … ", ""),
    ],
)
def test_words_are_lower_case_without_punctuation(text: str, normalised: str) -> None:
    assert normalise(text) == normalised
