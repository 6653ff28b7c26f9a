"""The recordings of conversations that were looked at lately, each continued from where it was read to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from cachetools import LRUCache

from bus.errors import NotFound
from bus.log.event_log import EventLog
from projections.recording_reader import read_on
from projections.replay.recording import Recording

MOST_BYTES = 128 << 20
"""That the recordings may take in memory, all together."""


class Recordings:
    """Opens recordings, and keeps those that were used last.

    Args:
        most_bytes: that those kept may take in memory; a longer one is read at each use.
    """

    def __init__(self, event_log: EventLog, *, most_bytes: int = MOST_BYTES) -> None:
        self._event_log = event_log
        self._kept: LRUCache[str, Recording] = LRUCache(most_bytes, getsizeof=lambda one: one.bytes)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def opened(self, conversation: str) -> AsyncIterator[Recording]:
        """The recording of a conversation, with all that is stored; not changed while the context lasts.

        Raises:
            NotFound: there is no fact of it on the log.
            BusError: NATS is away.
        """
        lock = self._locks.setdefault(conversation, asyncio.Lock())
        async with lock:
            # Taken out while it grows: the size of what is in the cache must not change.
            recording = self._kept.pop(conversation, None) or Recording(conversation)
            if not await read_on(self._event_log, recording):
                recording = Recording(conversation)  # the log was replaced by another one
                await read_on(self._event_log, recording)
            if recording.last is None:
                raise NotFound("no such conversation")
            if recording.bytes <= self._kept.maxsize:
                self._kept[conversation] = recording
            yield recording
