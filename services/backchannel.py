"""Recognises backchannels: utterances that only show that a person listens, such as "mm-hm", "okay", "genau". Pure."""

from __future__ import annotations

import re

_SOUNDS = "mm mmm mhm mhmm hm hmm mmhm mmhmm mm-hm mm-hmm uh-huh uhhuh aha ah oh uh um er eh huh äh ähm"
"""Spelt as recognisers do."""
_ENGLISH = "yeah yes yep yup ok okay right sure really nice cool wow good great"
_GERMAN = "ja jaja jo joa genau klar gut stimmt achso ach so echt richtig"
_BACKCHANNELS = frozenset(f"{_SOUNDS} {_ENGLISH} {_GERMAN}".split())
_HESITATIONS = frozenset(["oh", "uh", "um", "er", "eh", "ah", "hm", "hmm", "huh", "äh", "ähm"])
"""Those of the sounds that are no assent."""
_MAX_WORDS = 3
"""A longer utterance says something."""


def is_backchannel(text: str) -> bool:
    """Whether all of an utterance is a backchannel; an empty one is not."""
    words = _words(text)
    return 0 < len(words) <= _MAX_WORDS and all(word in _BACKCHANNELS for word in words)


def is_hesitation(text: str) -> bool:
    """Whether all of an utterance only says that the person thinks or wonders: "um", "oh"; it answers no question."""
    words = _words(text)
    return bool(words) and all(word in _HESITATIONS for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text.lower())
