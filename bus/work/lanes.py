"""Queues of held messages, one for each key; a queue can be paused as a whole."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Generic, NamedTuple, TypeVar

from nats.aio.msg import Msg

T = TypeVar("T")


class Place(NamedTuple):
    """Where a message is stored."""

    stream: str
    sequence: int


@dataclass
class Held(Generic[T]):
    """A message that this process holds."""

    place: Place
    order: tuple[int, int]
    """Messages of a key go in this order; no two are equal."""
    msg: Msg
    """Its newest delivery, which has to be acknowledged."""
    item: T
    failures: int = 0


@dataclass
class _Lane(Generic[T]):
    waiting: list[tuple[tuple[int, int], Held[T]]] = field(default_factory=list)
    """A heap."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Lanes(Generic[T]):
    """The held messages by key."""

    def __init__(self) -> None:
        self.held: dict[Place, Held[T]] = {}
        self.in_order = asyncio.Event()
        """Whether no older message can come any more than those that are held."""
        self._lanes: dict[str, _Lane[T]] = {}

    def held_of(self, stream: str) -> int:
        """Number of held messages of a stream."""
        return sum(place.stream == stream for place in self.held)

    def push(self, key: str, held: Held[T]) -> bool:
        """Add a message; returns whether its queue is a new one, which has to be served."""
        self.held[held.place] = held
        lane = self._lanes.get(key)
        if is_new := lane is None:
            lane = self._lanes[key] = _Lane()
        heappush(lane.waiting, (held.order, held))
        return is_new

    async def oldest(self, key: str) -> Held[T] | None:
        """The oldest message of a key, once no older one can come; None if there is none, and the queue is over."""
        if not self._lanes[key].waiting:
            del self._lanes[key]
            return None
        await self.in_order.wait()
        return self._lanes[key].waiting[0][1]

    def release(self, key: str, held: Held[T]) -> None:
        """Remove a message."""
        waiting = self._lanes[key].waiting
        if waiting[0][1] is held:
            heappop(waiting)
        else:  # an older one has come meanwhile
            waiting[:] = sorted(one for one in waiting if one[1] is not held)
        del self.held[held.place]

    async def pause(self, key: str, seconds: float) -> None:
        """Wait before the next message of a key, or until it is woken."""
        woken = self._lanes[key].woken
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await woken.wait()
        woken.clear()

    def wake(self, key: str) -> None:
        """End the pause of a key; the next one, if there is none."""
        if (lane := self._lanes.get(key)) is not None:
            lane.woken.set()
