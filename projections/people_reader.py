"""Keeps the links of people in memory, as they are on the log. The gateway and the channels have one each."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from bus import codec, subjects
from bus.errors import BusError, UndecodableEvent
from bus.log import streams
from bus.log.event_log import EventLog, Record
from projections.people import People

log = logging.getLogger(__name__)


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
        if self.position < await self._event_log.last_sequence(streams.PEOPLE, retry_for=self._timeout):
            # The very last events may have been erased: the newest one that is there counts.
            newest = await self._event_log.last_message(subjects.ALL_LINKS)
            await self.wait_until(newest.sequence if newest is not None else 0)

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
            log.warning("undecodable event of a link", extra={"sequence": record.sequence, "why": error.detail})
        self.position = record.sequence

    def _forget(self) -> None:
        self.people, self.position = People(), 0
