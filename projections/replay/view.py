"""A conversation in time as the page and `visavis replay` get it (docs/api.md, "Replay"). Pure.

All times in it are milliseconds from the start of the conversation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from bus.events import (
    MICROPHONE_RATE,
    SPEECH_RATE,
    CharacterCreated,
    CharacterId,
    ConversationId,
    Event,
    EventId,
    SessionId,
    TurnId,
    Word,
)
from projections.conversation import Conversation, ReplyState, Turn, joined_text
from projections.person_part import PersonPartState
from projections.replay.measures import measures
from projections.replay.timeline import Clip, Mark, Step, StepName, StepState, Timeline, TurnTimeline

Coverage: TypeAlias = Literal["all", "some", "none"]
ClipKind: TypeAlias = Literal["person", "character"]
MarkKind: TypeAlias = Literal["interrupted", "taken_over", "failed", "discarded", "dead_letter"]


class ReplayCharacter(Struct, frozen=True, kw_only=True):
    """Who spoke."""

    name: str
    accent: str
    """Its colour in the page."""
    look: str


class ReplayPerson(Struct, frozen=True, kw_only=True):
    """The person's part of a turn."""

    text: str
    state: PersonPartState


class ReplayReply(Struct, frozen=True, kw_only=True):
    """The character's part of a turn."""

    text: str
    """Markdown."""
    state: ReplyState
    character: CharacterId
    heard: str | None
    """The part of the text that had been played when the person interrupted."""


class ReplayStep(Struct, frozen=True, kw_only=True, gc=False):
    """One bar of a turn's waterfall."""

    name: StepName
    start: float
    end: float | None
    """null: its end is not on the log."""
    index: int | None
    """Of the sentence in its reply; null: it concerns the whole turn."""
    session: SessionId | None
    """Where it was played."""
    state: StepState
    engine: str
    event: EventId
    """The event that ended it, or began it where it has no end."""


class ReplayMark(Struct, frozen=True, kw_only=True, gc=False):
    """What went wrong or was cut short in a turn."""

    kind: MarkKind
    at: float
    event: EventId
    """Of a dead letter, the event that was given up."""
    service: str
    detail: str


class ReplayTurn(Struct, frozen=True, kw_only=True):
    """A turn: what was said, and when each of its steps took place."""

    id: TurnId
    start: float
    end: float
    channel: str
    """Where the person's words came in: web, telegram …"""
    spoken: bool
    """Whether the person spoke; false: they wrote."""
    person: ReplayPerson | None
    reply: ReplayReply | None
    steps: tuple[ReplayStep, ...]
    """By start."""
    marks: tuple[ReplayMark, ...]
    measures: dict[str, float]
    """Its latencies by name, in ms: answer, endpoint, transcript, first_sentence, first_audio, playback_wait,
    first_frame; those that it has."""


class ReplayWord(Struct, frozen=True, kw_only=True, gc=False):
    """A word that the person said."""

    text: str
    start: float
    end: float


class ReplayClip(Struct, frozen=True, kw_only=True, gc=False):
    """A sound of the conversation, where it was heard. One that a session broke off and another one took up again is
    there twice, with the same id."""

    kind: ClipKind
    id: str
    turn: TurnId | None
    start: float
    length: float
    text: str
    words: tuple[ReplayWord, ...]
    """Of the person's, where the recogniser tells their times."""
    character: CharacterId | None
    index: int | None
    """Of the sentence in its reply."""
    played: bool
    """false: no session played it; it starts where its first sound was made."""
    sound: bool
    """Whether its sound is still there: GET …/sound/{id}."""
    pictures: bool
    """Whether its pictures are still there: GET …/video/{id}.mp4."""
    missing: str
    """Why its sound or its pictures are not there, in words for people; empty: they are, or a person has none."""


class ReplayView(Struct, frozen=True, kw_only=True):
    """What `GET /api/replay/{conversation}` answers."""

    conversation: ConversationId
    seq: int
    """Stream sequence of the last event in it."""
    title: str
    character: CharacterId
    """Whom the person talks to at the end."""
    copied: Literal["", "imported", "rerun"]
    """How it came here, if it is a copy of a conversation that took place elsewhere or earlier."""
    copy_of: str
    characters: dict[str, ReplayCharacter]
    """Those that speak in it, by id, as they are today; one that was removed is not among them."""
    start: int
    """Microseconds since 1970, UTC."""
    length: float
    turns: tuple[ReplayTurn, ...]
    clips: tuple[ReplayClip, ...]
    """By start."""
    sounds: Coverage
    """Of how many clips the sound is still there."""
    pictures: Coverage
    """Of how many clips that were drawn the pictures are still there; none were drawn: none."""


class ReplayEvent(Struct, frozen=True, kw_only=True, gc=False):
    """One event in a list."""

    seq: int
    id: EventId
    at: float
    stored: float
    """When the log stored it; of a copy, when the original was stored."""
    tag: str
    turn: TurnId | None
    cause: EventId | None
    delay: float | None
    """Since its cause, in ms; null where that is not among the events."""
    summary: str
    """One line, as `visavis tail` prints it."""


class ReplayEventDetail(Struct, frozen=True, kw_only=True):
    """What `GET /api/replay/{conversation}/events/{event}` answers."""

    seq: int
    subject: str
    stored: float
    copy: bool
    """Whether it belongs to a conversation that was copied here."""
    deliveries: dict[str, int]
    """How often a service was given it, by service; only of those that were given it more than once."""
    event: Event
    causes: tuple[ReplayEvent, ...]
    """What led to it: its cause, the cause of that, and so on, up to a person's act."""
    consequences: tuple[ReplayEvent, ...]
    """The events that it caused, by sequence."""


class MediaPresence(Struct, frozen=True, kw_only=True):
    """Which media of a conversation are on the log."""

    utterances: Collection[str]
    speeches: Collection[str]
    drawn: Collection[str]
    """Speeches whose pictures are there."""


def replay_view(
    conversation: Conversation,
    timeline: Timeline,
    *,
    words: Mapping[str, tuple[Word, ...]],
    characters: Mapping[str, CharacterCreated],
    media: MediaPresence,
) -> ReplayView:
    """The whole conversation in time.

    Args:
        words: of the person's utterances, by id.
        characters: all that exist, by id.
    """
    clock = _Clock(timeline.start)
    said = {turn.id: turn for turn in conversation.turns}
    drawn = _drawn(timeline.turns)
    clips = tuple(_clip(clip, clock, words.get(clip.id, ()), media, drawn) for clip in timeline.clips)
    speakers = {conversation.character, *(clip.character for clip in clips if clip.character)}
    return ReplayView(
        conversation=timeline.conversation,
        seq=timeline.events[-1].seq if timeline.events else 0,
        title=conversation.title,
        character=conversation.character,
        copied=conversation.copied,
        copy_of=conversation.copy_of,
        characters={
            one: ReplayCharacter(name=found.name, accent=found.accent, look=found.look)
            for one in sorted(speakers)
            if (found := characters.get(one)) is not None
        },
        start=timeline.start,
        length=clock(timeline.end),
        turns=tuple(_turn(turn, said.get(turn.id), clock) for turn in timeline.turns),
        clips=clips,
        sounds=_coverage(clip.sound for clip in clips),
        pictures=_coverage(
            clip.pictures for clip in clips if clip.pictures or (clip.turn, clip.index) in drawn
        ),
    )


class _Clock:
    """Turns microseconds since 1970 into milliseconds from the start."""

    def __init__(self, start: int) -> None:
        self._start = start

    def __call__(self, at: int) -> float:
        return (at - self._start) / 1000


def _drawn(turns: Iterable[TurnTimeline]) -> Mapping[tuple[str | None, int | None], StepState]:
    """How the drawing of each sentence went, of those of which a picture was made."""
    return {
        (turn.id, step.index): step.state for turn in turns for step in turn.steps if step.name == "drawing"
    }


def _coverage(present: Iterable[bool]) -> Coverage:
    found = list(present)
    if not any(found):
        return "none"
    return "all" if all(found) else "some"


def _clip(
    clip: Clip,
    clock: _Clock,
    words: Iterable[Word],
    media: MediaPresence,
    drawn: Mapping[tuple[str | None, int | None], StepState],
) -> ReplayClip:
    start, of_person = clock(clip.start), clip.kind == "person"
    sound = clip.id in (media.utterances if of_person else media.speeches)
    pictures = not of_person and clip.id in media.drawn
    missing = [] if sound else ["its sound has expired"]
    state = drawn.get((clip.turn, clip.index))
    if not of_person:
        if not pictures:
            missing.append("it was not drawn" if state is None else "its pictures have expired")
        elif state == "failed":
            missing.append("its pictures broke off")
    return ReplayClip(
        kind=clip.kind,
        id=clip.id,
        turn=clip.turn,
        start=start,
        length=1000 * clip.samples / (MICROPHONE_RATE if of_person else SPEECH_RATE),
        text=clip.text,
        words=tuple(
            ReplayWord(text=word.text, start=start + 1000 * word.start, end=start + 1000 * word.end) for word in words
        ),
        character=clip.character,
        index=clip.index,
        played=clip.played,
        sound=sound,
        pictures=pictures,
        missing=", ".join(missing),
    )


def _turn(turn: TurnTimeline, said: Turn | None, clock: _Clock) -> ReplayTurn:
    person = None if said is None or said.person is None else said.person
    reply = None if said is None or said.reply is None else said.reply
    return ReplayTurn(
        id=turn.id,
        start=clock(turn.start),
        end=clock(turn.end),
        channel=turn.channel,
        spoken=turn.spoken,
        person=None if person is None else ReplayPerson(text=person.text, state=person.state),
        reply=None
        if reply is None
        else ReplayReply(
            text=joined_text((one, one.text) for one in reply.sentences),
            state=reply.state,
            character=reply.character,
            heard=reply.heard,
        ),
        steps=tuple(_step(step, clock) for step in turn.steps),
        marks=tuple(_mark(mark, clock) for mark in turn.marks),
        measures={name: length / 1000 for name, length in measures(turn).items()},
    )


def _step(step: Step, clock: _Clock) -> ReplayStep:
    return ReplayStep(
        name=step.name,
        start=clock(step.start),
        end=None if step.end is None else clock(step.end),
        index=step.index,
        session=step.session,
        state=step.state,
        engine=step.engine,
        event=step.event,
    )


def _mark(mark: Mark, clock: _Clock) -> ReplayMark:
    return ReplayMark(
        kind=mark.kind, at=clock(mark.at), event=mark.event, service=mark.service, detail=mark.detail
    )
