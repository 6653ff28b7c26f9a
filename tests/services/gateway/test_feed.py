"""The gateway's own read model follows its log, and only that one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bus.errors import BusError
from bus.events import ConversationOpened, Event, MessageReceived
from bus.log.event_log import EventLog
from projections.read_model import ReadModel
from projections.view import Changes
from services.gateway.feed import Feed
from services.gateway.subscriptions import FoldedFact, Subscription
from tests.services.gateway.conftest import FullDisk


def opened(conversation: str) -> Event:
    body = ConversationOpened(person="p", character="ada")
    return Event(id=f"o-{conversation}", at=1, conversation=conversation, body=body)


def said(number: int) -> Event:
    body = MessageReceived(message=f"m{number}", text=str(number))
    return Event(id=f"m-{number}", at=number, conversation="c", turn=f"t{number}", body=body)


@asynccontextmanager
async def following(event_log: EventLog, model: ReadModel) -> AsyncIterator[Feed]:
    one = Feed(event_log, model, retry_delay=0.05)
    running = asyncio.create_task(one.run())
    try:
        async with asyncio.timeout(10):
            await one.caught_up.wait()
        yield one
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_long_log_is_caught_up_with_and_followed(event_log: EventLog, tmp_path: Path) -> None:
    for number in range(1200):
        await event_log.append(said(number))
    model = ReadModel(tmp_path / "model")
    async with following(event_log, model) as one:
        assert model.position == 1200
        await one.wait_until_applied(await event_log.append(said(1200)))
        found = model.conversation("c")
    assert found is not None
    assert [turn.id for turn in found.turns] == [f"t{number}" for number in range(1201)]


@pytest.mark.parametrize("events_on_the_new_log", [0, 1, 5])
async def test_a_read_model_of_another_log_is_built_anew(
    event_log: EventLog, tmp_path: Path, events_on_the_new_log: int
) -> None:
    model = ReadModel(tmp_path / "model")
    model.apply_events([(sequence, said(100 + sequence)) for sequence in range(1, 4)])
    for number in range(events_on_the_new_log):
        await event_log.append(opened(f"new{number}"))
    async with following(event_log, model):
        assert model.position == events_on_the_new_log
        assert model.conversation("c") is None


async def test_undecodable_records_are_skipped(event_log: EventLog, tmp_path: Path) -> None:
    await event_log.js.publish("conv.c.message.received", b"\x00")
    await event_log.append(said(1))
    model = ReadModel(tmp_path / "model")
    async with following(event_log, model) as one:
        with one.subscribe("c") as subscription:
            await event_log.js.publish("conv.c.message.received", b"\x00")
            await event_log.js.publish("live.c.transcript_partial", b"\x00")
            sequence = await event_log.append(said(2))
            async with asyncio.timeout(5):
                news = await anext(subscription.news())
        await one.wait_until_applied(sequence)
    assert isinstance(news, FoldedFact)
    assert news.sequence == sequence
    assert model.undecodable == 2


async def test_a_disk_that_is_full_for_a_while_costs_time_and_no_event(event_log: EventLog, tmp_path: Path) -> None:
    model = FullDisk(tmp_path / "model")
    model.refusals = 3
    async with following(event_log, model) as one:
        await one.wait_until_applied(await event_log.append(said(1)))
        assert model.conversation("c") is not None
        with pytest.raises(BusError, match="not in the read model"):
            await one.wait_until_applied(99, timeout=0.1)


async def test_a_subscriber_that_reads_too_slowly_is_cut_off_after_what_was_kept() -> None:
    subscription = Subscription("c", asyncio.Queue(3))
    facts = [FoldedFact(number, said(number), Changes()) for number in range(5)]
    for fact in facts:
        subscription.put(fact)
    assert [news async for news in subscription.news()] == facts[:3]


async def test_a_fact_is_folded_once_for_all_subscribers_before_the_read_model_has_it(
    event_log: EventLog, tmp_path: Path
) -> None:
    model = FullDisk(tmp_path / "model")
    async with following(event_log, model) as one:
        await one.wait_until_applied(await event_log.append(said(1)))
        model.refusals = 10**9
        with one.subscribe("c") as first, one.subscribe("c") as second:
            await event_log.append(said(2))
            async with asyncio.timeout(5):
                news = await anext(first.news())
                assert await anext(second.news()) is news
            # A subscriber that comes now begins after what is read, though it is not written.
            assert [turn.id for turn in one.state_of("c").turns] == ["t1", "t2"]
        known = model.conversation("c")
        assert known is not None
        assert len(known.turns) == 1
        assert [turn.id for turn in one.state_of("c").turns] == ["t1", "t2"]
        with one.subscribe("c") as late:
            await event_log.append(said(3))
            async with asyncio.timeout(5):
                news = await anext(late.news())
        assert isinstance(news, FoldedFact)
        assert isinstance(news.changes.turns, tuple)
        assert [(changed.place, changed.turn.id) for changed in news.changes.turns] == [(2, "t3")]
        model.refusals = 0


async def news_end(subscription: Subscription) -> None:
    async with asyncio.timeout(30):
        async for _ in subscription.news():
            pass


async def applied(feed: Feed, events: int) -> None:
    async with asyncio.timeout(30):
        while feed.model.position != events or not feed.caught_up.is_set():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("change", ["deleted", "emptied"])
async def test_where_the_log_vanishes_the_read_model_begins_anew_and_subscriptions_end(
    event_log: EventLog, tmp_path: Path, change: str
) -> None:
    model = ReadModel(tmp_path / "model")
    async with following(event_log, model) as one:
        for number in range(30):
            await event_log.append(said(number))
        await applied(one, 30)
        with one.subscribe("c") as subscription:
            if change == "deleted":
                await event_log.js.delete_stream("CONVERSATIONS")
            else:
                await event_log.js.purge_stream("CONVERSATIONS")
            await news_end(subscription)
        sequence = await event_log.append(opened("new"))
        await one.wait_until_applied(sequence, timeout=30)
        assert model.conversation("new") is not None
        assert model.conversation("c") is None
        with one.subscribe("new") as subscription:  # what comes now is news again
            body = MessageReceived(message="m", text="hello")
            await event_log.append(Event(id="e", at=1, conversation="new", turn="t", body=body))
            async with asyncio.timeout(30):
                news = await anext(subscription.news())
        assert isinstance(news, FoldedFact)


@pytest.mark.parametrize("change", ["removed", "older", "newer"])
async def test_a_read_model_whose_file_is_taken_away_or_swapped_is_built_anew(
    event_log: EventLog, tmp_path: Path, change: str
) -> None:
    other = ReadModel(tmp_path / "other")
    count = {"removed": 0, "older": 1, "newer": 9}[change]
    other.apply_events([(sequence, said(100 + sequence)) for sequence in range(1, count + 1)])
    other.close()
    model = ReadModel(tmp_path / "model")
    async with following(event_log, model) as one:
        for number in range(5):
            await event_log.append(said(number))
        await applied(one, 5)
        if change == "removed":
            for suffix in ("", "-wal", "-shm"):
                model.path.with_name(f"model{suffix}").unlink()
        else:
            (tmp_path / "other").rename(model.path)
        async with asyncio.timeout(30):
            while not model.has_its_file():
                await asyncio.sleep(0.02)
        await applied(one, 5)
        found = model.conversation("c")
        assert found is not None
        assert [turn.id for turn in found.turns] == [f"t{number}" for number in range(5)]
        assert model.search("p", "4") == []  # the file can be read by others
