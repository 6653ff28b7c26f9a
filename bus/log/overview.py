"""The state of all streams and of the durable consumers on them, for those who watch the system."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from nats.errors import Error as NatsError
from nats.js import api

from bus import subjects
from bus.errors import BusError
from bus.log import streams
from bus.log.event_log import EventLog
from bus.log.stream_size import StreamSize

_WITH_WORK = (streams.CONVERSATIONS, streams.REQUEUE, streams.PEOPLE, streams.INBOX, streams.DELIVERIES)
_TIMEOUT = 2.0
"""Seconds that NATS has to answer."""


@dataclass(frozen=True)
class Overview:
    """The streams and the work on them."""

    sizes: tuple[StreamSize, ...]
    """Of the streams of Visavis, in the order of their declaration."""
    waiting: Mapping[str, int]
    """Items that no worker has taken, by the name of the service whose durable consumers they are."""
    dead_letters: Mapping[str, int]
    """By service; those that have none are left out."""


async def overview(event_log: EventLog) -> Overview:
    """Look at all streams and durable consumers now.

    Raises:
        BusError: NATS does not answer.
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            sizes, waiting, dead_letters = await asyncio.gather(
                stream_sizes(event_log), _waiting(event_log), _dead_letters(event_log)
            )
    except (NatsError, TimeoutError, OSError) as error:
        raise BusError(f"the streams cannot be looked at: {str(error) or type(error).__name__}") from error
    return Overview(sizes, waiting, dead_letters)


async def stream_sizes(event_log: EventLog) -> tuple[StreamSize, ...]:
    """How much each stream holds, in the order of their declaration."""
    infos = {info.config.name: info for info in await event_log.js.streams_info()}
    names = [str(config.name) for config in streams.stream_configs(event_log.settings)]
    return tuple(_size(name, infos[name]) for name in names if name in infos)


def _size(name: str, info: api.StreamInfo) -> StreamSize:
    limit, refuses = info.config.max_bytes or -1, info.config.discard == api.DiscardPolicy.NEW
    state = info.state
    return StreamSize(name, state.messages, state.bytes, limit, refuses, state.consumer_count)


async def _waiting(event_log: EventLog) -> dict[str, int]:
    found: dict[str, int] = {}
    for stream in _WITH_WORK:
        for info in await event_log.js.consumers_info(stream):
            name = info.config.durable_name
            if name:  # others belong to readers
                found[name] = found.get(name, 0) + (info.num_pending or 0)
    return found


async def _dead_letters(event_log: EventLog) -> dict[str, int]:
    info = await event_log.js.stream_info(streams.DEAD, subjects.ALL_DEAD)
    found: dict[str, int] = {}
    for subject, count in (info.state.subjects or {}).items():
        service = subject.rpartition(".")[2]
        found[service] = found.get(service, 0) + count
    return found
