"""Whether somebody who makes a sound while the avatar speaks means to stop it. Pure.

The voice falls silent at once, whoever it was. A word then ends the reply; a cough, or a murmur that only says "go on",
lets it go on where it stopped.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from projections.murmurs import is_murmur

Verdict: TypeAlias = Literal["wait", "stop", "go on"]


class BargeIn:
    """Follows the utterances of one session that begin while the avatar speaks."""

    def __init__(self) -> None:
        self._utterance: str | None = None

    def began(self, utterance: str) -> None:
        """Somebody makes a sound over the avatar's voice."""
        self._utterance = utterance

    def heard(self, utterance: str, text: str) -> Verdict:
        """What has been understood of it so far."""
        if utterance != self._utterance or not text.strip() or is_murmur(text):
            return "wait"
        self._utterance = None
        return "stop"

    def over(self, utterance: str, text: str) -> Verdict:
        """All of it is known; empty where there were no words."""
        if utterance != self._utterance:
            return "wait"
        self._utterance = None
        return "go on" if not text.strip() or is_murmur(text) else "stop"
