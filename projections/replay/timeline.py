"""What happened in a conversation and when: its turns with their steps, its sounds, and its events with their causes.

A pure fold over the facts. Times are those of the events (`Event.at`), by the clock of the machine where each happened:
a copy of a conversation keeps them. `projections.replay.measures` makes the latencies of them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from bus.events import (
    CharacterId,
    EventId,
    TurnId,
)

StepName: TypeAlias = Literal[
    "speaking", "endpoint", "transcript", "first_sentence", "writing", "first_audio", "synthesis", "first_frame",
    "drawing", "playback_wait", "playback",
]  # fmt: skip
"""The steps of a turn, in the order of the waterfall.

speaking: the person speaks. endpoint: silence until it is certain that they are done. transcript: until their words are
final. first_sentence: from their words to the first sentence of the reply. writing: from the first to the last.
For each sentence: first_audio: from the sentence to its first sound; synthesis: from the first sound to the last;
first_frame: from the first sound to the first picture; drawing: from the first picture to the last; playback_wait: from
the first sound until it is played, other sentences before it included; playback: while it is played.
"""
StepState: TypeAlias = Literal["open", "done", "interrupted", "failed"]


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """One bar of a turn's waterfall."""

    name: StepName
    start: int
    """Microseconds since 1970."""
    end: int | None
    """None: its end is not on the log."""
    index: int | None = None
    """Of the sentence in its reply; None: it concerns the whole turn."""
    session: str | None = None
    """Where it was played."""
    state: StepState = "done"
    engine: str = ""
    event: EventId
    """The event that ended it, or began it where it has no end."""


class Mark(Struct, frozen=True, kw_only=True, gc=False):
    """What went wrong or was cut short in a turn."""

    kind: Literal["interrupted", "taken_over", "failed", "discarded", "dead_letter"]
    at: int
    event: EventId
    """Of a dead letter, the event that was given up."""
    service: str = ""
    detail: str = ""


class Clip(Struct, frozen=True, kw_only=True, gc=False):
    """A sound of the conversation, where it was heard."""

    kind: Literal["person", "character"]
    id: str
    """The utterance or the speech: its media are on `audio.…` and `frames.…`."""
    turn: TurnId | None
    start: int
    """When its first sample sounded, microseconds since 1970."""
    samples: int
    """That sounded: at 16 kHz of a person, at 48 kHz of a character, less than all where it was interrupted."""
    text: str = ""
    """What is said, as far as it is known."""
    character: CharacterId | None = None
    index: int | None = None
    """Of the sentence in its reply."""
    played: bool = True
    """False: no session played it; it starts where its first sound was made."""


class TimelineEvent(Struct, frozen=True, kw_only=True, gc=False):
    """One fact in the list of events, without its body."""

    seq: int
    id: EventId
    at: int
    tag: str
    turn: TurnId | None
    cause: EventId | None
    delay: int | None
    """Microseconds since its cause; None where that is not among the events."""


class TurnTimeline(Struct, frozen=True, kw_only=True):
    """A turn and when each of its steps took place."""

    id: TurnId
    start: int
    end: int
    channel: str
    """Where the person's words came in: web, telegram …"""
    spoken: bool
    """Whether the person spoke; False: they wrote."""
    steps: tuple[Step, ...]
    """By start."""
    marks: tuple[Mark, ...]


class Timeline(Struct, frozen=True, kw_only=True):
    """A whole conversation in time."""

    conversation: str
    start: int
    end: int
    turns: tuple[TurnTimeline, ...]
    clips: tuple[Clip, ...]
    """By start. A recording that came through a channel ends where it arrived, and may overlap others."""
    events: tuple[TimelineEvent, ...]
    """By sequence."""
