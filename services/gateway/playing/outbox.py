"""The facts of a session on their way to the log."""

from __future__ import annotations

import asyncio

from bus.cancellation import raise_if_cancelled
from bus.dropped import drop
from bus.events import Event
from bus.log.event_log import EventLog

MAX_UNPUBLISHED = 1000


class Outbox:
    """Appends facts to the log in the order in which they were put. At most 1000 wait; further ones are dropped.

    Args:
        session: whose facts they are.
    """

    def __init__(self, event_log: EventLog, session: str) -> None:
        self._event_log = event_log
        self._session = session
        self._unpublished: asyncio.Queue[Event] = asyncio.Queue(MAX_UNPUBLISHED)
        self._first: Event | None = None
        """What is being appended, or could not be: it comes before all others."""

    def put(self, *events: Event) -> None:
        for event in events:
            if self._unpublished.full():
                drop("facts", session=self._session, kind=type(event.body).__name__)
            else:
                self._unpublished.put_nowait(event)

    async def run(self) -> None:
        """Append what is put, until cancelled.

        Raises:
            BusError: NATS was away for 30 s, or refuses.
        """
        while True:
            await self._append(self._first or await self._unpublished.get())
            raise_if_cancelled()  # the request may have swallowed it, and nothing may be left to publish

    async def flush(self) -> None:
        """Append what has been put by now; raises as `run`."""
        while self._first or not self._unpublished.empty():
            await self._append(self._first or self._unpublished.get_nowait())

    async def _append(self, event: Event) -> None:
        self._first = event
        await self._event_log.append(event)
        if self._first is event:  # `flush` may have gone on meanwhile
            self._first = None
