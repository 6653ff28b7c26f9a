"""The links in memory follow the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import cast

import pytest

from bus.channel_events import LinkFact, LinkOffered, Unlinked
from bus.errors import BusError
from bus.log import streams
from bus.log.event_log import EventLog, Record
from bus.settings import Settings
from bus.stamping import new_link_event
from projections.people_reader import PeopleReader

OFFERED = LinkOffered(person="ann", channel="telegram", expires_at=9)


@pytest.fixture
async def reader(event_log: EventLog) -> AsyncIterator[PeopleReader]:
    reader = PeopleReader(event_log)
    task = asyncio.create_task(reader.run())
    yield reader
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def append(event_log: EventLog, link: str, body: LinkFact, after: int) -> int:
    return await event_log.append_link(new_link_event(body, link=link), after=after)


async def test_what_is_on_the_log_is_there_once_caught_up(event_log: EventLog, reader: PeopleReader) -> None:
    await reader.caught_up()  # with an empty log
    for place in range(20):
        await append(event_log, f"l{place}", OFFERED, 0)
    await reader.caught_up()
    assert [one.id for one in reader.people.links_of("ann")] == [f"l{place}" for place in range(20)]


async def test_an_own_event_can_be_waited_for(event_log: EventLog, reader: PeopleReader) -> None:
    offered = await append(event_log, "l1", OFFERED, 0)
    await reader.wait_until(await append(event_log, "l1", Unlinked(by="page"), offered))
    assert reader.people.links["l1"].state == "ended"


async def test_newest_links_that_were_erased_are_not_waited_for(event_log: EventLog) -> None:
    await append(event_log, "l1", OFFERED, 0)
    await event_log.delete_message(streams.PEOPLE, await append(event_log, "l2", OFFERED, 0))
    reader = PeopleReader(event_log)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(reader.run())
        await reader.caught_up()
        assert list(reader.people.links) == ["l1"]
        running.cancel()


async def test_a_reader_that_does_not_run_says_that_it_is_behind(event_log: EventLog) -> None:
    await append(event_log, "l1", OFFERED, 0)
    with pytest.raises(BusError, match="not read"):
        await PeopleReader(event_log, timeout=0.1).caught_up()


async def test_an_event_that_cannot_be_decoded_stops_nothing(event_log: EventLog, reader: PeopleReader) -> None:
    await event_log.publish(event_log.js, "link.l0", b"{}", "broken")
    await append(event_log, "l1", OFFERED, 0)
    await reader.caught_up()
    assert list(reader.people.links) == ["l1"]


async def test_a_log_that_was_emptied_is_read_anew(event_log: EventLog, reader: PeopleReader) -> None:
    for place in range(3):
        await append(event_log, f"l{place}", OFFERED, 0)
    await reader.caught_up()
    await event_log.js.delete_stream(streams.PEOPLE)
    await event_log.watch.check()
    await append(event_log, "new", OFFERED, 0)
    async with asyncio.timeout(20):
        while list(reader.people.links) != ["new"]:
            await reader.wait_for_change()


async def test_a_reader_ends_although_a_request_swallowed_its_cancellation(
    event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_consumer = event_log.js.add_consumer

    async def swallows(*arguments: object) -> object:
        """As `asyncio.wait_for` of Python 3.11 where the answer comes at the same moment."""
        info = await add_consumer(*arguments)  # type: ignore[arg-type]
        running.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        return info

    monkeypatch.setattr(event_log.js, "add_consumer", swallows)
    running = asyncio.create_task(PeopleReader(event_log).run())
    await asyncio.wait([running], timeout=10)
    assert running.cancelled()


class _LaggingNode:
    """A cluster whose leader has five events, and whose other node tells of three when it is first asked."""

    settings = Settings(nats_replicas=3)

    def __init__(self) -> None:
        self.looks = 0

    async def last_sequence(self, stream: str, *, retry_for: float) -> int:
        return 5

    async def last_message(self, subject: str) -> Record:
        self.looks += 1
        return Record(3 if self.looks == 1 else 5, "link.l5", b"", 0)


async def test_a_node_that_lags_behind_its_leader_is_asked_again() -> None:
    node = _LaggingNode()
    reader = PeopleReader(cast("EventLog", node), timeout=0.05)
    reader.position = 3
    with pytest.raises(BusError, match="event 5 of PEOPLE is not read"):
        await reader.caught_up()
    assert node.looks == 2
