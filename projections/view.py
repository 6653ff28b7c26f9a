"""The conversation as the page gets it (docs/api.md, "A conversation"), and what a fact changes in it.

Without the owner and the book-keeping of the fold: samples, ids of inputs, the volume and pace of the voice.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from bus.events import CharacterId, ConversationId, Emotion, Event, ReplyId, SpeechId, TurnId
from projections.conversation import (
    Conversation,
    Reply,
    ReplyState,
    Sentence,
    SentenceState,
    Turn,
)
from projections.face_requests import FaceRequest, FaceState
from projections.person_part import PersonPart, PersonPartKind, PersonPartState


class PersonView(Struct, frozen=True, kw_only=True):
    """The person's part of a turn."""

    kind: PersonPartKind
    text: str
    state: PersonPartState
    channel: str
    """Where it was said or written: web, telegram …"""
    error: str | None
    """Why it was discarded, where there is more to say."""


class SentenceView(Struct, frozen=True, kw_only=True):
    """One sentence of a reply."""

    index: int
    text: str
    """Markdown, where `spoken_text` is given."""
    spoken_text: str | None
    """The words for the voice, plain; empty where it says nothing; null: `text` is plain."""
    space_before: str
    """White space between the sentence before and this one."""
    language: str
    """BCP-47 tag of what the voice says."""
    emotion: Emotion
    speech: SpeechId | None
    state: SentenceState


class ReplyView(Struct, frozen=True, kw_only=True):
    """The character's part of a turn."""

    id: ReplyId
    character: CharacterId
    state: ReplyState
    heard: str | None
    """The part of the text that had been played when the person interrupted."""
    error: str | None
    language: str
    """BCP-47 tag of the person's words; empty: of the conversation."""
    sentences: tuple[SentenceView, ...]


class TurnView(Struct, frozen=True, kw_only=True):
    """What one side said and the other answered."""

    id: TurnId
    at: int
    """Microseconds since 1970, UTC."""
    person: PersonView | None
    reply: ReplyView | None


class FaceView(Struct, frozen=True, kw_only=True):
    """A character that was requested with a photo."""

    character: CharacterId
    name: str
    state: FaceState
    error: str | None
    """Why it was refused."""


class ConversationView(Struct, frozen=True, kw_only=True):
    """What `GET /api/conversations/{id}` answers."""

    id: ConversationId
    seq: int
    """Stream sequence of the last event folded in."""
    title: str
    character: CharacterId
    language: str
    turns: tuple[TurnView, ...]
    faces: tuple[FaceView, ...]


class ChangedTurn(Struct, frozen=True, kw_only=True):
    """A turn after a fact, with its index in the list of turns; a new turn is appended."""

    place: int
    turn: TurnView


class Changes(Struct, frozen=True, kw_only=True):
    """The fields of the conversation that a fact changed, with their new values."""

    title: str | UnsetType = UNSET
    character: CharacterId | UnsetType = UNSET
    language: str | UnsetType = UNSET
    faces: tuple[FaceView, ...] | UnsetType = UNSET
    turns: tuple[ChangedTurn, ...] | UnsetType = UNSET


class ConversationUpdate(Struct, frozen=True, kw_only=True):
    """One message of the event stream: a fact, and what it changed in the conversation."""

    event: Event
    changes: Changes


def view(conversation: Conversation) -> ConversationView:
    """The whole conversation as the page gets it."""
    return ConversationView(
        id=conversation.id,
        seq=conversation.seq,
        title=conversation.title,
        character=conversation.character,
        language=conversation.language,
        turns=tuple(map(_turn, conversation.turns)),
        faces=tuple(map(_face, conversation.faces)),
    )


def changes(before: Conversation, after: Conversation) -> Changes:
    """What one or more facts changed: applied to `view(before)` it makes `view(after)`, but for `seq`."""
    turns = tuple(
        ChangedTurn(place=place, turn=_turn(turn))
        for place, turn in enumerate(after.turns)
        if place >= len(before.turns) or _differ(before.turns[place], turn)
    )
    return Changes(
        title=UNSET if after.title == before.title else after.title,
        character=UNSET if after.character == before.character else after.character,
        language=UNSET if after.language == before.language else after.language,
        faces=UNSET if after.faces == before.faces else tuple(map(_face, after.faces)),
        turns=turns or UNSET,
    )


def _differ(before: Turn, after: Turn) -> bool:
    # The fold leaves most turns as the same objects; of the others the view may show nothing new.
    return before is not after and _turn(before) != _turn(after)


def _turn(turn: Turn) -> TurnView:
    return TurnView(
        id=turn.id,
        at=turn.at,
        person=None if turn.person is None else _person(turn.person),
        reply=None if turn.reply is None else _reply(turn.reply),
    )


def _person(person: PersonPart) -> PersonView:
    return PersonView(
        kind=person.kind, text=person.text, state=person.state, channel=person.channel, error=person.error
    )


def _reply(reply: Reply) -> ReplyView:
    return ReplyView(
        id=reply.id,
        character=reply.character,
        state=reply.state,
        heard=reply.heard,
        error=reply.error,
        language=reply.language,
        sentences=tuple(map(_sentence, reply.sentences)),
    )


def _sentence(sentence: Sentence) -> SentenceView:
    return SentenceView(
        index=sentence.index,
        text=sentence.text,
        language=sentence.language,
        spoken_text=sentence.spoken_text,
        space_before=sentence.space_before,
        emotion=sentence.emotion,
        speech=sentence.speech,
        state=sentence.state,
    )


def _face(request: FaceRequest) -> FaceView:
    return FaceView(character=request.character, name=request.name, state=request.state, error=request.error)
