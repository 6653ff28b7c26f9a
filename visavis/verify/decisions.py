"""What a verification says of each decision that a conversation's log holds."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from bus.events import Event

Fact: TypeAlias = tuple[int, Event]
"""Of a conversation, with its stream sequence."""
DecisionKind: TypeAlias = Literal[
    "onset", "stable", "turn_end", "end", "voice", "playback", "interruption", "heard", "answer", "fold"
]
"""onset: an utterance begins. stable: its transcript may be complete. turn_end: the turn end detector is asked. end:
the utterance ends. voice: the voice pauses for the person, resumes or is interrupted by their words. playback: a speech
starts, goes on, finishes. interruption: a reply is interrupted by speech. heard: what of it was heard. answer: words
are answered, taken for a command or a murmur, or answered with newer ones. fold: what a projection has stored."""
DECISION_KINDS: tuple[DecisionKind, ...] = get_args(DecisionKind)
Outcome: TypeAlias = Literal["equal", "differs", "not_recorded"]


class Decision(Struct, frozen=True, kw_only=True):
    """One decision, made again."""

    kind: DecisionKind
    seq: int
    """Stream sequence of the fact that holds it."""
    event: str
    """Id of that fact."""
    at: int
    outcome: Outcome
    recorded: str = ""
    """What was decided."""
    replayed: str = ""
    """What was decided now, where it differs."""
    reason: str = ""
    """Why it cannot be made again, where its inputs are not recorded."""


def compared(kind: DecisionKind, seq: int, event: Event, recorded: str, replayed: str) -> Decision:
    """The decision as recorded, against the same made again."""
    outcome: Outcome = "equal" if recorded == replayed else "differs"
    return Decision(
        kind=kind, seq=seq, event=event.id, at=event.at, outcome=outcome, recorded=recorded,
        replayed="" if outcome == "equal" else replayed,
    )  # fmt: skip


def not_recorded(kind: DecisionKind, seq: int, event: Event, reason: str, recorded: str = "") -> Decision:
    """A decision whose inputs are not on the log."""
    return Decision(
        kind=kind, seq=seq, event=event.id, at=event.at, outcome="not_recorded", recorded=recorded, reason=reason
    )
