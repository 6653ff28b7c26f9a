"""What NATS answers when it is asked for streams, and how a stream differs from what it should be."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import msgspec
from nats.js import api

from bus.log.stream_size import StreamSize

_SHAPE = ("subjects", "storage", "retention", "discard", "max_msgs_per_subject", "allow_direct")
"""What a stream needs to be of any use; operators may set other limits while services run."""


class AnswerState(msgspec.Struct):
    """Of a stream's messages."""

    first_seq: int
    last_seq: int
    last_ts: str
    bytes: int
    messages: int = 0
    consumer_count: int = 0


class StreamAnswer(msgspec.Struct):
    """Of `$JS.API.STREAM.INFO`; nats-py leaves out `last_ts`."""

    created: str = ""
    ts: str = ""
    """When it was given, by the server's clock."""
    state: AnswerState | None = None
    config: dict[str, object] = {}
    error: dict[str, object] | None = None


class _List(msgspec.Struct):
    """Of `$JS.API.STREAM.LIST`; 256 streams at the most."""

    streams: list[StreamAnswer] = []


decode = msgspec.json.Decoder(StreamAnswer).decode
decode_list = msgspec.json.Decoder(_List).decode


def microseconds(timestamp: str) -> int:
    """Microseconds since 1970 of a time as NATS writes it, with nanoseconds; 0 for its zero time."""
    moment = datetime.datetime.fromisoformat(timestamp)
    if moment.year < 1970:
        return 0
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1)


def size_of(name: str, answer: StreamAnswer, found: AnswerState) -> StreamSize:
    """The size of a stream, by an answer about it."""
    limit = int(str(answer.config.get("max_bytes", -1)))
    refuses = answer.config.get("discard") == api.DiscardPolicy.NEW.value
    return StreamSize(name, found.messages, found.bytes, limit, refuses, found.consumer_count)


def differences(wanted: api.StreamConfig, found: Mapping[str, object]) -> str:
    """The fields without which a stream is of no use and that differ, as text; empty if there are none."""
    fields = wanted.as_dict()
    return ", ".join(
        f"{name}={found.get(name)}" for name in _SHAPE if _plain(found.get(name)) != _plain(fields.get(name))
    )


def _plain(value: object) -> object:
    return value or None if not isinstance(value, int) or isinstance(value, bool) or value > 0 else None
