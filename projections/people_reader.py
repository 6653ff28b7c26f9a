"""Keeps the links of people in memory, as they are on the log. The gateway and the channels have one each."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from bus import codec, subjects
from bus.dropped import drop
from bus.errors import BusError, UndecodableEvent
from bus.log import streams
from bus.log.event_log import EventLog, Record
from projections.people import People

_LOOKS = 4
_BETWEEN_LOOKS = 0.1
"""Seconds before the second look, twice that before the third, and so on."""


class PeopleReader:
    """Follows the stream `PEOPLE`, and has its links.

    Args:
        timeout: seconds that a call waits for the log.
    """

    def __init__(self, event_log: EventLog, *, timeout: float = 8.0) -> None:
        self._event_log = event_log
        self._timeout = timeout
        self._changed = asyncio.Condition()
        self.people = People()
        self.position = 0
        """Stream sequence of the newest event that was folded in."""

    async def run(self) -> None:
        """Follow the log until cancelled; where it was replaced by another one, from the beginning of that one."""
        following = self._event_log.follow_anew(streams.PEOPLE, subjects.ALL_LINKS, on_replaced=self._forget)
        async with aclosing(following) as records:
            async for record in records:
                self._apply(record)
                async with self._changed:
                    self._changed.notify_all()

    async def caught_up(self) -> None:
        """Wait until every event that is on the log now is folded in.

        Raises:
            BusError: NATS is away, or this is far behind the log.
        """
        end = await self._event_log.last_sequence(streams.PEOPLE, retry_for=self._timeout)
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
            newest = await self._event_log.last_message(subjects.ALL_LINKS)
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
            raise BusError(f"event {sequence} of the links is not read after {self._timeout} s") from None

    async def wait_for_change(self) -> None:
        """Wait until another event is folded in."""
        async with self._changed:
            await self._changed.wait()

    def _apply(self, record: Record) -> None:
        try:
            self.people.apply(record.sequence, codec.decode_link_event(record.data))
        except UndecodableEvent as error:
            drop("undecodable", subject=record.subject, sequence=record.sequence, why=error.detail)
        self.position = record.sequence

    def _forget(self) -> None:
        self.people, self.position = People(), 0
