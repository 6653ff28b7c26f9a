"""Whether somebody who makes a sound while the avatar speaks means to stop it. Pure.

The voice falls silent at once, whoever it was. A word then ends the reply; a cough, or a murmur that only says "go on",
lets it go on where it stopped. A reply that comes while somebody is speaking waits in the same way.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from services.backchannel import is_backchannel

Verdict: TypeAlias = Literal["wait", "stop", "go on"]


class BargeInDetector:
    """Follows the utterances of one session, from their first sound until all their words are known."""

    def __init__(self) -> None:
        self._turns: dict[str, str | None] = {}

    @property
    def under_way(self) -> bool:
        """Whether somebody makes a sound, or made one of which is not known yet what it was."""
        return bool(self._turns)

    def turn(self, utterance: str) -> str | None:
        """The turn that an utterance under way opens."""
        return self._turns.get(utterance)

    def began(self, utterance: str, turn: str | None) -> None:
        """Somebody makes a sound."""
        self._turns[utterance] = turn

    def heard(self, utterance: str, text: str) -> Verdict:
        """What has been understood of it so far."""
        return "stop" if utterance in self._turns and _says_something(text) else "wait"

    def over(self, utterance: str, text: str) -> Verdict:
        """All of it is known; empty where there were no words."""
        if utterance not in self._turns:
            return "wait"
        del self._turns[utterance]
        if _says_something(text):
            return "stop"
        return "wait" if self._turns else "go on"


def _says_something(text: str) -> bool:
    return bool(text.strip()) and not is_backchannel(text)
