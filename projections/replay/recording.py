"""A conversation as it was recorded: its facts as the log has them, its timeline, and what each event led to. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bus.codec import decode_event
from bus.errors import NotFound, UndecodableEvent
from bus.events import Event, StepFailed, StepRepeated, TranscriptFinal, Word
from projections.replay.build import TimelineBuilder
from projections.replay.fact_summary import fact_summary
from projections.replay.timeline import Mark, Timeline, TimelineEvent, TurnTimeline
from projections.replay.view import ReplayEvent, ReplayEventDetail
from projections.shown_persons import without_person

_OVERHEAD = 500
"""Bytes that an event takes in memory beside its own."""


class StoredFact(Struct, frozen=True, gc=False):
    """A fact as the log has it."""

    sequence: int
    subject: str
    data: bytes
    stored: int
    """When it was stored, microseconds since 1970; of a copy, when the original was."""
    is_copy: bool


class GivenUp(Struct, frozen=True, kw_only=True):
    """An event on which a service gave up, as a dead letter tells it."""

    number: int
    """Of the dead letter."""
    at: int
    sequence: int
    """Of the event."""
    service: str
    code: str
    detail: str
    deliveries: int


class Recording:
    """The facts of one conversation so far, with its timeline. Takes 1 KB or so for each."""

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation
        self.bytes = 0
        """That it takes in memory, about."""
        self.undecodable = 0
        self.failed_at: int | None = None
        """When the first work on one of its events failed or an event did not decode: dead letters may be about it."""
        self.words: dict[str, tuple[Word, ...]] = {}
        """Of the person's utterances, by id."""
        self.given_up: tuple[GivenUp, ...] = ()
        self.last: StoredFact | None = None
        """The newest fact, also one that does not decode."""
        self._facts: list[StoredFact] = []
        """Those that decode; each is an event of the timeline."""
        self._builder = TimelineBuilder(conversation)
        self._taken_over: Counter[tuple[str, str]] = Counter()
        """How often a service took up an event anew."""
        self._timeline: Timeline | None = None

    def events(self) -> Iterator[tuple[int, Event]]:
        """All events, each with its sequence."""
        for fact in self._facts:
            yield fact.sequence, decode_event(fact.data)

    def add(self, facts: Iterable[StoredFact]) -> None:
        """Add facts, in the order of the log. One that does not decode is counted and left out."""
        for fact in facts:
            if self.last is not None and fact.sequence <= self.last.sequence:
                continue
            self.last = fact
            try:
                event = decode_event(fact.data)
            except UndecodableEvent:
                self.undecodable += 1
                self._note_failure(fact.stored)
                continue
            self._facts.append(fact)
            self._builder.add(fact.sequence, event)
            self.bytes += len(fact.data) + _OVERHEAD
            match event.body:
                case TranscriptFinal(utterance=utterance, words=words):
                    self.words[utterance] = words
                case StepRepeated(service=service, event=repeated):
                    self._taken_over[(repeated, service)] += 1
                case StepFailed():
                    self._note_failure(fact.stored)
            self._timeline = None

    def _note_failure(self, stored: int) -> None:
        self.failed_at = stored if self.failed_at is None else min(self.failed_at, stored)

    def set_given_up(self, given_up: Iterable[GivenUp]) -> None:
        """Say which events services have given up."""
        self.given_up = tuple(given_up)
        self._timeline = None

    # Reading

    def timeline(self) -> Timeline:
        """The conversation in time, with the events that were given up among the marks of their turns."""
        if self._timeline is None:
            timeline = self._builder.timeline()
            marks = self._marks(timeline.events)
            turns = tuple(_with_marks(turn, marks.get(turn.id, ())) for turn in timeline.turns)
            self._timeline = replace(timeline, turns=turns) if marks else timeline
        return self._timeline

    def _marks(self, events: Sequence[TimelineEvent]) -> dict[str | None, list[Mark]]:
        """Marks of dead letters, by turn."""
        found: dict[str | None, list[Mark]] = {}
        for one in self.given_up:
            place = self._place(one.sequence)
            if place is not None:
                detail = f"{one.code}: {one.detail}"
                mark = Mark(kind="dead_letter", at=one.at, event=events[place].id, service=one.service, detail=detail)
                found.setdefault(events[place].turn, []).append(mark)
        return found

    def _place(self, sequence: int) -> int | None:
        """Index of the fact of this sequence."""
        place = bisect_left(self._facts, sequence, key=lambda fact: fact.sequence)
        return place if place < len(self._facts) and self._facts[place].sequence == sequence else None

    def rows(self, places: Iterable[int]) -> list[ReplayEvent]:
        """The events at these indices of `timeline().events`."""
        timeline = self.timeline()
        return [self._row(timeline, place) for place in places]

    def _row(self, timeline: Timeline, place: int) -> ReplayEvent:
        one, fact = timeline.events[place], self._facts[place]
        return ReplayEvent(
            seq=one.seq,
            id=one.id,
            at=(one.at - timeline.start) / 1000,
            stored=(fact.stored - timeline.start) / 1000,
            tag=one.tag,
            turn=one.turn,
            cause=one.cause,
            delay=None if one.delay is None else one.delay / 1000,
            summary=fact_summary(decode_event(fact.data).body),
        )

    def of_turn(self, turn: str, limit: int) -> list[int]:
        """Indices of the events of a turn.

        Raises:
            NotFound: there is no such turn.
        """
        found = [place for place, one in enumerate(self.timeline().events) if one.turn == turn]
        if not found:
            raise NotFound("there is no such turn in this conversation")
        return found[:limit]

    def between(self, start: float, end: float, limit: int) -> list[int]:
        """Indices of the events from one time to another, in ms from the start of the conversation."""
        timeline = self.timeline()
        first, last = timeline.start + 1000 * start, timeline.start + 1000 * end
        return [place for place, one in enumerate(timeline.events) if first <= one.at <= last][:limit]

    def around(self, sequence: int, limit: int) -> list[int]:
        """Indices of so many events, those nearest before and after a sequence."""
        count = len(self._facts)
        place = bisect_left(self._facts, sequence, key=lambda fact: fact.sequence)
        first = max(0, min(place - limit // 2, count - limit))
        return list(range(first, min(count, first + limit)))

    def place_of(self, event: str) -> int:
        """Index of an event.

        Raises:
            NotFound: it is not in this conversation.
        """
        for place, one in enumerate(self.timeline().events):
            if one.id == event:
                return place
        raise NotFound("there is no such event in this conversation")

    def detail(self, event: str) -> ReplayEventDetail:
        """Everything about an event.

        Raises:
            NotFound: it is not in this conversation.
        """
        place, timeline = self.place_of(event), self.timeline()
        fact = self._facts[place]
        deliveries = {service: 1 + count for (one, service), count in self._taken_over.items() if one == event}
        deliveries |= {one.service: one.deliveries for one in self.given_up if one.sequence == fact.sequence}
        return ReplayEventDetail(
            seq=fact.sequence,
            subject=fact.subject,
            stored=(fact.stored - timeline.start) / 1000,
            copy=fact.is_copy,
            deliveries=deliveries,
            event=without_person(decode_event(fact.data)),
            causes=tuple(self.rows(self._causes(timeline.events, place))),
            consequences=tuple(
                self.rows(other for other, one in enumerate(timeline.events) if one.cause == event)
            ),
        )

    def _causes(self, events: Sequence[TimelineEvent], place: int) -> list[int]:
        """Indices of the cause of an event, of that one's cause, and so on."""
        places = {one.id: other for other, one in reversed(list(enumerate(events)))}
        found: list[int] = []
        cause = events[place].cause
        while cause is not None and (other := places.get(cause)) is not None and other not in found:
            found.append(other)
            cause = events[other].cause
        return found


def _with_marks(turn: TurnTimeline, marks: Sequence[Mark]) -> TurnTimeline:
    return replace(turn, marks=tuple(sorted((*turn.marks, *marks), key=lambda mark: mark.at))) if marks else turn
