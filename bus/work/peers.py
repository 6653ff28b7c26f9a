"""What the workers of one service tell one another: which pieces of work each holds, and which are done.

With it a conversation's work stays in order across workers. It is said on a core subject, `work.<service>`, not on the
log: nobody needs it later. What is lost on the way only makes somebody wait longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection
from contextlib import aclosing

import msgspec
from msgspec import Struct

from bus import subjects
from bus.ids import new_id
from bus.log.event_log import EventLog

log = logging.getLogger(__name__)

_REMEMBERED = 4096
_SETTLE = 0.1
"""Seconds that a new worker waits for the others to learn of it."""


class PeerMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One worker to all others of its service. Pieces of work are named by their stream sequence."""

    worker: str
    holds: tuple[int, ...] | None = None
    """All that it holds; said now and then."""
    took: int = 0
    done: int = 0
    new: bool = False
    """It has just come; the others answer with what they hold."""
    leaves: bool = False


class PeerState:
    """What one worker knows of the others. Pure: time is an argument, in seconds.

    Args:
        lease: seconds after which a worker that says nothing holds nothing any more.
    """

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._heard: dict[str, float] = {}
        self._holds: dict[str, set[int]] = {}
        self._done: OrderedDict[int, None] = OrderedDict()

    def note(self, note: PeerMessage, now: float) -> None:
        self._heard[note.worker] = now
        if note.leaves:
            # What it gave back is on its way to others; until it is there, one looks before one begins.
            self._holds.pop(note.worker, None)
            return
        holds = self._holds.setdefault(note.worker, set())
        if note.holds is not None:
            holds.clear()
            holds.update(note.holds)
        if note.took:
            holds.add(note.took)
        if note.done:
            holds.discard(note.done)
            self.finished(note.done)

    def finished(self, sequence: int) -> None:
        """This piece of work is done, by whomever."""
        self._done[sequence] = None
        while len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)

    def is_done(self, sequence: int) -> bool:
        return sequence in self._done

    def any(self, now: float) -> bool:
        """Whether there is another worker, or was within a lease and a third, one that left included."""
        if not self._heard:
            return False
        for worker in [one for one, heard in self._heard.items() if now - heard > self._lease * 4 / 3]:
            self._forget(worker)
        return bool(self._heard)

    def hold(self, sequence: int, now: float) -> bool:
        """Whether another worker has this piece of work in hand."""
        return self.any(now) and any(sequence in holds for holds in self._holds.values())

    def _forget(self, worker: str) -> None:
        self._heard.pop(worker, None)
        self._holds.pop(worker, None)


class Peers:
    """One worker's side of the talk.

    Args:
        held: sequences of what this worker holds, as it is at any time.
    """

    def __init__(self, event_log: EventLog, service: str, lease: float, held: Collection[int]) -> None:
        self._event_log = event_log
        self._subject = subjects.worker_messages(service)
        self._lease = lease
        self._held = held
        self._me = new_id("w")
        self._changed = asyncio.Event()
        self._subscribed = asyncio.Event()
        self.others = PeerState(lease)

    def alone(self) -> bool:
        """Whether no other worker of this service is known."""
        return not self.others.any(asyncio.get_running_loop().time())

    def hold(self, sequence: int) -> bool:
        """Whether another worker has this piece of work in hand."""
        return self.others.hold(sequence, asyncio.get_running_loop().time())

    async def listen(self) -> None:
        """Hear the others, for ever, and answer those who come new."""
        async with aclosing(self._event_log.subscribe_core(self._subject, subscribed=self._subscribed)) as notes:
            async for _, data in notes:
                try:
                    note = msgspec.json.decode(data, type=PeerMessage)
                except msgspec.DecodeError as error:
                    log.warning("undecodable note", extra={"subject": self._subject, "why": str(error)})
                    continue
                if note.worker == self._me:
                    continue
                self.others.note(note, asyncio.get_running_loop().time())
                if note.new:
                    await self._say(PeerMessage(worker=self._me, holds=tuple(self._held)))
                self._changed.set()

    async def keep_saying(self) -> None:
        """For ever: say that this worker is there, and what it holds."""
        while True:
            await asyncio.sleep(self._lease / 3)
            await self._say(PeerMessage(worker=self._me, holds=tuple(self._held)))

    async def arrive(self) -> None:
        """Make oneself known before taking the first work."""
        await self._subscribed.wait()
        await self._say(PeerMessage(worker=self._me, holds=(), new=True))
        await asyncio.sleep(_SETTLE)

    async def took(self, sequence: int) -> None:
        if not self.alone():
            await self._say(PeerMessage(worker=self._me, took=sequence))

    async def done(self, sequence: int) -> None:
        self.others.finished(sequence)
        self._changed.set()
        if not self.alone():
            await self._say(PeerMessage(worker=self._me, done=sequence))

    async def leave(self) -> None:
        await self._say(PeerMessage(worker=self._me, leaves=True))

    async def news(self, timeout: float) -> None:
        """Wait until something has changed, or so many seconds."""
        self._changed.clear()
        try:
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _say(self, note: PeerMessage) -> None:
        # While NATS is away nobody would hear it.
        if self._event_log.connected:
            await self._event_log.publish_core(self._subject, msgspec.json.encode(note))
