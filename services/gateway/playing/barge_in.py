"""Decides whether a person who makes a sound while the avatar speaks means to interrupt it. Pure.

The voice pauses at the first sound. Words then interrupt the reply; a cough, or a backchannel that only means "go on",
lets it resume where it paused. A reply that starts while the person is speaking is paused in the same way.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from services.backchannel import is_backchannel

Verdict: TypeAlias = Literal["wait", "interrupt", "resume"]


class BargeInDetector:
    """The utterances of one session whose final transcript is still missing."""

    def __init__(self) -> None:
        self._turns: dict[str, str | None] = {}

    @property
    def is_pending(self) -> bool:
        """Whether the transcript of any utterance is still missing."""
        return bool(self._turns)

    def turn(self, utterance: str) -> str | None:
        """The turn that a pending utterance opens."""
        return self._turns.get(utterance)

    def start(self, utterance: str, turn: str | None) -> None:
        """Add an utterance that starts now."""
        self._turns[utterance] = turn

    def judge_partial(self, utterance: str, text: str) -> Verdict:
        """The verdict on a partial transcript."""
        return "interrupt" if utterance in self._turns and _is_interruption(text) else "wait"

    def judge_final(self, utterance: str, text: str) -> Verdict:
        """The verdict on the final transcript, empty where there were no words; the utterance is pending no longer."""
        if utterance not in self._turns:
            return "wait"
        del self._turns[utterance]
        if _is_interruption(text):
            return "interrupt"
        return "wait" if self._turns else "resume"


def _is_interruption(text: str) -> bool:
    return bool(text.strip()) and not is_backchannel(text)
