"""The places of a worker in which items are handled: shared out among persons, and given by when they are needed."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heapify, heappop, heappush


class Slots:
    """So many places, shared out among owners, however much one of them asks for.

    Of the owners that have equally many places, the one that was served longest ago comes first; who has just come was
    never. What one owner waits for is served in the order of its `due`, and as it came where that is equal.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, list[tuple[float, int, asyncio.Future[None]]]] = {}
        """A heap for each owner."""
        self._served: dict[str, int] = {}
        """When an owner was served last, of those who have or want something."""
        self._count = itertools.count()

    @property
    def is_full(self) -> bool:
        """Whether whoever comes now has to wait."""
        return self._free == 0

    @asynccontextmanager
    async def place(self, due: float, owner: str = "") -> AsyncIterator[None]:
        """A place for as long as the context lasts.

        Args:
            due: what is needed earlier has less.
            owner: whose work it is.
        """
        await self._take(due, owner)
        try:
            yield
        finally:
            self._release(owner)

    async def _take(self, due: float, owner: str) -> None:
        free: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting.setdefault(owner, []), (due, next(self._count), free))
        self._give()
        try:
            await free
        except asyncio.CancelledError:
            if free.done() and not free.cancelled():  # it was given meanwhile
                self._release(owner)
            else:
                self._forget(owner, free)
            raise

    def _release(self, owner: str) -> None:
        self._free += 1
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]
            if owner not in self._waiting:
                self._served.pop(owner, None)
        self._give()

    def _give(self) -> None:
        while self._free and self._waiting:
            following = min(
                self._waiting,
                key=lambda one: (self._taken[one], self._served.get(one, -1), self._waiting[one][0][:2]),
            )
            _, _, free = heappop(self._waiting[following])
            if not self._waiting[following]:
                del self._waiting[following]
            if not free.done():  # who waited may have been cancelled
                self._free -= 1
                self._taken[following] += 1
                self._served[following] = next(self._count)
                free.set_result(None)

    def _forget(self, owner: str, free: asyncio.Future[None]) -> None:
        """Remove one that was cancelled, if it still waits."""
        left = [one for one in self._waiting.get(owner, []) if one[2] is not free]
        if left:
            heapify(left)
            self._waiting[owner] = left
        else:
            self._waiting.pop(owner, None)
