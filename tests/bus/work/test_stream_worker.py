"""A worker on one stream, on a real server: order, delays, dead letters, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from nats.js import api

from bus.errors import EngineError, UndecodableEvent, VisavisError
from bus.log import dead_letters, streams
from bus.log.dead_letters import Requeuer
from bus.log.event_log import EventLog, connect
from bus.log.records import Record
from bus.process.drain import Drain
from bus.process.metrics import Metrics
from bus.settings import Settings
from bus.work.executor import MAX_TRIES
from bus.work.stream_worker import StreamHandler, StreamItem, StreamWork, StreamWorker
from tests.conftest import NatsServer


def key(record: Record) -> str | None:
    """The part of the message before the colon; "skip" is for nobody."""
    if record.data.startswith(b"\xff"):
        raise UndecodableEvent("no text")
    name = record.data.decode().partition(":")[0]
    if name == "bug":
        raise KeyError(name)
    return None if name == "skip" else name


def work(handle: StreamHandler, concurrency: int = 8) -> StreamWork:
    return StreamWork(
        name="inbox", stream=streams.INBOX, subjects=("inbox.>",), key=key, handle=handle, concurrency=concurrency,
        lease=1.0, backoff=(0.01,),
    )  # fmt: skip


class Handled:
    """A handler that remembers what it was given, in the order in which it was done."""

    def __init__(self) -> None:
        self.words: list[str] = []

    async def __call__(self, item: StreamItem) -> float | None:
        await asyncio.sleep(0)
        self.words.append(item.record.data.decode())
        return None

    def of(self, name: str) -> list[str]:
        return [word for word in self.words if word.startswith(f"{name}:")]

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.words) < count:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    event_log: EventLog, stream_work: StreamWork, metrics: Metrics | None = None, max_held: int = 1000
) -> AsyncIterator[StreamWorker]:
    worker = StreamWorker(event_log, stream_work, metrics, max_held=max_held)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def store(event_log: EventLog, *words: str, first: int = 0) -> None:
    for number, word in enumerate(words, first):
        await event_log.append_inbox("test", "a", f"{number}", word.encode("latin-1"))


async def letters(event_log: EventLog, count: int) -> Sequence[dead_letters.StoredDeadLetter]:
    async with asyncio.timeout(20):
        while len(found := [one async for one in dead_letters.read_all(event_log)]) < count:
            await asyncio.sleep(0.02)
    return found


async def acknowledged(event_log: EventLog, sequence: int) -> None:
    async with asyncio.timeout(20):
        while (info := await event_log.consumer_info(streams.INBOX, "inbox")).ack_floor is None or (
            info.ack_floor.stream_seq < sequence
        ):
            await asyncio.sleep(0.02)


async def test_messages_of_a_key_are_handled_in_order_and_others_do_not_wait(event_log: EventLog) -> None:
    gate, handled = asyncio.Event(), Handled()

    async def handle(item: StreamItem) -> float | None:
        if item.record.data.startswith(b"slow"):
            await gate.wait()
        return await handled(item)

    await store(event_log, "slow:0", "slow:1", "skip:x", "quick:0", "quick:1", "slow:2")
    async with running(event_log, work(handle)):
        await handled.wait_for(2)
        assert handled.words == ["quick:0", "quick:1"]
        gate.set()
        await handled.wait_for(5)
        await acknowledged(event_log, 6)
    assert handled.of("slow") == ["slow:0", "slow:1", "slow:2"]


async def test_thousands_are_drained_in_order_while_few_are_held(event_log: EventLog) -> None:
    handled = Handled()
    words = [f"{'abc'[number % 3]}:{number}" for number in range(1500)]
    for number, word in enumerate(words):
        await event_log.nc.publish(f"inbox.test.a.{number}", word.encode())
    async with running(event_log, work(handled), max_held=50) as worker:
        await handled.wait_for(1500)
        await acknowledged(event_log, 1500)
        assert worker.held() == 0
    for name in "abc":
        assert handled.of(name) == [word for word in words if word.startswith(name)]


async def test_a_handler_that_asks_for_a_delay_keeps_the_later_ones_of_its_key_waiting(event_log: EventLog) -> None:
    handled = Handled()
    tries: list[str] = []

    async def handle(item: StreamItem) -> float | None:
        word = item.record.data.decode()
        tries.append(word)
        return 60.0 if word == "a:0" and tries.count(word) < 3 else await handled(item)

    await store(event_log, "a:0", "a:1", "b:0")
    async with running(event_log, work(handle, concurrency=1)) as worker:
        await handled.wait_for(1)  # although only one is handled at once
        assert handled.words == ["b:0"]
        async with asyncio.timeout(20):
            while len(handled.words) < 3:
                worker.wake("a")
                await asyncio.sleep(0.01)
    assert handled.words == ["b:0", "a:0", "a:1"]
    assert tries.count("a:0") == 3


async def test_what_fails_is_tried_again_and_then_put_aside_and_the_next_one_flows(event_log: EventLog) -> None:
    handled, metrics = Handled(), Metrics("inbox")
    tries: list[str] = []

    async def handle(item: StreamItem) -> float | None:
        word = item.record.data.decode()
        tries.append(word)
        match word:
            case "a:away":
                raise EngineError("the model is away", retryable=True)
            case "a:refused":
                raise VisavisError("never", code="refused")
            case "a:broken":
                raise ZeroDivisionError
        return await handled(item)

    await store(event_log, "a:away", "a:refused", "\xff\xff", "a:broken", "bug:", "a:fine")
    async with running(event_log, work(handle), metrics):
        await handled.wait_for(1)
        found = await letters(event_log, 5)
        await acknowledged(event_log, 6)
    assert handled.words == ["a:fine"]
    assert {name: tries.count(name) for name in tries} == {
        "a:away": MAX_TRIES, "a:refused": 1, "a:broken": MAX_TRIES, "a:fine": 1,
    }  # fmt: skip
    about = {(one.letter.code, one.letter.sequence, one.letter.stream, one.service) for one in found if one.letter}
    assert about == {
        ("engine_failed", 1, "INBOX", "inbox"),
        ("refused", 2, "INBOX", "inbox"),
        ("undecodable_event", 3, "INBOX", "inbox"),
        ("internal", 4, "INBOX", "inbox"),
        ("internal", 5, "INBOX", "inbox"),
    }
    totals = metrics.totals()
    assert (totals.outcomes["done"], totals.outcomes["failed"], totals.dead_letters) == (1, 3, 5)
    assert totals.retries == 2 * (MAX_TRIES - 1)


async def test_what_is_handled_is_finished_at_the_end_and_the_rest_is_given_back_in_order(event_log: EventLog) -> None:
    gate, begun, handled = asyncio.Event(), asyncio.Event(), Handled()
    drain, metrics = Drain(None), Metrics("inbox")

    async def handle(item: StreamItem) -> float | None:
        word = item.record.data.decode()
        if word == "later:0":
            return 60.0
        if word == "a:0":
            begun.set()
            await gate.wait()
        return await handled(item)

    await store(event_log, "later:0", "later:1", "a:0", "a:1", "b:0")
    worker = StreamWorker(event_log, work(handle, concurrency=1), metrics, drain=drain)
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(30):
        await begun.wait()
        drain.begin()
        while not metrics.draining:
            await asyncio.sleep(0.01)
        await store(event_log, "c:0", first=5)
        gate.set()
        await task
    assert handled.words == ["a:0"]
    async with running(event_log, work(handled)):
        await handled.wait_for(6)
        await acknowledged(event_log, 6)
    assert sorted(handled.words) == ["a:0", "a:1", "b:0", "c:0", "later:0", "later:1"]
    assert handled.of("later") == ["later:0", "later:1"]


async def test_a_requeued_dead_letter_is_handled_again_as_it_was_stored(event_log: EventLog) -> None:
    items: list[StreamItem] = []
    handled = Handled()

    async def handle(item: StreamItem) -> float | None:
        items.append(item)
        if not item.requeued:
            raise VisavisError("not today", code="refused")
        return await handled(item)

    await store(event_log, "a:0")
    async with running(event_log, work(handle)):
        (letter,) = await letters(event_log, 1)
        await Requeuer(event_log).requeue(letter)
        await handled.wait_for(1)
    first, again = items
    assert (again.record.sequence, again.record.subject) == (first.record.sequence, first.record.subject)
    assert (first.requeued, again.requeued) == (0, 1)
    assert await event_log.last_sequence(streams.DEAD) == 1
    assert [one async for one in dead_letters.read_all(event_log)] == []


async def test_what_a_dead_worker_held_is_not_overtaken(
    settings: Settings, event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled = Handled()
    look = event_log.consumer_info

    async def look_slowly(stream: str, name: str) -> api.ConsumerInfo:
        info = await look(stream, name)
        await asyncio.sleep(0.3)  # meanwhile the later messages come
        return info

    monkeypatch.setattr(event_log, "consumer_info", look_slowly)
    begun = asyncio.Event()

    async def never(item: StreamItem) -> float | None:
        begun.set()
        await asyncio.Event().wait()
        return None

    await store(event_log, "a:0", "a:1")
    async with connect(settings, name="dying") as dying, running(dying, work(never)):
        await begun.wait()
        await dying.nc.close()
        await store(event_log, "a:2", "a:3", first=2)
        async with running(event_log, work(handled)):
            await handled.wait_for(4)
    assert handled.words == ["a:0", "a:1", "a:2", "a:3"]


async def test_what_is_not_done_is_given_back_in_order(event_log: EventLog) -> None:
    handled = Handled()
    begun = asyncio.Event()

    async def never(item: StreamItem) -> float | None:
        begun.set()
        await asyncio.Event().wait()
        return None

    await store(event_log, "a:0", "a:1", "a:2")
    async with running(event_log, work(never)):
        await begun.wait()
    async with running(event_log, work(handled)):
        await handled.wait_for(3)
    assert handled.words == ["a:0", "a:1", "a:2"]


async def test_a_restart_of_nats_loses_and_repeats_nothing(nats_server: NatsServer, event_log: EventLog) -> None:
    handled = Handled()
    await store(event_log, "a:0", "b:0")
    async with running(event_log, work(handled)):
        await handled.wait_for(2)
        nats_server.kill()
        nats_server.start()
        await store(event_log, "a:1", "b:1", first=2)
        await handled.wait_for(4)
        await acknowledged(event_log, 4)
    assert sorted(handled.words) == ["a:0", "a:1", "b:0", "b:1"]


async def test_a_deleted_consumer_is_made_again(event_log: EventLog) -> None:
    handled = Handled()
    await store(event_log, "a:0")
    async with running(event_log, work(handled)):
        await handled.wait_for(1)
        await event_log.js.delete_consumer(streams.INBOX, "inbox")
        await store(event_log, "a:1", first=1)
        await handled.wait_for(2)
    assert handled.words == ["a:0", "a:1"]


async def test_on_a_stream_made_again_it_begins_anew(event_log: EventLog) -> None:
    handled = Handled()
    watching = asyncio.create_task(event_log.watch.run())
    await store(event_log, "a:old")
    async with running(event_log, work(handled)):
        await handled.wait_for(1)
        await event_log.js.delete_stream(streams.INBOX)
        event_log.watch.wake()
        await event_log.append_inbox("test", "a", "0", b"a:new")
        await handled.wait_for(2)
    watching.cancel()
    assert handled.words == ["a:old", "a:new"]
