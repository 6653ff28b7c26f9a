"""What the workers of one service announce to each other: which work items each holds, and which are done.

`bus.work.ordering` needs it to keep a conversation in order across workers. The messages go over core NATS on
`work.<service>` and are not stored. A lost message only makes another worker wait longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable
from contextlib import aclosing

import msgspec
from cachetools import FIFOCache
from msgspec import Struct

from bus import subjects
from bus.dropped import drop
from bus.ids import new_id
from bus.log.event_log import EventLog

log = logging.getLogger(__name__)

_MAX_DONE = 4096
_PEER_ANNOUNCE_DELAY = 0.1
"""Seconds that a new worker waits until its peers have received its announcement."""


class PeerMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From one worker to all others of its service. Work items are named by their stream sequence, which is never 0."""

    worker: str
    holds: tuple[int, ...] | None = None
    """All items that the worker holds: its heartbeat."""
    took: int = 0
    done: int = 0
    new: bool = False
    """The worker has just started; its peers answer with what they hold."""
    returned: tuple[tuple[int, int], ...] = ()
    """Items that the worker gives back without having begun on them: each with the number of its deliveries."""
    leaves: bool = False


class PeerState:
    """What one worker knows of its peers. Pure: time is an argument, in seconds.

    Args:
        lease: seconds; a worker that is silent for a lease and a third holds nothing any more.
    """

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._last_heard: dict[str, float] = {}
        self._held: dict[str, set[int]] = {}
        self._done: FIFOCache[int, None] = FIFOCache(_MAX_DONE)
        self._returned: FIFOCache[int, int] = FIFOCache(_MAX_DONE)

    def apply(self, message: PeerMessage, now: float) -> None:
        self._last_heard[message.worker] = now
        if message.leaves:
            # The worker still counts as alive: what it gave back is on its way to others, who must not overtake it.
            self._held.pop(message.worker, None)
            return
        held = self._held.setdefault(message.worker, set())
        if message.holds is not None:
            held.clear()
            held.update(message.holds)
        self._returned.update(message.returned)
        if message.took:
            held.add(message.took)
        if message.done:
            held.discard(message.done)
            self.mark_done(message.done)

    def mark_done(self, sequence: int) -> None:
        """Remember that an item is done, whichever worker did it."""
        self._done[sequence] = None

    def is_done(self, sequence: int) -> bool:
        return sequence in self._done

    def was_returned(self, sequence: int, deliveries: int) -> bool:
        """Whether the worker that had the delivery before this one gave the item back without having begun on it."""
        return deliveries > 1 and self._returned.get(sequence) == deliveries - 1

    def any_alive(self, now: float) -> bool:
        """Whether another worker was heard within a lease and a third, one that left included."""
        if not self._last_heard:
            return False
        for worker in [one for one, heard in self._last_heard.items() if now - heard > self._lease * 4 / 3]:
            self._last_heard.pop(worker, None)
            self._held.pop(worker, None)
        return bool(self._last_heard)

    def any_holds(self, sequence: int, now: float) -> bool:
        """Whether another worker holds this item."""
        return self.any_alive(now) and any(sequence in held for held in self._held.values())


class Peers:
    """Exchanges messages with the other workers of a service.

    Args:
        held: sequences of the items that this worker holds; read for each heartbeat.
    """

    def __init__(self, event_log: EventLog, service: str, lease: float, held: Collection[int]) -> None:
        self._event_log = event_log
        self._subject = subjects.worker_messages(service)
        self._lease = lease
        self._held = held
        self._worker = new_id("w")
        self._changed = asyncio.Event()
        self._subscribed = asyncio.Event()
        self.state = PeerState(lease)

    def alone(self) -> bool:
        """Whether no other worker of this service is known."""
        return not self.state.any_alive(asyncio.get_running_loop().time())

    def any_holds(self, sequence: int) -> bool:
        """Whether another worker holds this item."""
        return self.state.any_holds(sequence, asyncio.get_running_loop().time())

    async def listen(self) -> None:
        """Apply the messages of the peers and answer new workers, until cancelled."""
        messages = self._event_log.subscribe_core(self._subject, subscribed=self._subscribed)
        async with aclosing(messages):
            async for _, data in messages:
                try:
                    message = msgspec.json.decode(data, type=PeerMessage)
                except msgspec.DecodeError as error:
                    drop("undecodable", subject=self._subject, why=str(error))
                    continue
                if message.worker == self._worker:
                    continue
                self.state.apply(message, asyncio.get_running_loop().time())
                if message.new:
                    await self._publish(PeerMessage(worker=self._worker, holds=tuple(self._held)))
                self._changed.set()

    async def send_heartbeats(self) -> None:
        """Announce every third of a lease what this worker holds, until cancelled."""
        while True:
            await asyncio.sleep(self._lease / 3)
            await self._publish(PeerMessage(worker=self._worker, holds=tuple(self._held)))

    async def announce_start(self) -> None:
        """Make this worker known to its peers, before it takes its first item."""
        await self._subscribed.wait()
        await self._publish(PeerMessage(worker=self._worker, holds=(), new=True))
        await asyncio.sleep(_PEER_ANNOUNCE_DELAY)

    async def announce_taken(self, sequence: int) -> None:
        if not self.alone():
            await self._publish(PeerMessage(worker=self._worker, took=sequence))

    async def announce_done(self, sequence: int) -> None:
        self.state.mark_done(sequence)
        self._changed.set()
        if not self.alone():
            await self._publish(PeerMessage(worker=self._worker, done=sequence))

    async def announce_returned(self, returned: Iterable[tuple[int, int]]) -> None:
        """Announce which items are given back without having been begun on: each with the number of its deliveries."""
        await self._publish(PeerMessage(worker=self._worker, holds=tuple(self._held), returned=tuple(returned)))

    async def announce_stop(self) -> None:
        await self._publish(PeerMessage(worker=self._worker, leaves=True))

    async def wait_for_change(self, timeout: float) -> None:
        """Wait for the next message or finished item, `timeout` seconds at the most."""
        self._changed.clear()
        try:
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _publish(self, message: PeerMessage) -> None:
        # While NATS is away no peer would get it, and nats-py would send it late.
        if self._event_log.connected:
            await self._event_log.publish_core(self._subject, msgspec.json.encode(message))
