"""Finds the intent of a sentence: by pattern, or by likeness to an example, for recognisers mishear."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from services.dialogue.companion.tables import Intent

MIN_SIMILARITY = 0.8
"""Least similarity of the input to an example of an intent, 0 to 1."""
MAX_SIMILAR_LENGTH = 60
"""Characters of the longest input that is compared with examples."""


def match_intent(words: str, intents: Sequence[Intent]) -> Intent | None:
    """The first intent with a pattern that matches; None for none.

    Args:
        words: normalised.
    """
    return next((intent for intent in intents if intent.pattern.search(words)), None)


def similar_intent(words: str, intents: Sequence[Intent]) -> Intent | None:
    """The intent with the most similar example; None where none is similar enough."""
    best, similarity = None, MIN_SIMILARITY
    if len(words) > MAX_SIMILAR_LENGTH:
        return None
    matcher = SequenceMatcher(None, "", words, autojunk=False)
    for intent in intents:
        for example in intent.examples:
            matcher.set_seq1(example)
            if matcher.real_quick_ratio() >= similarity and matcher.quick_ratio() >= similarity:
                ratio = matcher.ratio()
                if ratio >= similarity:
                    best, similarity = intent, ratio
    return best
