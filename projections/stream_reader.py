"""Keeps the state of a small stream in memory, as it is on the log."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import aclosing

from bus.dropped import drop
from bus.errors import BusError, UndecodableEvent
from bus.log.event_log import EventLog, Record

_LOOKS = 4
_BETWEEN_LOOKS = 0.1
"""Seconds before the second look, twice that before the third, and so on."""


class StreamReader(ABC):
    """Follows a stream from its beginning, and has what a subclass folds of it.

    Args:
        timeout: seconds that a call waits for the log.
    """

    stream: str
    subject: str
    """Those that are read, with wildcards."""

    def __init__(self, event_log: EventLog, *, timeout: float = 8.0) -> None:
        self._event_log = event_log
        self._timeout = timeout
        self._changed = asyncio.Condition()
        self.position = 0
        """Stream sequence of the newest event that was folded in."""

    @abstractmethod
    def apply(self, record: Record) -> None:
        """Fold an event in.

        Raises:
            UndecodableEvent: it is left out.
        """

    @abstractmethod
    def reset(self) -> None:
        """Begin anew: the stream was replaced by another one."""

    async def run(self) -> None:
        """Follow the log until cancelled; where it was replaced by another one, from the beginning of that one."""
        following = self._event_log.follow_anew(self.stream, self.subject, on_replaced=self._forget)
        async with aclosing(following) as records:
            async for record in records:
                try:
                    self.apply(record)
                except UndecodableEvent as error:
                    drop("undecodable", subject=record.subject, sequence=record.sequence, why=error.detail)
                self.position = record.sequence
                async with self._changed:
                    self._changed.notify_all()

    async def caught_up(self) -> None:
        """Wait until every event that is on the log now is folded in.

        Raises:
            BusError: NATS is away, or this is far behind the log.
        """
        end = await self._event_log.last_sequence(self.stream, retry_for=self._timeout)
        if self.position < end:
            await self.wait_until(await self._newest(end))

    async def _newest(self, end: int) -> int:
        """Sequence of the newest event that is there: the very last ones may have been erased. 0 if there is none.

        Args:
            end: of the stream, as the cluster's leader tells it; another node may not have it yet when it is asked.
        """
        found = 0
        for look in range(_LOOKS if self._event_log.settings.nats_replicas > 1 else 1):
            await asyncio.sleep(look * _BETWEEN_LOOKS)
            newest = await self._event_log.last_message(self.subject)
            found = newest.sequence if newest is not None else 0
            if found >= end or self.position >= end:
                break
        return found

    async def wait_until(self, sequence: int) -> None:
        """Wait until the event of this sequence is folded in.

        Raises:
            BusError: it is not after `timeout` seconds.
        """
        try:
            async with asyncio.timeout(self._timeout), self._changed:
                await self._changed.wait_for(lambda: self.position >= sequence)
        except TimeoutError:
            raise BusError(f"event {sequence} of {self.stream} is not read after {self._timeout} s") from None

    async def wait_for_change(self) -> None:
        """Wait until another event is folded in."""
        async with self._changed:
            await self._changed.wait()

    def _forget(self) -> None:
        self.position = 0
        self.reset()
