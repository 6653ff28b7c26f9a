"""One process at a time does a named work.

A lease is the newest message on a subject of `LIVE`, renewed by compare-and-swap. Its age is told by the server's clock
alone, so clocks of machines do not matter. `LIVE` is in memory and gone with its server: whoever finds none then waits
as if a lease had just been renewed, and the holder renews it meanwhile.

While NATS is away nobody can take a lease over, so its holder works on. A holder that was frozen may for a moment work
beside its successor: what must not happen twice needs a fence of its own, as deliveries have.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from bus import subjects
from bus.cancellation import raise_if_cancelled
from bus.errors import BusError, Conflict
from bus.ids import new_id
from bus.log import streams
from bus.log.event_log import EventLog
from bus.log.records import Fence, Record

log = logging.getLogger(__name__)

TTL = 4.0
"""Seconds after which the lease of a process that has died can be taken over."""


class _Held(msgspec.Struct, frozen=True):
    """A renewal of a lease."""

    owner: str
    number: int
    """Makes each renewal another message."""
    released: bool = False


@dataclass(frozen=True)
class Lease:
    """A lease that this process holds."""

    name: str
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when another process has taken it over."""


@asynccontextmanager
async def hold(event_log: EventLog, name: str, *, ttl: float = TTL) -> AsyncIterator[Lease]:
    """Wait until no other process holds the lease of that name, and hold it while the context lasts.

    Args:
        name: of the work, as one token of a subject.
        ttl: seconds without a renewal after which it can be taken over; all processes must have the same.
    """
    claims = _Claims(event_log, name, ttl)
    await claims.take()
    log.info("holding the lease", extra={"lease": name})
    lease = Lease(name)
    renewing = asyncio.create_task(_renew(claims, lease, ttl))
    try:
        yield lease
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        if not lease.lost.is_set():
            with suppress(BusError):
                await claims.release()


async def run_alone(event_log: EventLog, name: str, work: Callable[[], Awaitable[None]], *, ttl: float = TTL) -> None:
    """Do a work while holding its lease: where another process takes it over, the work is cancelled, and begun again
    once the lease is free. Returns when the work does.

    Args:
        work: called each time that the lease is had.
    """
    while True:
        async with hold(event_log, name, ttl=ttl) as lease:
            working = asyncio.ensure_future(work())
            losing = asyncio.create_task(lease.lost.wait())
            try:
                await asyncio.wait((working, losing), return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    return await working
                log.warning("the lease was lost", extra={"lease": name})
            finally:
                losing.cancel()
                working.cancel()
                # Before the lease is released, or sought again.
                await asyncio.gather(working, losing, return_exceptions=True)
        raise_if_cancelled()


async def _renew(claims: _Claims, lease: Lease, ttl: float) -> None:
    while True:
        raise_if_cancelled()
        await asyncio.sleep(ttl / 4)
        try:
            if not await claims.renew():
                return lease.lost.set()
        except BusError as error:
            log.warning("the lease cannot be renewed yet", extra={"lease": lease.name, "why": error.detail})


class _Claims:
    """What this process writes on the subject of a lease."""

    def __init__(self, event_log: EventLog, name: str, ttl: float) -> None:
        self._event_log = event_log
        self._subject = subjects.lease(name)
        self._ttl = ttl
        self._owner = new_id("l")
        self._number = 0
        self._sequence = 0

    async def take(self) -> None:
        """Wait until the lease is free, and take it."""
        while True:
            try:
                newest = await self._event_log.last_message(self._subject)
                wait = await self._wait_for(newest)
                if wait <= 0 and await self._write(newest.sequence if newest else 0):
                    return
            except (BusError, NatsError, APIError, TimeoutError) as error:
                log.info("waiting for the lease", extra={"subject": self._subject, "why": repr(error)})
                self._event_log.watch.wake()  # the stream may have to be made again
                wait = self._ttl
            raise_if_cancelled()
            await asyncio.sleep(min(max(wait, 0.05), self._ttl / 4))

    async def _wait_for(self, newest: Record | None) -> float:
        """Seconds until the lease can be taken over, if nobody renews it."""
        if newest is not None:
            with suppress(msgspec.DecodeError):
                if msgspec.json.decode(newest.data, type=_Held).released:
                    return 0.0
            since = newest.time / 1_000_000
        else:
            info = await self._event_log.js.stream_info(streams.LIVE)
            assert info.created is not None
            since = info.created.replace(tzinfo=info.created.tzinfo or UTC).timestamp()
        return since + self._ttl - await self._event_log.server_time() / 1_000_000

    async def renew(self) -> bool:
        """Write the lease again; returns False if another process has taken it over."""
        while not await self._write(self._sequence):
            newest = await self._event_log.last_message(self._subject)
            if newest is not None:
                return self._is_own(newest)
            self._sequence = 0  # the stream was made again
        return True

    async def release(self) -> None:
        await self._write(self._sequence, released=True, retry_for=1.0)

    async def _write(self, after: int, *, released: bool = False, retry_for: float = 5.0) -> bool:
        """Write a renewal if the newest one is still that with a sequence; returns whether it is on the log."""
        self._number += 1
        data = msgspec.json.encode(_Held(self._owner, self._number, released))
        log_ = self._event_log
        fence = Fence(self._subject, after)
        try:
            published = await log_.publish(
                log_.js, self._subject, data, f"{self._owner}-{self._number}", fence, retry_for
            )
            self._sequence = published.sequence
            return True
        except Conflict:
            newest = await log_.last_message(self._subject)
            if newest is None or newest.data != data:
                return False
            self._sequence = newest.sequence  # stored by an earlier try whose acknowledgement was lost
            return True

    def _is_own(self, newest: Record) -> bool:
        with suppress(msgspec.DecodeError):
            if msgspec.json.decode(newest.data, type=_Held).owner == self._owner:
                self._sequence = newest.sequence
                return True
        return False
