"""The tables of the analytics, a row each as a struct. `docs/analytics.md` lists all columns, made from here.

No row has people's words or a person's id. A row tells all that is known at its `seq`: what comes later gives a newer
row with the same key, and the views take the newest.
"""

from __future__ import annotations

import types
from typing import Annotated, TypeAlias, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

VERSION = 1
"""Raised with every change of the tables or of what is in them: files of another version are made anew."""

Moment: TypeAlias = Annotated[int, Meta(description="moment")]
"""Microseconds since 1970, UTC; a TIMESTAMP in the files."""


class ConversationRow(Struct, frozen=True, kw_only=True):
    """A conversation."""

    conversation: str
    began: Moment
    """When it was opened."""
    last: Moment
    """Its newest event."""
    person: str
    """Hash of the person's id, as in exported files: tells persons apart, and not who they are."""
    character: str
    """The character that the person talks to now."""
    language: str
    turns: int
    source: str | None = None
    """Of a copy, the conversation that it is a copy of."""
    copied: bool = False
    """Whether it is a copy, imported or from a re-run."""
    seq: int


class TurnRow(Struct, frozen=True, kw_only=True):
    """A turn, with its latencies as `projections/replay/measures.py` defines them."""

    conversation: str
    turn: str
    began: Moment
    ended: Moment
    channel: str
    """Where the person's words came in: web, telegram …"""
    spoken: bool
    """Whether the person spoke; false: they wrote."""
    character: str | None = None
    """Who answered."""
    language: str | None = None
    """BCP-47 tag of the person's words."""
    engine: str | None = None
    """What wrote the answer."""
    sentences: int = 0
    answer_ms: float | None = None
    """From the end of the person's speech, or from their message, to the first sound that was played: the sum of the
    next five."""
    endpoint_ms: float | None = None
    transcript_ms: float | None = None
    first_sentence_ms: float | None = None
    first_audio_ms: float | None = None
    playback_wait_ms: float | None = None
    first_frame_ms: float | None = None
    """From the first sound to the first picture."""
    interrupted: str | None = None
    """By what the answer was interrupted: speech, button, message."""
    failed: bool = False
    """Whether there was no answer, or it broke off."""
    discarded: bool = False
    """Whether no words were understood."""
    failures: int = 0
    takeovers: int = 0
    tools: int = 0
    """Calls of tools."""
    copied: bool = False
    seq: int


class StepRow(Struct, frozen=True, kw_only=True):
    """A step of a turn, as in the waterfall of a replay."""

    conversation: str
    turn: str
    step: str
    """speaking, endpoint, transcript, first_sentence, writing, first_audio, synthesis, first_frame, drawing,
    playback_wait, playback."""
    sentence: int | None = None
    """Index of the sentence; none: it concerns the whole turn."""
    session: str | None = None
    """Where it was played."""
    began: Moment
    ended: Moment | None = None
    ms: float | None = None
    state: str
    """open, done, interrupted, failed."""
    engine: str | None = None
    event: str
    """The event that ended it."""
    copied: bool = False
    seq: int


class UtteranceRow(Struct, frozen=True, kw_only=True):
    """An utterance, without its words."""

    conversation: str
    turn: str
    utterance: str
    began: Moment
    language: str | None = None
    """That was heard."""
    engine: str | None = None
    confidence: float | None = None
    """Mean of the words' probabilities, 0 to 1."""
    words: int = 0
    """Number of words in the transcript."""
    confidences: tuple[float, ...] = ()
    """Of each word, where the engine tells it."""
    samples: int | None = None
    """At 16 kHz, with the silence around the speech."""
    speech_ms: float | None = None
    """Until the end of the speech."""
    ended_by: str | None = None
    """silence, too_long, muted, session_closed, recording."""
    discarded: str | None = None
    """Why there is no transcript: too_short, no_words, lost, unreadable, too_long, heard_twice."""
    truth_words: int | None = None
    """Words of the corrected transcript, where a person wrote down what was really said."""
    word_errors: int | None = None
    """Words of the transcript that would have to be changed, left out or added for that."""
    copied: bool = False
    seq: int


class SentenceRow(Struct, frozen=True, kw_only=True):
    """A sentence of an answer, and its voice, without its words."""

    conversation: str
    turn: str
    reply: str
    sentence: int
    """Its index in the reply."""
    began: Moment
    """When it was written."""
    character: str
    language: str
    emotion: str
    characters: int
    """Length of its text."""
    spoken: bool
    notice: bool
    """Whether it says that the reply has failed."""
    speech: str | None = None
    voice: str | None = None
    engine: str | None = None
    """That spoke it."""
    samples: int | None = None
    """Of the voice, at 48 kHz."""
    pictures: int | None = None
    """Frames drawn for it."""
    played: int | None = None
    """The most samples that a session played."""
    complete: bool = False
    """Whether a session played all of it."""
    copied: bool = False
    seq: int


class EngineRow(Struct, frozen=True, kw_only=True):
    """What one engine did in a turn."""

    conversation: str
    turn: str
    service: str
    """stt, dialogue, tts, render."""
    engine: str
    began: Moment
    pieces: int
    """Utterances, replies, sentences or videos."""
    first_ms: float | None = None
    """Until its first output: the transcript, the first sentence, sound or picture."""
    work_ms: float
    """All its steps together."""
    media_ms: float | None = None
    """Length of what it heard, spoke or drew: its speed is `media_ms / work_ms`."""
    failures: int = 0
    copied: bool = False
    seq: int


class FailureRow(Struct, frozen=True, kw_only=True):
    """A failure on the log, or a dead letter. One failure may have two rows: what a service says of its step, and what
    the page shows."""

    conversation: str | None = None
    event: str
    """Id of the fact; of a dead letter, `dead-` and its number."""
    kind: str
    """service.step_failed, reply.failed, speech.failed, frames.failed, face.refused, dead_letter."""
    turn: str | None = None
    began: Moment
    service: str
    code: str
    retryable: bool | None = None
    deliveries: int | None = None
    """Of a dead letter: how often its work was delivered."""
    copied: bool = False
    seq: int


class TakeoverRow(Struct, frozen=True, kw_only=True):
    """A worker took over what another one did not finish."""

    conversation: str
    event: str
    turn: str | None = None
    began: Moment
    service: str
    work: str
    """The event that the service handles."""
    copied: bool = False
    seq: int


class TokenRow(Struct, frozen=True, kw_only=True):
    """What a reply took of a language model; only replies whose endpoint counts tokens."""

    conversation: str
    turn: str
    reply: str
    began: Moment
    """When the reply ended."""
    engine: str
    model: str
    """Name of the model without the engine and its endpoint."""
    prompt_tokens: int
    """That the model read, in all its requests."""
    reply_tokens: int
    copied: bool = False
    seq: int


class DeliveryRow(Struct, frozen=True, kw_only=True):
    """A message that is sent through a channel; `seq` is of the stream DELIVERIES."""

    channel: str
    delivery: str
    conversation: str | None = None
    turn: str | None = None
    content: str
    """voice, video or text; a text too where the voice was refused."""
    began: Moment
    """When it was queued."""
    sent: Moment | None = None
    last: Moment
    sent_ms: float | None = None
    status: str
    """queued, retried, uploading, sending, sent, delivered, read, played, unknown, given_up, failed."""
    attempts: int = 0
    retries: int = 0
    code: str | None = None
    """Of the newest failure."""
    notice: bool = False
    """Whether it tells of another one whose outcome is unknown."""
    copied: bool = False
    seq: int


class MachineRow(Struct, frozen=True, kw_only=True):
    """A process every 30 s, a row for each of its GPUs; `seq` is the time."""

    process: str
    gpu: str | None = None
    """Its number; none: the process has none."""
    began: Moment
    service: str
    engine: str
    host: str
    held: int | None = None
    """Work items that it holds."""
    done: int | None = None
    """Work items since its start, by outcome."""
    failed: int | None = None
    interrupted: int | None = None
    superseded: int | None = None
    memory: int | None = None
    """Resident bytes, helper processes included."""
    cpu_seconds: float | None = None
    """Since its start."""
    gpu_busy: float | None = None
    """0 to 1."""
    gpu_memory: int | None = None
    """Bytes in use by all processes."""
    gpu_memory_total: int | None = None
    copied: bool = False
    seq: int


Row: TypeAlias = (
    ConversationRow | TurnRow | StepRow | UtteranceRow | SentenceRow | EngineRow | FailureRow | TakeoverRow | TokenRow
    | DeliveryRow | MachineRow
)  # fmt: skip


class Table(Struct, frozen=True):
    """A table: its rows, and the columns of which each combination has one newest row."""

    name: str
    row: type[Row]
    key: tuple[str, ...]


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("conversations", ConversationRow, ("conversation",)),
        Table("turns", TurnRow, ("conversation", "turn")),
        Table("steps", StepRow, ("conversation", "turn", "step", "sentence", "session")),
        Table("utterances", UtteranceRow, ("conversation", "utterance")),
        Table("sentences", SentenceRow, ("conversation", "reply", "sentence")),
        Table("engines", EngineRow, ("conversation", "turn", "service", "engine")),
        Table("failures", FailureRow, ("conversation", "event")),
        Table("takeovers", TakeoverRow, ("conversation", "event")),
        Table("tokens", TokenRow, ("conversation", "reply")),
        Table("deliveries", DeliveryRow, ("channel", "delivery")),
        Table("machine", MachineRow, ("process", "gpu", "began")),
    )
}
TABLE_OF: dict[type[Row], str] = {table.row: table.name for table in TABLES.values()}

_TYPES = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE", bool: "BOOLEAN"}


def column_types(row: type[Row]) -> dict[str, str]:
    """The columns of a table in order, with their types in SQL; `day` beside them is in the folder's name."""
    return {name: _sql_type(kind) for name, kind in get_type_hints(row, include_extras=True).items()}


def _sql_type(kind: object) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is Annotated:
        return "TIMESTAMP"
    if get_origin(kind) is tuple:
        return f"{_sql_type(get_args(kind)[0])}[]"
    assert isinstance(kind, type)
    return _TYPES[kind]
