"""The places of a worker in which items are handled: shared out among persons and networks, and given by when they are
needed."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heapify, heappop, heappush
from typing import NamedTuple


class Owner(NamedTuple):
    """Whose work something is."""

    person: str = ""
    network: str = ""
    """That the person is in; empty: none that is known."""


NOBODY = Owner()


class Slots:
    """So many places, shared out among persons and networks, however much one of them asks for.

    Who has fewest places, alone and with the others of the network, comes first; of those who have equally many,
    whoever was served longest ago; who has just come was never. What one person waits for is served in the order of its
    `due`, and as it came where that is equal.

    Args:
        reserved: places that nobody, and no network, gets who has all the others: where they are held for long, whoever
            comes next would wait for long.
    """

    def __init__(self, count: int, *, reserved: int = 0) -> None:
        self._places = self._free = count
        self._most = count - reserved
        """Places that one person, or one network, may have."""
        self._taken: Counter[str] = Counter()
        """By person, and by network."""
        self._waiting: dict[Owner, list[tuple[float, int, asyncio.Future[None]]]] = {}
        """A heap for each owner."""
        self._served: dict[str, int] = {}
        """When a person, or a network, was served last, of those who have or want something."""
        self._count = itertools.count()

    @property
    def is_used(self) -> bool:
        """Whether somebody has a place, so that it matters whose the next one is."""
        return self._free < self._places

    @asynccontextmanager
    async def place(self, due: float, owner: Owner = NOBODY) -> AsyncIterator[None]:
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

    async def _take(self, due: float, owner: Owner) -> None:
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

    def _release(self, owner: Owner) -> None:
        self._free += 1
        self._taken -= Counter(filter(None, owner))
        self._forget_served(owner)
        self._give()

    def _give(self) -> None:
        while self._free and self._waiting:
            following = min(self._waiting, key=self._place_in_line)
            if self._place_in_line(following)[0] >= self._most:
                return
            _, _, free = heappop(self._waiting[following])
            if not self._waiting[following]:
                del self._waiting[following]
            if free.done():  # who waited may have been cancelled
                self._forget_served(following)
                continue
            self._free -= 1
            for name in filter(None, following):
                self._taken[name] += 1
                self._served[name] = next(self._count)
            free.set_result(None)

    def _place_in_line(self, owner: Owner) -> tuple[int, int, int, int, tuple[float, int]]:
        """Who has the least comes first: the places of the person or of the network, whichever has more, and so on."""
        person, network = owner
        taken, served = self._taken[person], self._served.get(person, -1)
        most_taken, last_served = max(taken, self._taken[network]), max(served, self._served.get(network, -1))
        return most_taken, last_served, taken, served, self._waiting[owner][0][:2]

    def _forget(self, owner: Owner, free: asyncio.Future[None]) -> None:
        """Remove one that was cancelled, if it still waits."""
        left = [one for one in self._waiting.get(owner, []) if one[2] is not free]
        if left:
            heapify(left)
            self._waiting[owner] = left
        else:
            self._waiting.pop(owner, None)
            self._forget_served(owner)

    def _forget_served(self, owner: Owner) -> None:
        """Forget when somebody was served who neither has nor wants anything."""
        for name in owner:
            if name not in self._taken and not any(name in one for one in self._waiting):
                self._served.pop(name, None)
