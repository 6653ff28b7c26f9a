"""The watch over the streams: what counts as another log, and what is said of it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import pytest
from nats.aio.msg import Msg

from bus.errors import BusError, Forbidden
from bus.log import streams
from bus.log.connection import Connection
from bus.log.event_log import EventLog
from bus.log.log_watch import LogWatch
from bus.settings import Settings
from tests.bus.work.helpers import message_event
from tests.conftest import NatsServer


class BusyLog:
    """A connection to a log on which a message is stored and read while the answer to a request is on its way."""

    def __init__(self, event_log: EventLog, settings: Settings) -> None:
        self._event_log = event_log
        self.stats = event_log.nc.stats
        self.watch = LogWatch(cast("Connection", self), event_log.js, settings)
        self.stored = 0

    async def request(self, *arguments: Any, **options: Any) -> Msg:
        answer = await self._event_log.nc.request(*arguments, **options)
        self.stored += 1
        await self._event_log.append(message_event(self.stored))
        record = await self._event_log.last_message("conv.c1.message.received")
        assert record is not None
        self.watch.see("CONVERSATIONS", record.sequence, record.time)
        return answer


async def test_a_message_read_while_the_state_of_its_stream_is_asked_for_is_no_sign_of_another_log(
    event_log: EventLog, settings: Settings
) -> None:
    busy = BusyLog(event_log, settings)
    for _ in range(3):
        assert await busy.watch.check() == {}
    assert busy.stored
    assert busy.watch.problem == ""


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, Any]]:
    """Level and stream of what the watch has logged."""
    records = [one for one in caplog.records if one.name == "bus.log.log_watch"]
    return [(one.levelname, one.__dict__["stream"]) for one in records]


async def test_the_stream_in_memory_is_made_again_after_a_restart_without_a_warning(
    event_log: EventLog, nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await event_log.watch.check()
    nats_server.kill()
    nats_server.start()
    async with asyncio.timeout(30):
        while "LIVE" not in await event_log.watch.check():
            await asyncio.sleep(0.05)
    assert said(caplog) == [("INFO", "LIVE")]


async def test_a_stream_on_disk_that_was_deleted_is_warned_of(
    event_log: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    await event_log.watch.check()
    await event_log.js.delete_stream("DEAD")
    assert "DEAD" in await event_log.watch.check()
    assert {level for level, stream in said(caplog) if stream == "DEAD"} == {"WARNING"}


class CountingLog:
    """A connection that notes what is asked; its user may not ask for everything."""

    def __init__(self, event_log: EventLog, *, may_list: bool) -> None:
        self._event_log = event_log
        self._may_list = may_list
        self.asked: list[str] = []
        self.stats = event_log.nc.stats

    async def request(self, subject: str, *arguments: Any, **options: Any) -> Msg:
        self.asked.append(subject.removeprefix("$JS.API.STREAM."))
        if self.asked[-1] == "LIST" and not self._may_list:
            raise Forbidden("this user may not")
        return await self._event_log.nc.request(subject, *arguments, **options)


async def test_all_streams_are_looked_at_with_one_request_where_that_is_allowed(
    event_log: EventLog, settings: Settings
) -> None:
    one = CountingLog(event_log, may_list=True)
    watch = LogWatch(cast("Connection", one), event_log.js, settings)
    for _ in range(2):
        assert await watch.check() == {}
    assert one.asked == ["LIST", "LIST"]
    assert (watch.problem, set(watch.sizes)) == ("", set(streams.NAMES))

    denied = CountingLog(event_log, may_list=False)
    watch = LogWatch(cast("Connection", denied), event_log.js, settings)
    for _ in range(2):
        assert await watch.check() == {}
    every = [f"INFO.{name}" for name in streams.NAMES]
    assert (denied.asked[0], sorted(denied.asked[1:])) == ("LIST", sorted(2 * every))


async def test_a_server_that_answers_and_stores_nothing_is_a_problem_until_it_stores_or_is_started_again(
    event_log: EventLog, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never_stores(*arguments: object, **options: object) -> None:
        raise TimeoutError

    watching = asyncio.create_task(event_log.watch.run())
    problem = "NATS does not store on CONVERSATIONS: its disk is full, or nodes are away"
    try:
        for number in (1, 2):
            with monkeypatch.context() as full:
                full.setattr(event_log.js, "publish", never_stores)
                with pytest.raises(BusError):
                    await event_log.append(message_event(number), retry_for=0.1)
            assert event_log.watch.problem == problem
            if number == 1:
                await event_log.append(message_event(number))
            else:
                nats_server.kill()
                nats_server.start()
            async with asyncio.timeout(30):
                while event_log.watch.problem:
                    await asyncio.sleep(0.05)
    finally:
        watching.cancel()
        await asyncio.wait([watching])
