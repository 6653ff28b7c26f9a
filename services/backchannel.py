"""What people say to show that they listen, and that asks for no answer: "mm-hm", "okay", "genau". Pure."""

from __future__ import annotations

import re

_SOUNDS = "mm mmm mhm mhmm hm hmm mmhm mmhmm mm-hm mm-hmm uh-huh uhhuh aha ah oh uh um er eh huh äh ähm"
"""As recognisers spell them."""
_ENGLISH = "yeah yes yep yup ok okay right sure really nice cool wow good great"
_GERMAN = "ja jaja jo joa genau klar gut stimmt achso ach so echt richtig"
_MURMURS = frozenset(f"{_SOUNDS} {_ENGLISH} {_GERMAN}".split())
_LONGEST = 3
"""Words; who says more has something to say."""


def is_backchannel(text: str) -> bool:
    """Whether a whole utterance only shows that somebody listens; an empty one does not."""
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text.lower())
    return 0 < len(words) <= _LONGEST and all(word in _MURMURS for word in words)
