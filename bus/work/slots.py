"""The places of a worker in which items are handled; who waits for one is served by when it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush


class Slots:
    """So many places, given to those who wait in the order of their `due`, and as they came where that is equal."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        """A heap."""
        self._came = 0

    @asynccontextmanager
    async def place(self, due: float) -> AsyncIterator[None]:
        """A place for as long as the context lasts.

        Args:
            due: what is needed earlier has less.
        """
        await self._take(due)
        try:
            yield
        finally:
            self._free += 1
            self._give()

    async def _take(self, due: float) -> None:
        free: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._came += 1
        heappush(self._waiting, (due, self._came, free))
        self._give()
        try:
            await free
        except asyncio.CancelledError:
            if free.done() and not free.cancelled():  # it was given meanwhile
                self._free += 1
                self._give()
            raise

    def _give(self) -> None:
        while self._free and self._waiting:
            _, _, free = heappop(self._waiting)
            if not free.done():  # who waited may have been cancelled
                self._free -= 1
                free.set_result(None)
