"""The state of a conversation, a pure fold over its facts, and the history that the language model gets of it."""

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
    ConversationCopied,
    ConversationErased,
    ConversationErasureRequested,
    ConversationOpened,
    ConversationTitled,
    Emotion,
    Event,
    FramesEnded,
    FramesFailed,
    FramesStarted,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    ReplySentence,
    ReplyStarted,
    SessionClosed,
    SessionOpened,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    StepFailed,
    StepRepeated,
    ToolCalled,
    ToolReturned,
    TranscriptCorrected,
)
from projections.face_requests import FaceFact, FaceRequest, fold_face_requests
from projections.heard_words import beginning_of
from projections.person_part import PersonFact, PersonPart, fold_person_part, input_id
from projections.speaking_style import adjusted
from projections.titles import title_of

CHARACTERS_PER_SECOND = 14.0
"""Rate of ordinary speech; estimates the length of a speech that is not on the log yet."""

_ReplyFact: TypeAlias = ReplyStarted | ReplySentence | ReplyEnded | ReplyInterrupted | ReplyFailed
_SpeechFact: TypeAlias = (
    SpeechStarted | SpeechEnded | SpeechFailed | PlaybackStarted | PlaybackProgress | PlaybackFinished
)
ReplyState: TypeAlias = Literal["telling", "ended", "interrupted", "failed"]
SentenceState: TypeAlias = Literal["written", "spoken", "playing", "played", "unspoken"]


class Sentence(Struct, frozen=True, kw_only=True, gc=False):
    """One sentence of a reply, and how far it has been spoken and played."""

    index: int
    text: str
    spoken_text: str | None = None
    """The words for the voice, plain; empty where it says nothing; None: `text` is plain."""
    space_before: str = " "
    """White space between the sentence before and this one."""
    language: str = ""
    emotion: Emotion = "neutral"
    speech: str | None = None
    """Id of its speech, once that has started."""
    state: SentenceState = "written"
    """written: text only so far; spoken: its audio exists or is being made; unspoken: it will stay text."""
    samples: int | None = None
    """Length of its speech at 48 kHz, once that has ended."""
    heard: int = 0
    """Samples of its speech that have been played, at 48 kHz; the most of all sessions."""
    notice: bool = False  # it says that the reply has failed
    cut: bool = False
    """Its speech ends before its words do."""

    @property
    def is_heard_out(self) -> bool:
        """Whether a session has played it to its end."""
        return self.state == "played" and self.samples is not None and self.heard >= self.samples


class Reply(Struct, frozen=True, kw_only=True, gc=False):
    """The character's part of a turn."""

    id: str
    character: str
    state: ReplyState = "telling"
    heard: str | None = None
    """The text that had been played when the person interrupted the reply."""
    error: str | None = None
    """Why it failed."""
    language: str = ""  # of the words that it answers; empty: as before
    sentences: tuple[Sentence, ...] = ()


class Turn(Struct, frozen=True, kw_only=True, gc=False):
    """The person's words and the reply to them."""

    id: str
    at: int
    """Of its first event, microseconds since 1970, UTC."""
    person: PersonPart | None = None
    reply: Reply | None = None


class Conversation(Struct, frozen=True, kw_only=True, gc=False):
    """One thread between a person and a character."""

    id: str
    seq: int = 0
    """Stream sequence of the last event folded in; 0 before the first."""
    person: str = ""
    """Id of its owner; empty until it is opened."""
    title: str = ""
    titled: bool = False
    """Whether the title is from a fact; otherwise it is made of the person's first words."""
    character: str = ""
    language: str = "en"
    updated_at: int = 0
    """When either side last said something, microseconds since 1970, UTC."""
    closed: bool = False
    copied: Literal["", "imported", "rerun"] = ""
    """How it came here, if it is a copy of a conversation that took place elsewhere or earlier."""
    copy_of: str = ""
    """The conversation that it is a copy of."""
    pace: float = 1.0
    """Factor on the speed of the voice, from the person's commands."""
    volume: float = 1.0
    """Factor on the loudness of the voice, from the person's commands."""
    voice: bool = True
    """False: replies are text only."""
    faces: tuple[FaceRequest, ...] = ()
    """All characters requested with a photo in this conversation."""
    erased: bool = False  # or asked to be: nothing else is known of it then
    turns: tuple[Turn, ...] = ()


class Message(Struct, frozen=True):
    """One message of the history for the language model."""

    role: Literal["user", "assistant"]
    text: str
    cut: bool = False
    """Whether the person heard only its beginning, which `text` then is."""
    emotion: Emotion = "neutral"
    """Emotion of the first sentence of a reply."""


def fold(state: Conversation, seq: int, event: Event) -> Conversation:
    """The conversation after this event; unchanged where the event's sequence has been folded already.

    A fact that is on the log twice (its duplicate published after the server's duplicate window) changes nothing but
    `seq`: the first copy counts.
    """
    if seq <= state.seq:
        return state
    return replace(_apply(state, event), seq=seq)


def fold_all(state: Conversation, events: Iterable[tuple[int, Event]]) -> Conversation:
    """The conversation after these events, pairs of stream sequence and event."""
    for seq, event in events:
        state = fold(state, seq, event)
    return state


# The history for the language model


def heard_messages(conversation: Conversation, *, before_turn: str | None = None) -> list[Message]:
    """The messages of both sides, oldest first, each as far as it was heard or read.

    A reply that was never played counts as read; of a played reply, the played part counts; of an interrupted one, the
    text in the interruption. Sentences that could not be spoken count as read.

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
            text, cut = _heard_text(turn.reply)
            if text:
                emotion = turn.reply.sentences[0].emotion if turn.reply.sentences else "neutral"
                messages.append(Message("assistant", text, cut, emotion))
    return messages


def _heard_text(reply: Reply) -> tuple[str, bool]:
    """The text of a reply that was heard or read, and whether it was cut short."""
    if reply.state == "interrupted":
        return (reply.heard or "").strip(), True
    if not any(sentence.state in ("playing", "played") for sentence in reply.sentences):
        return joined_text((one, one.text) for one in _answer(reply)), False
    parts = [(one, one.text if one.state == "unspoken" else played_text(one)) for one in _answer(reply)]
    return joined_text(parts), any(part != sentence.text for sentence, part in parts)


def _answer(reply: Reply) -> tuple[Sentence, ...]:
    return tuple(sentence for sentence in reply.sentences if not sentence.notice)


def joined_text(parts: Iterable[tuple[Sentence, str]]) -> str:
    """Sentences, or the heard parts of them, with the white space between them."""
    return "".join(f"{sentence.space_before}{part}" for sentence, part in parts if part).strip()


def played_text(sentence: Sentence) -> str:
    """The part of a sentence that has been played, in whole words."""
    if sentence.state in ("written", "unspoken") or not sentence.heard:
        return ""
    words = sentence.spoken_text or sentence.text
    estimated = len(words) / CHARACTERS_PER_SECOND * SPEECH_RATE
    if sentence.samples is not None and sentence.heard >= sentence.samples and not sentence.cut:
        return sentence.text
    length = max(sentence.samples or 0, estimated) if sentence.cut else sentence.samples or estimated
    return beginning_of(sentence.text, words, sentence.heard / length)


def text_heard(conversation: Conversation, reply: str, *, listened: bool) -> str:
    """The part of a reply that was played.

    Args:
        listened: whether a session played the conversation; where there was none, and nothing was played, all of the
            text counts, which was there to be read.
    """
    for turn in conversation.turns:
        if turn.reply is not None and turn.reply.id == reply:
            sentences = turn.reply.sentences
            listened = listened or any(one.state in ("playing", "played") for one in sentences)
            return joined_text(
                (one, played_text(one) if listened and one.state != "unspoken" else one.text) for one in sentences
            )
    return ""


# The fold


def _apply(state: Conversation, event: Event) -> Conversation:
    if state.erased:
        return state  # what a worker had begun before it was asked for
    match event.body:
        case ConversationErasureRequested() | ConversationErased():
            return Conversation(id=state.id, erased=True)
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
        case ConversationCopied(source=source, how=how):
            return replace(state, copy_of=source, copied=how)
        case body if isinstance(body, FaceFact):
            return replace(state, faces=fold_face_requests(state.faces, body))
        case CommandRecognised(name=name):
            return apply_command(state, name)
        case SessionOpened() | SessionClosed() | FramesStarted() | FramesEnded() | FramesFailed():
            return state
        case ReplyMerged():
            return state
        case CommandRefused() | StepRepeated() | StepFailed() | ToolCalled() | ToolReturned() | TranscriptCorrected():
            return state
        case body if isinstance(body, PersonFact):
            return _fold_person_fact(state, event, body)
        case body if isinstance(body, _ReplyFact):
            state = replace(state, updated_at=max(state.updated_at, event.at))
            return _update_reply(state, event, body.reply, lambda reply: _fold_reply_fact(reply, body))
        case speech:
            return _update_reply(state, event, speech.reply, lambda reply: _fold_speech_fact(reply, speech))


def adjust_speaking_style(state: Conversation, name: CommandName) -> Conversation | None:
    """The conversation after a step of pace or volume; None at the limit, or where the command is no such step."""
    style = adjusted(name, state.pace, state.volume)
    return None if style is None else replace(state, pace=style[0], volume=style[1])


def apply_command(state: Conversation, name: CommandName) -> Conversation:
    """The conversation after a recognised command; most commands change nothing in it."""
    if name in ("text_only", "voice_on"):
        return replace(state, voice=name == "voice_on")
    return adjust_speaking_style(state, name) or state


def _fold_person_fact(state: Conversation, event: Event, body: PersonFact) -> Conversation:
    key = event.turn or input_id(body)
    place = next((i for i in range(len(state.turns) - 1, -1, -1) if state.turns[i].id == key), None)
    turn = Turn(id=key, at=event.at) if place is None else state.turns[place]
    after = fold_person_part(turn.person, body)
    if after.text != (turn.person.text if turn.person is not None else ""):
        state = replace(state, updated_at=max(state.updated_at, event.at))
        if not state.title:
            state = replace(state, title=title_of(after.text))
    return _put_turn(state, place, replace(turn, person=after))


def _put_turn(state: Conversation, place: int | None, turn: Turn) -> Conversation:
    """Replace the turn at this index; None: append it."""
    if place is None:
        return replace(state, turns=(*state.turns, turn))
    # In a conversation of hundreds of turns, a third of the time that it takes with stars.
    return replace(state, turns=state.turns[:place] + (turn,) + state.turns[place + 1 :])  # noqa: RUF005


def _update_reply(state: Conversation, event: Event, reply: str, change: Callable[[Reply], Reply]) -> Conversation:
    """Change the reply of this id; a new reply is put into the turn of the event."""
    place: int | None = None
    for i in range(len(state.turns) - 1, -1, -1):
        turn = state.turns[i]
        if turn.reply is not None and turn.reply.id == reply:
            return _put_turn(state, i, replace(turn, reply=change(turn.reply)))
        if turn.id == event.turn:
            place = i
    if not isinstance(event.body, ReplyStarted | ReplySentence | ReplyInterrupted | ReplyFailed):
        return state  # of a reply that is not on the log
    fresh = change(Reply(id=reply, character=getattr(event.body, "character", state.character)))
    turn = state.turns[place] if place is not None else Turn(id=event.turn or reply, at=event.at)
    return _put_turn(state, place, replace(turn, reply=fresh))


def _fold_reply_fact(reply: Reply, body: _ReplyFact) -> Reply:
    match body:
        case ReplyStarted(language=language) if language and not reply.language:
            return replace(reply, language=language)
        case ReplySentence() if all(sentence.index != body.index for sentence in reply.sentences):
            unspoken = reply.state == "interrupted" or body.spoken_text == ""
            sentence = Sentence(
                index=body.index, text=body.text, spoken_text=body.spoken_text, space_before=body.space_before,
                language=body.language, emotion=body.emotion, state="unspoken" if unspoken else "written",
                notice=body.notice,
            )  # fmt: skip
            sentences = tuple(sorted((*reply.sentences, sentence), key=lambda s: s.index))
            # A failed reply continues where its dead letter was requeued.
            reply = replace(reply, state="telling") if reply.state == "failed" else reply
            return replace(reply, error=None, sentences=sentences)
        case ReplyEnded() if reply.state in ("telling", "failed"):
            return replace(reply, state="ended", error=None, sentences=_answer(reply))
        case ReplyInterrupted() if reply.state != "interrupted":
            cut = tuple(map(_interrupted, reply.sentences))
            return replace(reply, state="interrupted", heard=body.heard, sentences=cut)
        case ReplyFailed() if reply.state == "telling":
            return replace(reply, state="failed", error=body.detail)
    return reply


def _interrupted(sentence: Sentence) -> Sentence:
    if sentence.state in ("written", "spoken"):
        return replace(sentence, state="unspoken")
    return replace(sentence, state="played") if sentence.state == "playing" else sentence


def _fold_speech_fact(reply: Reply, body: _SpeechFact) -> Reply:
    for place, sentence in enumerate(reply.sentences):
        if sentence.index == body.index:
            changed = _fold_sentence(sentence, body, interrupted=reply.state == "interrupted")
            return replace(reply, sentences=(*reply.sentences[:place], changed, *reply.sentences[place + 1 :]))
    return reply


def _fold_sentence(sentence: Sentence, body: _SpeechFact, *, interrupted: bool) -> Sentence:
    state = sentence.state
    match body:
        case SpeechStarted():
            return replace(sentence, speech=body.speech, state="spoken" if state == "written" else state)
        case SpeechEnded():
            return replace(sentence, speech=body.speech, samples=body.samples, cut=not body.complete)
        case SpeechFailed():
            return replace(sentence, state="unspoken" if state in ("written", "spoken") else state)
        case PlaybackProgress() if state == "unspoken" or not body.samples:
            return replace(sentence, heard=max(sentence.heard, body.samples))
        case PlaybackStarted() | PlaybackProgress():
            # After an interruption it comes late. What one session broke off, another one plays on, or again.
            heard = max(sentence.heard, getattr(body, "samples", 0))
            return replace(sentence, state=state if interrupted or sentence.is_heard_out else "playing", heard=heard)
        case PlaybackFinished() if not (sentence.heard or body.samples):
            return replace(sentence, state="spoken" if state == "playing" else state)
        case PlaybackFinished():
            samples = body.samples if body.complete else sentence.samples
            return replace(sentence, state="played", heard=max(sentence.heard, body.samples), samples=samples)
