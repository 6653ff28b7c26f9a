"""Keeps in memory which keys hold and which cookies are over, as it is on the log."""

from __future__ import annotations

import asyncio

from bus import codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.errors import BusError
from bus.log import streams
from bus.log.event_log import EventLog, Record
from projections.access import Access
from projections.stream_reader import StreamReader

_PAUSE = 0.5
"""Seconds before NATS is asked again."""


class AccessReader(StreamReader):
    """Follows the stream `ACCESS`."""

    stream = streams.ACCESS
    subject = subjects.ALL_ACCESS

    def __init__(self, event_log: EventLog, *, timeout: float = 8.0) -> None:
        super().__init__(event_log, timeout=timeout)
        self.access = Access()
        self._unread = asyncio.Event()
        self._unread.set()

    @property
    def is_read(self) -> bool:
        """Whether the stream was read to its end; before that, a cookie or a key that is over may look valid."""
        return not self._unread.is_set()

    async def run(self) -> None:
        """Follow the log until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._notice_end())
            await super().run()

    async def _notice_end(self) -> None:
        while True:
            raise_if_cancelled()
            await self._unread.wait()
            try:
                await self.caught_up()
                self._unread.clear()
            except BusError:
                await asyncio.sleep(_PAUSE)

    def apply(self, record: Record) -> None:
        self.access.apply(record.sequence, codec.decode_access_event(record.data))

    def reset(self) -> None:
        self._unread.set()
        self.access = Access()
