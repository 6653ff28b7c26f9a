"""Leases on a real server: one process at a time, taken over after a death, across restarts of NATS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.work.lease import hold, run_alone
from tests.conftest import NatsServer

TTL = 0.8


class Rooms:
    """Counts the processes that do the work at the same time."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.most = 0
        self.entered: list[str] = []

    async def work(self, name: str) -> None:
        self.inside.append(name)
        self.entered.append(name)
        self.most = max(self.most, len(self.inside))
        try:
            await asyncio.Event().wait()
        finally:
            self.inside.remove(name)

    async def wait_until_inside(self, name: str) -> None:
        async with asyncio.timeout(30):
            while self.inside != [name]:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def alone(event_log: EventLog, rooms: Rooms, name: str) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(run_alone(event_log, "poller", lambda: rooms.work(name), ttl=TTL))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_one_process_at_a_time_and_the_next_one_at_once_after_a_clean_stop(event_log: EventLog) -> None:
    rooms = Rooms()
    async with alone(event_log, rooms, "first") as first:
        await rooms.wait_until_inside("first")
        async with alone(event_log, rooms, "second"):
            await asyncio.sleep(2 * TTL)
            assert rooms.inside == ["first"]
            first.cancel()
            await rooms.wait_until_inside("second")
    assert rooms.entered == ["first", "second"]
    assert rooms.most == 1


async def test_other_works_have_leases_of_their_own(event_log: EventLog) -> None:
    async with asyncio.timeout(20), hold(event_log, "a", ttl=TTL), hold(event_log, "b", ttl=TTL):
        pass


async def test_the_lease_of_a_process_that_has_died_is_taken_over(settings: Settings, event_log: EventLog) -> None:
    rooms = Rooms()
    async with connect(settings, name="dying") as dying, alone(dying, rooms, "dying"):
        await rooms.wait_until_inside("dying")
        await dying.nc.close()  # it renews no more, and cannot release
        rooms.inside.clear()
        try:
            async with alone(event_log, rooms, "heir"):
                await rooms.wait_until_inside("heir")
        finally:
            rooms.inside.append("dying")


async def test_a_holder_that_was_frozen_is_told_that_another_has_taken_over(event_log: EventLog) -> None:
    async with asyncio.timeout(20), hold(event_log, "poller", ttl=TTL) as lease:
        # As by a process that found the lease too old.
        await event_log.js.publish("live.lease.poller", b'{"owner":"another","number":1,"released":false}')
        await lease.lost.wait()
    newest = await event_log.last_message("live.lease.poller")
    assert newest is not None
    assert b"another" in newest.data


async def test_work_whose_lease_was_lost_is_cancelled_and_waits_for_it_again(event_log: EventLog) -> None:
    rooms = Rooms()
    async with alone(event_log, rooms, "first"):
        await rooms.wait_until_inside("first")
        await event_log.js.publish("live.lease.poller", b'{"owner":"another","number":1,"released":false}')
        async with asyncio.timeout(20):
            while rooms.inside:
                await asyncio.sleep(0.01)
        await rooms.wait_until_inside("first")
    assert rooms.entered == ["first", "first"]


async def test_a_restart_of_nats_lets_the_holder_keep_it(nats_server: NatsServer, event_log: EventLog) -> None:
    rooms = Rooms()
    watching = asyncio.create_task(event_log.watch.run())  # makes LIVE again, as in every process of a service
    async with alone(event_log, rooms, "first"):
        await rooms.wait_until_inside("first")
        async with alone(event_log, rooms, "second"):
            nats_server.kill()
            await asyncio.sleep(1.5 * TTL)
            nats_server.start()
            async with asyncio.timeout(30):
                while (newest := await event_log.last_message("live.lease.poller")) is None:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(2 * TTL)
            assert newest is not None
            assert rooms.entered == ["first"]
    watching.cancel()
    assert rooms.most == 1
