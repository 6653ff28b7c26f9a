"""Several workers of one service: order, fairness, and work of workers that died."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import msgspec
import pytest

from bus.events import Event, MessageReceived, ReplyEnded, ReplyFailed, ReplySentence, StepRepeated
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.log.pull import PullSubscription
from bus.settings import Settings
from bus.work.consumers import consumer_configs
from bus.work.peers import PeerMessage, PeerState
from bus.work.runner import Runner
from bus.work.service import Output, Reader, Service
from tests.bus.work.helpers import message_event, read_until, reply_failed, running, sentence, service
from tests.conftest import NatsServer
from tests.proxy import Wire


async def takes_a_while(event: Event, reader: Reader) -> AsyncIterator[Output]:
    yield sentence(event, 0)
    await asyncio.sleep(0.03)
    yield ReplyEnded(reply=f"r{event.turn}", sentences=1)


def turns_of(events: list[Event]) -> list[str | None]:
    return [event.turn for event in events if not isinstance(event.body, MessageReceived)]


async def test_a_conversation_stays_in_order_across_three_workers(event_log: EventLog, settings: Settings) -> None:
    seen: set[int] = set()

    def worker(number: int) -> Service:
        async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
            seen.add(number)
            async for output in takes_a_while(event, reader):
                yield output

        return service(handle)

    async with connect(settings, name="b") as second, connect(settings, name="c") as third:
        runners = [Runner(one, worker(number)) for number, one in enumerate((event_log, second, third))]
        tasks = [asyncio.create_task(one.run()) for one in runners]
        await asyncio.sleep(0.5)
        for number in range(12):
            for conversation in ("c1", "c2"):
                await event_log.append(message_event(number, conversation))
        for conversation in ("c1", "c2"):
            events = await read_until(event_log, ReplyEnded, 12, conversation)
            in_order = [f"t{number}" for number in range(12) for _ in range(2)]
            assert turns_of(events) == in_order
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert len(seen) > 1


async def test_the_item_of_a_dead_worker_is_handled_before_the_next_one(event_log: EventLog) -> None:
    one = service(takes_a_while, lease=1.0)
    for stream, config in consumer_configs(one):
        await event_log.js.add_consumer(stream, config)
    await event_log.append(message_event(1))
    async with PullSubscription(event_log.nc, streams.CONVERSATIONS, one.name, window=0) as dead:
        await dead.request(1)
        assert await dead.next(timeout=5) is not None
    await event_log.append(message_event(2))
    await event_log.append(message_event(3, "c2"))
    async with running(event_log, one):
        await read_until(event_log, ReplyEnded, 1, "c2")
        events = await read_until(event_log, ReplyEnded, 2)
    ended = [event.turn for event in events if isinstance(event.body, ReplyEnded)]
    assert ended == ["t1", "t2"]


@pytest.mark.parametrize("deaths", [6, 20])
async def test_an_item_that_kills_its_workers_becomes_a_dead_letter_and_one_that_only_waited_is_done(
    event_log: EventLog, deaths: int
) -> None:
    one = service(takes_a_while, lease=0.5, on_failure=reply_failed)
    for stream, config in consumer_configs(one):
        await event_log.js.add_consumer(stream, config)
    await event_log.append(message_event(1))
    async with PullSubscription(event_log.nc, streams.CONVERSATIONS, one.name, window=0) as dead:
        for number in range(deaths):
            await dead.request(1)
            msg = await dead.next(timeout=5)
            assert msg is not None
            await msg.nak()
            if number % 2:  # the other half die before they claim the item
                claim = StepRepeated(service=one.name, event=message_event(1).id)
                event = Event(
                    id=f"x{number}", at=1, conversation="c1", turn="t1", cause=message_event(1).id, body=claim
                )
                await event_log.claim("conv", event)
    await event_log.append(message_event(2))
    async with running(event_log, one):
        events = await read_until(event_log, ReplyEnded, 1 + (deaths < 10))
    failed = [event.turn for event in events if isinstance(event.body, ReplyFailed)]
    ended = [event.turn for event in events if isinstance(event.body, ReplyEnded)]
    assert (failed, ended) == (([], ["t1", "t2"]) if deaths < 10 else (["t1"], ["t2"]))


async def test_a_busy_conversation_does_not_starve_the_others(event_log: EventLog) -> None:
    gate = asyncio.Event()

    async def slow_for_c1(event: Event, reader: Reader) -> AsyncIterator[Output]:
        if event.conversation == "c1":
            await gate.wait()
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    async with running(event_log, service(slow_for_c1, concurrency=2)):
        for number in range(40):
            await event_log.append(message_event(number))
        await event_log.append(message_event(1, "c2"))
        await read_until(event_log, ReplyEnded, 1, "c2")
        gate.set()
        events = await read_until(event_log, ReplyEnded, 40)
    assert [event.turn for event in events if isinstance(event.body, ReplyEnded)] == [f"t{n}" for n in range(40)]


async def test_a_worker_cut_off_for_longer_than_its_lease_is_refused_afterwards(
    event_log: EventLog, settings: Settings, nats_server: NatsServer
) -> None:
    mended, stopped = asyncio.Event(), asyncio.Event()

    async def cut_off(event: Event, reader: Reader) -> AsyncIterator[Output]:
        try:
            yield sentence(event, 0, "of the first")
            await mended.wait()
            yield sentence(event, 1, "of the first")
        finally:
            stopped.set()

    async def other(event: Event, reader: Reader) -> AsyncIterator[Output]:
        yield sentence(event, 0, "of the other")
        yield sentence(event, 1, "of the other")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=2)

    wire = Wire(nats_server.port)
    async with wire.strung():
        far = msgspec.structs.replace(settings, nats_url=f"nats://127.0.0.1:{wire.port}")
        async with connect(far, name="far") as far_log, running(far_log, service(cut_off, lease=0.5)):
            await event_log.append(message_event(1))
            await read_until(event_log, ReplySentence, 1)
            wire.cut()
            async with running(event_log, service(other, lease=0.5)):
                await read_until(event_log, ReplyEnded, 1)
            wire.mend()
            mended.set()
            async with asyncio.timeout(20):
                await stopped.wait()
        events = await read_until(event_log, ReplyEnded, 1)
    published = [event.body.text for event in events if isinstance(event.body, ReplySentence)]
    assert published == ["of the first", "of the other"]


def test_a_silent_peer_is_forgotten_after_a_lease_and_a_third() -> None:
    state = PeerState(lease=3.0)
    state.apply(PeerMessage(worker="w1", holds=(), new=True), 0.0)
    state.apply(PeerMessage(worker="w1", took=7), 1.0)
    assert state.any_holds(7, 4.9)
    assert not state.any_holds(8, 4.9)
    assert not state.any_holds(7, 5.1)
    assert not state.any_alive(5.1)


def test_an_item_that_a_peer_has_done_is_remembered_and_no_longer_held() -> None:
    state = PeerState(lease=3.0)
    state.apply(PeerMessage(worker="w1", took=7), 0.0)
    state.apply(PeerMessage(worker="w1", done=7), 0.1)
    assert state.is_done(7)
    assert not state.any_holds(7, 0.2)
    state.apply(PeerMessage(worker="w1", took=8), 0.2)
    state.apply(PeerMessage(worker="w1", leaves=True), 0.3)
    assert not state.any_holds(8, 0.4)
    assert state.any_alive(0.4), "what it gave back may not have arrived yet"
    assert not state.any_alive(4.4)
    assert state.is_done(7)


@pytest.mark.parametrize("undecodable", [b"\xff", json.dumps({"worker": 1}).encode()])
async def test_an_undecodable_one_among_peer_messages_stops_no_worker(event_log: EventLog, undecodable: bytes) -> None:
    async with running(event_log, service(takes_a_while)):
        await asyncio.sleep(0.2)
        await event_log.publish_core("work.dialogue", undecodable)
        await event_log.append(message_event(1))
        assert len(await read_until(event_log, ReplyEnded, 1)) == 3
