"""Slots for work, given out fairly: a free one goes to whoever has the fewest, not to whoever queues the most. Of one
owner's work, what is needed first goes first."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heapify, heappush


class FairSlots:
    """A semaphore between owners. Of those who have equally many, the one that was served longest ago comes first."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, list[tuple[float, int, asyncio.Future[None]]]] = {}
        """By owner, a heap by when it is needed, and as it came where that is equal."""
        self._served: dict[str, int] = {}
        """When an owner was served last, of those who have or want something."""
        self._moments = itertools.count()

    @property
    def is_full(self) -> bool:
        """Whether whoever comes now has to wait."""
        return self._free == 0

    @asynccontextmanager
    async def slot(self, owner: str, due: float = 0.0) -> AsyncIterator[None]:
        """Have a slot while the context lasts.

        Args:
            due: of an owner's work, what is needed earlier has less.
        """
        if self._free:
            self._free -= 1
            self._serve(owner)
        else:
            await self._wait(owner, due)
        try:
            yield
        finally:
            self._release(owner)

    async def _wait(self, owner: str, due: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting.setdefault(owner, []), (due, next(self._moments), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release(owner)  # it was given at that moment
            else:
                self._forget(owner, turn)
            raise

    def _serve(self, owner: str) -> None:
        self._taken[owner] += 1
        self._served[owner] = next(self._moments)

    def _release(self, owner: str) -> None:
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]
            if owner not in self._waiting:
                self._served.pop(owner, None)
        while self._waiting:
            following = min(self._waiting, key=lambda one: (self._taken[one], self._served.get(one, -1)))
            turn = self._waiting[following][0][2]
            self._forget(following, turn)
            if not turn.done():  # else whoever waited was cancelled a moment ago
                self._serve(following)
                turn.set_result(None)
                return
        self._free += 1

    def _forget(self, owner: str, turn: asyncio.Future[None]) -> None:
        """Remove one that waits, if it still does."""
        queue = [one for one in self._waiting.get(owner, []) if one[2] is not turn]
        heapify(queue)
        if queue:
            self._waiting[owner] = queue
        else:
            self._waiting.pop(owner, None)
