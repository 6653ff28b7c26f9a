"""Builds the timeline of a conversation from its facts. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bus.events import MICROPHONE_RATE, SPEECH_RATE, ConversationCopied, Event, TranscriptCorrected, tag_of
from projections.replay.timeline import Clip, Timeline, TimelineEvent, TurnTimeline
from projections.replay.turn_steps import TurnSteps

_SECOND = 1_000_000

NotedAfterwards = ConversationCopied | TranscriptCorrected
"""Facts that are no part of what took place: they are among the events, but their times are in no turn."""


def build_timeline(conversation: str, facts: Iterable[tuple[int, Event]]) -> Timeline:
    """The timeline of a conversation, from pairs of stream sequence and fact in order."""
    builder = TimelineBuilder(conversation)
    for seq, event in facts:
        builder.add(seq, event)
    return builder.timeline()


class TimelineBuilder:
    """The timeline of a conversation so far; for readers that follow the log."""

    def __init__(self, conversation: str) -> None:
        self._conversation = conversation
        self._turns: dict[str, TurnSteps] = {}
        self._times: dict[str, int] = {}
        self._events: list[TimelineEvent] = []
        self._span: tuple[int, int] | None = None
        """Times of the first and the last fact, without what was noted afterwards."""

    @property
    def seq(self) -> int:
        """Stream sequence of the last fact added; 0 before the first."""
        return self._events[-1].seq if self._events else 0

    def add(self, seq: int, event: Event) -> None:
        """Add a fact; one of a sequence that was added already changes nothing."""
        if seq <= self.seq:
            return
        cause = None if event.cause is None else self._times.get(event.cause)
        self._times.setdefault(event.id, event.at)
        self._events.append(
            TimelineEvent(
                seq=seq,
                id=event.id,
                at=event.at,
                tag=tag_of(event.body),
                turn=event.turn,
                cause=event.cause,
                delay=None if cause is None else event.at - cause,
            )
        )
        if isinstance(event.body, NotedAfterwards):
            return
        first, last = self._span or (event.at, event.at)
        self._span = min(first, event.at), max(last, event.at)
        if event.turn is not None:
            if event.turn not in self._turns:
                self._turns[event.turn] = TurnSteps(event.turn, event.at)
            self._turns[event.turn].add(event)

    def turn(self, turn: str) -> TurnTimeline | None:
        """One turn as far as its facts are known; None where none is."""
        steps = self._turns.get(turn)
        return None if steps is None else steps.turn()

    def timeline(self) -> Timeline:
        """Everything so far. Of a conversation without facts, start and end are 0."""
        turns = sorted((steps.turn() for steps in self._turns.values()), key=lambda turn: turn.start)
        clips = sorted((clip for steps in self._turns.values() for clip in steps.clips()), key=lambda clip: clip.start)
        times = list(self._span or ())
        return Timeline(
            conversation=self._conversation,
            start=min([*times, *(turn.start for turn in turns), *(clip.start for clip in clips)], default=0),
            end=max([*times, *(turn.end for turn in turns), *map(clip_end, clips)], default=0),
            turns=tuple(turns),
            clips=tuple(clips),
            events=tuple(self._events),
        )


def clip_end(clip: Clip) -> int:
    """When the last sample of a clip sounded, microseconds since 1970."""
    rate = MICROPHONE_RATE if clip.kind == "person" else SPEECH_RATE
    return clip.start + clip.samples * _SECOND // rate
