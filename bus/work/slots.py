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

    Who has fewest places, alone and with the others of the network, comes first; of those who have equally many, who
    has just come, and then whoever was served longest ago. Those who have just come, and what one person waits for, are
    served in the order of `due`, and as they came where that is equal.

    Args:
        reserved: places that a person, or a network, does not get who has all the others: where they are held for long,
            whoever comes next would wait for long.
    """

    def __init__(self, count: int, *, reserved: int = 0) -> None:
        self._places = self._free = count
        self._most = count - reserved
        """Places that one person, or one network, may have."""
        self._taken: Counter[str] = Counter()
        """Places by person, and by network."""
        self._wanted: Counter[str] = Counter()
        """The same of what waits."""
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
        self._wanted.update(filter(None, owner))
        heappush(self._waiting.setdefault(owner, []), (due, next(self._count), free))
        if self._most_taken(owner) < self._most:  # else nobody can have a place who could not before
            self._give()
        try:
            await free
        except asyncio.CancelledError:
            if free.done() and not free.cancelled():  # it was given meanwhile
                self._release(owner)
            else:
                self._remove(owner, free)
            raise

    def _release(self, owner: Owner) -> None:
        self._free += 1
        for name in filter(None, owner):
            self._taken[name] -= 1
            self._forget(name)
        self._give()

    def _give(self) -> None:
        while self._free and self._waiting:
            following = min(self._waiting, key=self._place_in_line)
            if self._most_taken(following) >= self._most:
                return
            _, _, free = self._waiting[following][0]
            if not free.done():  # who waited may have been cancelled
                self._free -= 1
                for name in filter(None, following):
                    self._taken[name] += 1
                    self._served[name] = next(self._count)
                free.set_result(None)
            self._remove(following, free)

    def _most_taken(self, owner: Owner) -> int:
        """The places of a person, or of the network, whichever has more."""
        return max(self._taken[owner.person], self._taken[owner.network])

    def _place_in_line(self, owner: Owner) -> tuple[int, int, int, int, tuple[float, int]]:
        """Who has the least comes first."""
        person, network = (self._served.get(name, -1) for name in owner)
        due = self._waiting[owner][0][:2]
        return self._most_taken(owner), max(person, network), self._taken[owner.person], person, due

    def _remove(self, owner: Owner, free: asyncio.Future[None]) -> None:
        """Remove one that waits, where it still does."""
        waiting = self._waiting.get(owner, [])
        if waiting and waiting[0][2] is free:
            heappop(waiting)
        else:
            left = [one for one in waiting if one[2] is not free]
            if len(left) == len(waiting):
                return
            waiting[:] = left
            heapify(waiting)
        if not waiting:
            del self._waiting[owner]
        for name in filter(None, owner):
            self._wanted[name] -= 1
            self._forget(name)

    def _forget(self, name: str) -> None:
        """Forget when somebody was served who neither has nor wants anything."""
        for counts in (self._taken, self._wanted):
            if not counts[name]:
                del counts[name]
        if name not in self._taken and name not in self._wanted:
            self._served.pop(name, None)
