"""Decides whether a person who makes a sound while the avatar speaks means to interrupt it. Pure.

The voice pauses at the first sound. Words then interrupt the reply; a cough, or a backchannel that only means "go on",
lets it resume where it paused. A reply that starts while the person is speaking is paused in the same way.

Where sounds keep turning out to have no words (a machine that beeps, music), the next ones pause nothing until they
have some.

The microphones of all sessions of a conversation count. A sound in one of them while another one hears somebody is
likely to be the same voice, and pauses nothing until it has words of its own.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from services.backchannel import is_backchannel

Verdict: TypeAlias = Literal["wait", "interrupt", "resume"]


MAX_WORDLESS = 2
"""Utterances in a row without words, after which a sound is taken for noise."""


class BargeInDetector:
    """The utterances of a conversation whose final transcript is still missing."""

    def __init__(self) -> None:
        self._turns: dict[str, str | None] = {}
        self._sessions: dict[str, str] = {}
        """Those whose microphones heard them."""
        self._doubled: set[str] = set()
        """Those of the pending utterances that began while another session heard somebody."""
        self._worded: set[str] = set()
        """Those of the pending utterances that have words."""
        self._wordless = 0
        """Utterances in a row without words."""

    @property
    def is_pending(self) -> bool:
        """Whether the transcript of any utterance is still missing."""
        return bool(self._turns)

    @property
    def pauses_voice(self) -> bool:
        """Whether the avatar has to be silent: an utterance is pending that is no noise."""
        sounds = self._turns.keys() - self._doubled
        return bool(self._worded) or (bool(sounds) and self._wordless < MAX_WORDLESS)

    def awaits(self, utterance: str) -> bool:
        """Whether the final transcript of this utterance is still missing."""
        return utterance in self._turns

    def turn(self, utterance: str) -> str | None:
        """The turn that a pending utterance opens."""
        return self._turns.get(utterance)

    def start(self, utterance: str, turn: str | None, session: str = "") -> None:
        """Add an utterance that starts now, in the microphone of a session."""
        if any(one != session for one in self._sessions.values()):
            self._doubled.add(utterance)
        self._turns[utterance], self._sessions[utterance] = turn, session

    def drop(self, utterance: str) -> Verdict:
        """The utterance was heard by another session, too, and is judged there; it is pending no longer."""
        self._forget(utterance)
        return "wait" if self._turns else "resume"

    def _forget(self, utterance: str) -> None:
        self._turns.pop(utterance, None)
        self._sessions.pop(utterance, None)
        self._worded.discard(utterance)
        self._doubled.discard(utterance)

    def judge_partial(self, utterance: str, text: str) -> Verdict:
        """The verdict on a partial transcript."""
        if utterance not in self._turns:
            return "wait"
        if text.strip():
            self._worded.add(utterance)
        return "interrupt" if _is_interruption(text) else "wait"

    def judge_final(self, utterance: str, text: str) -> Verdict:
        """The verdict on the final transcript, empty where there were no words; the utterance is pending no longer."""
        if utterance not in self._turns:
            return "wait"
        self._forget(utterance)
        self._wordless = 0 if text.strip() else self._wordless + 1
        if _is_interruption(text):
            return "interrupt"
        return "wait" if self._turns else "resume"


def _is_interruption(text: str) -> bool:
    return bool(text.strip()) and not is_backchannel(text)
