"""The conversation that everyone sees: a pure fold over its facts, and what the language model is shown of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bus.events import (
    SPEECH_RATE,
    CharacterChosen,
    CommandName,
    CommandRecognised,
    CommandRefused,
    ConversationClosed,
    ConversationOpened,
    ConversationTitled,
    Emotion,
    Event,
    FramesEnded,
    FramesFailed,
    FramesStarted,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SessionClosed,
    SessionOpened,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    StepFailed,
    StepRepeated,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
)
from projections.face_requests import FaceFact, FaceRequest, fold_face_requests
from projections.speaking_style import adjusted

TITLE_LENGTH = 60
CHARACTERS_A_SECOND = 14.0
"""Spoken at an ordinary pace; the measure where the length of a speech is not on record yet."""

_PersonFact: TypeAlias = UtteranceStarted | UtteranceEnded | UtteranceDiscarded | TranscriptFinal | MessageReceived
_ReplyFact: TypeAlias = ReplyStarted | ReplySentence | ReplyEnded | ReplyInterrupted | ReplyFailed
_SpeechFact: TypeAlias = (
    SpeechStarted | SpeechEnded | SpeechFailed | PlaybackStarted | PlaybackProgress | PlaybackFinished
)
SentenceState: TypeAlias = Literal["written", "spoken", "playing", "played", "unspoken"]


class Sentence(Struct, frozen=True, kw_only=True):
    index: int
    text: str
    emotion: Emotion = "neutral"
    speech: str | None = None
    state: SentenceState = "written"
    """written: as text only so far; spoken: its audio exists or is being made; unspoken: it stays text."""
    samples: int | None = None
    """Length of its speech at 48 kHz, once known."""
    heard: int = 0
    """How much of its speech has been played, at 48 kHz; the most of all sessions."""


class Reply(Struct, frozen=True, kw_only=True):
    id: str
    character: str
    state: Literal["telling", "ended", "interrupted", "failed"] = "telling"
    heard: str | None = None
    """What had been played when the person cut it short."""
    error: str | None = None
    sentences: tuple[Sentence, ...] = ()


class PersonPart(Struct, frozen=True, kw_only=True):
    """The person's part of a turn."""

    kind: Literal["speech", "text"]
    text: str = ""
    state: Literal["listening", "transcribing", "final", "discarded"] = "listening"
    source: str = ""
    """The utterance or message that it came in."""


class Turn(Struct, frozen=True, kw_only=True):
    id: str
    at: int
    """Microseconds since 1970, UTC."""
    person: PersonPart | None = None
    reply: Reply | None = None


class Conversation(Struct, frozen=True, kw_only=True):
    """One thread between a person and a character."""

    id: str
    seq: int = 0
    """Stream sequence of the last event folded in; 0 before the first."""
    person: str = ""
    """Who it belongs to; empty until it was opened."""
    title: str = ""
    titled: bool = False
    """Whether somebody gave it its title; else that is the first thing said."""
    character: str = ""
    language: str = "en"
    updated_at: int = 0
    """When something was last said, microseconds since 1970, UTC."""
    closed: bool = False
    pace: float = 1.0
    """Factor on the speed of the voice that the person asked for."""
    volume: float = 1.0
    """Factor on its loudness that the person asked for."""
    voice: bool = True
    """False: the person wants to read only."""
    faces: tuple[FaceRequest, ...] = ()
    """Of all characters asked for here."""
    turns: tuple[Turn, ...] = ()


class Message(Struct, frozen=True):
    """One thing that was said, as the language model is shown it."""

    role: Literal["user", "assistant"]
    text: str
    cut: bool = False
    """The person did not hear it to its end."""


def title_of(text: str) -> str:
    """A title from the first thing said: its first words, up to 60 characters."""
    words = " ".join(text.split())
    if len(words) > TITLE_LENGTH:
        head = words[: TITLE_LENGTH - 1]
        cut = head.rfind(" ")
        words = (head[:cut] if cut > TITLE_LENGTH // 2 else head).rstrip(" ,.;:-") + "…"
    return words[:1].upper() + words[1:]


def fold(state: Conversation, seq: int, event: Event) -> Conversation:
    """The conversation after this event; unchanged where the event's sequence has been applied already.

    A fact that came twice under two sequences (its second copy after the server's duplicate window) changes nothing
    but `seq`: what is on record first stands.
    """
    if seq <= state.seq:
        return state
    return replace(_apply(state, event), seq=seq)


def fold_all(state: Conversation, events: Iterable[tuple[int, Event]]) -> Conversation:
    for seq, event in events:
        state = fold(state, seq, event)
    return state


# What was heard


def heard_messages(conversation: Conversation, *, before_turn: str | None = None) -> list[Message]:
    """What was said on both sides, oldest first, as far as it reached the other one.

    A reply nobody listened to counts as read; of one that was played, what was played; of an interrupted one, what the
    interruption says had been heard. Sentences that could not be spoken were read.

    Args:
        before_turn: id of a turn; the messages before it only.
    """
    messages: list[Message] = []
    for turn in conversation.turns:
        if turn.id == before_turn:
            break
        if turn.person is not None and turn.person.text:
            messages.append(Message("user", turn.person.text))
        if turn.reply is not None:
            text, cut = _heard_of(turn.reply)
            if text:
                messages.append(Message("assistant", text, cut))
    return messages


def _heard_of(reply: Reply) -> tuple[str, bool]:
    if reply.state == "interrupted":
        return (reply.heard or "").strip(), True
    if not any(sentence.state in ("playing", "played") for sentence in reply.sentences):
        return " ".join(sentence.text for sentence in reply.sentences), False
    parts: list[str] = []
    cut = False
    for sentence in reply.sentences:
        if sentence.state == "unspoken":
            parts.append(sentence.text)
            continue
        part = played_text(sentence)
        cut = cut or part != sentence.text
        if part:
            parts.append(part)
    return " ".join(parts), cut


def played_text(sentence: Sentence) -> str:
    """The words of a sentence that had been played, whole words only."""
    if sentence.state in ("written", "unspoken") or not sentence.heard:
        return ""
    if sentence.samples is not None and sentence.heard >= sentence.samples:
        return sentence.text
    expected = sentence.samples or len(sentence.text) / CHARACTERS_A_SECOND * SPEECH_RATE
    reach = len(sentence.text) * min(1.0, sentence.heard / expected)
    if reach >= len(sentence.text):
        return sentence.text
    return sentence.text[: sentence.text.rfind(" ", 0, int(reach) + 1) + 1].rstrip()


# The fold, one domain after the other


def _apply(state: Conversation, event: Event) -> Conversation:
    match event.body:
        case ConversationOpened() as opened:
            at = max(state.updated_at, event.at)
            person, character, language = opened.person, opened.character, opened.language
            return replace(state, person=person, character=character, language=language, updated_at=at)
        case ConversationTitled(title=title):
            return replace(state, title=title, titled=True)
        case CharacterChosen(character=character):
            return replace(state, character=character)
        case ConversationClosed():
            return replace(state, closed=True)
        case body if isinstance(body, FaceFact):
            return replace(state, faces=fold_face_requests(state.faces, body))
        case CommandRecognised(name=name):
            return apply_command(state, name)
        case SessionOpened() | SessionClosed() | FramesStarted() | FramesEnded() | FramesFailed():
            return state
        case CommandRefused() | StepRepeated() | StepFailed():
            return state
        case body if isinstance(body, _PersonFact):
            return _person(state, event, body)
        case body if isinstance(body, _ReplyFact):
            state = replace(state, updated_at=max(state.updated_at, event.at))
            return _change_reply(state, event, body.reply, lambda reply: _reply(reply, body))
        case speech:
            return _change_reply(state, event, speech.reply, lambda reply: _speech(reply, speech))


def adjust_speaking_style(state: Conversation, name: CommandName) -> Conversation | None:
    """The conversation after "slower" or another step; None where it is at the limit, or the command is no step."""
    after = adjusted(name, state.pace, state.volume)
    return None if after is None else replace(state, pace=after[0], volume=after[1])


def apply_command(state: Conversation, name: CommandName) -> Conversation:
    """The conversation after a command; most change nothing in it."""
    if name in ("text_only", "voice_on"):
        return replace(state, voice=name == "voice_on")
    return adjust_speaking_style(state, name) or state


def _person(state: Conversation, event: Event, body: _PersonFact) -> Conversation:
    source = body.message if isinstance(body, MessageReceived) else body.utterance
    kind: Literal["speech", "text"] = "text" if isinstance(body, MessageReceived) else "speech"
    key = event.turn or source
    place = next((i for i in range(len(state.turns) - 1, -1, -1) if state.turns[i].id == key), None)
    turn = Turn(id=key, at=event.at) if place is None else state.turns[place]
    before = turn.person or PersonPart(kind=kind, source=source)
    said = _said(before, body, source)
    if said.text != before.text:
        state = replace(state, updated_at=max(state.updated_at, event.at))
        if not state.title:
            state = replace(state, title=title_of(said.text))
    return _put(state, place, replace(turn, person=said))


def _said(said: PersonPart, body: _PersonFact, source: str) -> PersonPart:
    # A turn may hold a second utterance, where the person went on speaking: its words join the first one's.
    repeated = said.source == source and said.state in ("final", "discarded")
    if repeated and said.state == "discarded" and isinstance(body, TranscriptFinal):
        repeated = False  # given up as lost, put back by hand, and heard after all
    match body:
        case UtteranceStarted() if not repeated:
            return replace(said, source=source, state="listening")
        case UtteranceEnded() if not repeated:
            return replace(said, source=source, state="transcribing")
        case UtteranceDiscarded() if not repeated:
            return replace(said, source=source, state="final" if said.text else "discarded")
        case TranscriptFinal(text=text) | MessageReceived(text=text) if not repeated:
            words = text.strip()
            return replace(said, source=source, state="final", text=f"{said.text} {words}" if said.text else words)
    return said


def _put(state: Conversation, place: int | None, turn: Turn) -> Conversation:
    if place is None:
        return replace(state, turns=(*state.turns, turn))
    return replace(state, turns=(*state.turns[:place], turn, *state.turns[place + 1 :]))


def _change_reply(state: Conversation, event: Event, reply: str, change: Callable[[Reply], Reply]) -> Conversation:
    """Change a reply where it is; one that begins here is put into its turn."""
    place: int | None = None
    for i in range(len(state.turns) - 1, -1, -1):
        turn = state.turns[i]
        if turn.reply is not None and turn.reply.id == reply:
            return _put(state, i, replace(turn, reply=change(turn.reply)))
        if turn.id == event.turn:
            place = i
    if not isinstance(event.body, ReplyStarted | ReplySentence | ReplyInterrupted | ReplyFailed):
        return state  # of a reply that is not on record: nothing to show
    fresh = change(Reply(id=reply, character=getattr(event.body, "character", state.character)))
    turn = state.turns[place] if place is not None else Turn(id=event.turn or reply, at=event.at)
    return _put(state, place, replace(turn, reply=fresh))


def _reply(reply: Reply, body: _ReplyFact) -> Reply:
    match body:
        case ReplySentence() if all(sentence.index != body.index for sentence in reply.sentences):
            sentence = Sentence(
                index=body.index,
                text=body.text,
                emotion=body.emotion,
                state="unspoken" if reply.state == "interrupted" else "written",
            )
            told = tuple(sorted((*reply.sentences, sentence), key=lambda s: s.index))
            # After it had failed it was put back by hand, and goes on.
            state = "telling" if reply.state == "failed" else reply.state
            return replace(reply, state=state, error=None, sentences=told)
        case ReplyEnded() if reply.state in ("telling", "failed"):
            return replace(reply, state="ended", error=None)
        case ReplyInterrupted() if reply.state != "interrupted":
            return replace(
                reply, state="interrupted", heard=body.heard, sentences=tuple(map(_silenced, reply.sentences))
            )
        case ReplyFailed() if reply.state == "telling":
            return replace(reply, state="failed", error=body.detail)
    return reply


def _silenced(sentence: Sentence) -> Sentence:
    if sentence.state in ("written", "spoken"):
        return replace(sentence, state="unspoken")
    return replace(sentence, state="played") if sentence.state == "playing" else sentence


def _speech(reply: Reply, body: _SpeechFact) -> Reply:
    for place, sentence in enumerate(reply.sentences):
        if sentence.index == body.index:
            changed = _sentence(sentence, body, interrupted=reply.state == "interrupted")
            return replace(reply, sentences=(*reply.sentences[:place], changed, *reply.sentences[place + 1 :]))
    return reply


def _sentence(sentence: Sentence, body: _SpeechFact, *, interrupted: bool) -> Sentence:
    state = sentence.state
    match body:
        case SpeechStarted():
            return replace(sentence, speech=body.speech, state="spoken" if state == "written" else state)
        case SpeechEnded():
            return replace(sentence, speech=body.speech, samples=body.samples)
        case SpeechFailed():
            return replace(sentence, state="unspoken" if state in ("written", "spoken") else state)
        case PlaybackStarted():
            # Late news of a session that had not heard of the interruption yet: it will say how much it played.
            return sentence if interrupted or state == "played" else replace(sentence, state="playing")
        case PlaybackProgress():
            return replace(sentence, heard=max(sentence.heard, body.samples))
        case PlaybackFinished():
            return _finished(sentence, body)


def _finished(sentence: Sentence, body: PlaybackFinished) -> Sentence:
    heard = max(sentence.heard, body.samples)
    samples = body.samples if body.complete else sentence.samples
    if heard:
        return replace(sentence, state="played", heard=heard, samples=samples)
    return replace(sentence, state="spoken") if sentence.state == "playing" else sentence
