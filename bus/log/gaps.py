"""Finds facts that are missing from the log: a damaged block in the middle of a stream is dropped by nats-server, which
goes on without a word or with a warning."""

from __future__ import annotations

from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from bus.errors import BusError
from bus.log import streams
from bus.log.event_log import EventLog

_RECEIPTS = "conv.*.conversation.erased"
"""Each says how many facts were removed on purpose."""
_TIMEOUT = 10.0


class _State(msgspec.Struct, frozen=True):
    num_deleted: int = 0
    deleted: list[int] | None = None


class _Answer(msgspec.Struct):
    state: _State = _State()


@dataclass(frozen=True)
class Gap:
    """Facts that were stored, and that the stream does not have any more although nobody removed them."""

    count: int
    first: int
    """Sequence of the first message that is missing, an erased one perhaps."""
    last: int

    def __str__(self) -> str:
        return (
            f"{self.count} events of {streams.CONVERSATIONS} are missing between {self.first} and {self.last}: the "
            "store is damaged"
        )


async def missing_facts(event_log: EventLog) -> Gap | None:
    """The gap in the sequence numbers of the conversations' stream; None where it is whole, or facts were only erased.

    Raises:
        BusError: NATS does not answer, or this user may not look.
    """
    state = await _state(event_log, details=False)
    if not state.num_deleted:
        return None
    erased = 0
    async with aclosing(event_log.read(streams.CONVERSATIONS, _RECEIPTS)) as records:
        async for record in records:
            erased += _erased(record.data)
    if state.num_deleted <= erased:
        return None
    deleted = (await _state(event_log, details=True)).deleted or [0]
    return Gap(state.num_deleted - erased, min(deleted), max(deleted))


async def _state(event_log: EventLog, *, details: bool) -> _State:
    request = b'{"deleted_details": true}' if details else b""

    async def ask() -> _State:
        name = streams.CONVERSATIONS
        reply = await event_log.nc.request(f"$JS.API.STREAM.INFO.{name}", request, timeout=_TIMEOUT)
        try:
            return msgspec.json.decode(reply.data, type=_Answer).state
        except msgspec.DecodeError as error:
            raise BusError(f"stream {name} cannot be looked at: {error}") from error

    return await event_log.with_retries(ask, f"look at {streams.CONVERSATIONS}", _TIMEOUT)


def _erased(receipt: bytes) -> int:
    with suppress(msgspec.DecodeError, AttributeError, TypeError, ValueError):
        body: Any = msgspec.json.decode(receipt)["body"]
        return int(body["removed"].get(streams.CONVERSATIONS, 0))
    return 0
