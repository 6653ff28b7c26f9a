"""The runner on a real server: order, repetition, failure, interruption."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress

from nats.js import api

from bus import codec, subjects
from bus.errors import EngineError, UndecodableEvent, VisavisError
from bus.events import (
    Body,
    DeadLetter,
    Event,
    LiveBody,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    StepFailed,
    TranscriptPartial,
    tag_of,
)
from bus.log import streams
from bus.log.event_log import EventLog
from bus.log.pull import PullSubscription
from bus.process.discovery import discover
from bus.work.executor import MAX_TRIES
from bus.work.runner import Runner
from bus.work.service import Handler, Output, Reader, Service


def said(number: int, conversation: str = "c1") -> Event:
    body = MessageReceived(message=f"m{number}", text=str(number))
    return Event(id=f"e{conversation}{number}", at=number, conversation=conversation, turn=f"t{number}", body=body)


def sentence(event: Event, index: int, text: str = "yes") -> ReplySentence:
    return ReplySentence(reply=f"r{event.turn}", index=index, text=text, character="ada")


async def echo(event: Event, reader: Reader) -> AsyncIterator[Output]:
    assert isinstance(event.body, MessageReceived)
    yield ReplyStarted(reply=f"r{event.turn}", character="ada", engine="echo")
    yield TranscriptPartial(utterance="u", text="on the way")
    yield sentence(event, 0, event.body.text)
    yield ReplyEnded(reply=f"r{event.turn}", sentences=1)


def service(handle: Handler, **more: object) -> Service:
    return Service(name="dialogue", consumes=(MessageReceived,), handle=handle, engine="echo", **more)  # type: ignore[arg-type]


@asynccontextmanager
async def running(event_log: EventLog, *services: Service, max_held: int = 1000) -> AsyncIterator[None]:
    workers = [asyncio.create_task(Runner(event_log, one, max_held=max_held).run()) for one in services]
    try:
        yield
    finally:
        for worker in workers:
            worker.cancel()
        for worker in workers:
            with suppress(asyncio.CancelledError):
                await worker


async def until(event_log: EventLog, kind: type[Body], count: int, conversation: str = "c1") -> list[Event]:
    """All events of a conversation once `count` of a kind are there."""
    seen: list[Event] = []
    async with (
        asyncio.timeout(30),
        aclosing(event_log.read(streams.CONVERSATIONS, subjects.facts_of(conversation), follow=True)) as records,
    ):
        async for record in records:
            with suppress(UndecodableEvent):
                seen.append(codec.decode_event(record.data))
            if sum(isinstance(event.body, kind) for event in seen) == count:
                break
    return seen


async def test_what_a_handler_yields_is_on_record_with_its_cause_and_turn(event_log: EventLog) -> None:
    async with running(event_log, service(echo)):
        await event_log.append(said(1))
        events = await until(event_log, ReplyEnded, 1)
    assert [tag_of(event.body) for event in events] == [
        "message.received",
        "reply.started",
        "reply.sentence",
        "reply.ended",
    ]
    assert {(event.cause, event.turn, event.conversation) for event in events[1:]} == {("ec11", "t1", "c1")}
    assert len({event.id for event in events}) == 4
    live = await event_log.last_live("live.c1.transcript_partial")
    assert live is not None
    assert isinstance(live.body, LiveBody)


async def test_one_conversation_goes_in_order_and_others_do_not_wait(event_log: EventLog) -> None:
    gate = asyncio.Event()

    async def slow_for_c1(event: Event, reader: Reader) -> AsyncIterator[Output]:
        if event.conversation == "c1":
            await gate.wait()
        yield sentence(event, 0)
        yield ReplyEnded(reply=f"r{event.turn}", sentences=1)

    async with running(event_log, service(slow_for_c1)):
        for number in range(4):
            await event_log.append(said(number))
        await event_log.append(said(9, "c2"))
        await until(event_log, ReplyEnded, 1, "c2")
        gate.set()
        events = await until(event_log, ReplyEnded, 4)
    replies = [event.turn for event in events if not isinstance(event.body, MessageReceived)]
    assert replies == ["t0", "t0", "t1", "t1", "t2", "t2", "t3", "t3"]


async def test_two_workers_share_and_repeat_nothing(event_log: EventLog) -> None:
    async with running(event_log, service(echo), service(echo)):
        for number in range(40):
            await event_log.append(said(number, f"c{number % 8}"))
        for number in range(8):
            events = await until(event_log, ReplyEnded, 5, f"c{number}")
            assert len(events) == 20


async def test_a_repeated_item_publishes_nothing_new(event_log: EventLog) -> None:
    tries = 0

    async def breaks_once(event: Event, reader: Reader) -> AsyncIterator[Output]:
        nonlocal tries
        tries += 1
        yield sentence(event, 0)
        if tries == 1:
            raise EngineError("the model fell over", retryable=True)
        yield ReplyEnded(reply=f"r{event.turn}", sentences=1)

    async with running(event_log, service(breaks_once)):
        await event_log.append(said(1))
        events = await until(event_log, ReplyEnded, 1)
    assert tries == 2
    assert [tag_of(event.body) for event in events] == ["message.received", "reply.sentence", "reply.ended"]


def tell(event: Event, error: VisavisError) -> Iterable[Body]:
    yield ReplyFailed(reply=f"r{event.turn}", code=error.code, detail=error.detail)


async def test_what_cannot_work_is_told_and_blocks_nothing(event_log: EventLog) -> None:
    async def refuses_one(event: Event, reader: Reader) -> AsyncIterator[Output]:
        assert isinstance(event.body, MessageReceived)
        if event.body.text == "1":
            raise EngineError("no such model", retryable=False, code="no_model")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    async with running(event_log, service(refuses_one, on_failure=tell)):
        await event_log.append(said(1))
        await event_log.append(said(2))
        events = await until(event_log, ReplyEnded, 1)
    assert [event.body for event in events if event.turn == "t1"][1:] == [
        StepFailed(service="dialogue", code="no_model", retryable=False, detail="no such model"),
        ReplyFailed(reply="rt1", code="no_model", detail="no such model"),
    ]


async def test_a_handler_that_always_breaks_ends_as_a_dead_letter(event_log: EventLog) -> None:
    async def broken(event: Event, reader: Reader) -> AsyncIterator[Output]:
        if event.turn == "t1":
            raise RuntimeError("a bug")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    async with running(event_log, service(broken, on_failure=tell, backoff=(0.01,))):
        await event_log.append(said(1))
        await event_log.append(said(2))
        await until(event_log, ReplyFailed, 1)
        letter = await dead_letter(event_log)
    assert (letter.service, letter.sequence, letter.code) == ("dialogue", 1, "internal")
    assert letter.deliveries == MAX_TRIES
    assert codec.decode_event(letter.data) == said(1)


async def dead_letter(event_log: EventLog) -> DeadLetter:
    async with asyncio.timeout(10), aclosing(event_log.read(streams.DEAD, "dead.>", follow=True)) as records:
        return codec.decode_dead_letter((await anext(records)).data)


async def test_garbage_is_put_aside_and_what_is_behind_it_flows(event_log: EventLog) -> None:
    await event_log.js.publish("conv.c1.message.received", b"\xff not an event")
    async with running(event_log, service(echo)):
        await event_log.append(said(1))
        letter = await dead_letter(event_log)
        assert letter.code == "undecodable_event"
        assert letter.data == b"\xff not an event"
        assert len(await until(event_log, ReplyEnded, 1)) == 4


async def test_an_interruption_stops_the_work_of_its_turn_only(event_log: EventLog) -> None:
    stopped = asyncio.Event()

    async def endless(event: Event, reader: Reader) -> AsyncIterator[Output]:
        yield sentence(event, 0)
        if event.turn == "t1":
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()
        yield ReplyEnded(reply=f"r{event.turn}", sentences=1)

    async with running(event_log, service(endless)):
        await event_log.append(said(1))
        await event_log.append(said(2))
        await until(event_log, ReplySentence, 1)
        cut = ReplyInterrupted(reply="rt1", heard="", by="button")
        await event_log.append(Event(id="x1", at=3, conversation="c1", turn="t1", cause="ec11", body=cut))
        async with asyncio.timeout(5):
            await stopped.wait()
        events = await until(event_log, ReplyEnded, 1)
    assert [event.turn for event in events if isinstance(event.body, ReplyEnded)] == ["t2"]


async def test_work_under_way_when_a_worker_stops_is_done_by_the_next(event_log: EventLog) -> None:
    started = asyncio.Event()

    async def hangs(event: Event, reader: Reader) -> AsyncIterator[Output]:
        yield sentence(event, 0)
        started.set()
        await asyncio.Event().wait()

    async with running(event_log, service(hangs)):
        await event_log.append(said(1))
        async with asyncio.timeout(5):
            await started.wait()

    async def finishes(event: Event, reader: Reader) -> AsyncIterator[Output]:
        yield sentence(event, 0)
        yield ReplyEnded(reply=f"r{event.turn}", sentences=1)

    async with running(event_log, service(finishes)):
        events = await until(event_log, ReplyEnded, 1)
    assert [tag_of(event.body) for event in events] == [
        "message.received",
        "reply.sentence",
        "service.step_repeated",
        "reply.ended",
    ]


async def test_services_answer_discovery_with_their_engine(event_log: EventLog) -> None:
    async with running(event_log, service(echo)):
        async with asyncio.timeout(10):
            while not (found := await discover(event_log, wait=0.1)):
                pass
    assert [(one.name, one.engine) for one in found] == [("dialogue", "echo")]


async def test_work_on_a_reply_that_was_cut_short_while_its_worker_was_dead_is_not_done(event_log: EventLog) -> None:
    started = asyncio.Event()

    async def hangs(event: Event, reader: Reader) -> AsyncIterator[Output]:
        started.set()
        await asyncio.Event().wait()
        yield sentence(event, 0)

    async with running(event_log, service(hangs)):
        await event_log.append(said(1))
        async with asyncio.timeout(5):
            await started.wait()
    cut = ReplyInterrupted(reply="rt1", heard="", by="speech")
    await event_log.append(Event(id="x1", at=3, conversation="c1", turn="t1", body=cut))
    async with running(event_log, service(echo)):
        await event_log.append(said(2))
        events = await until(event_log, ReplyEnded, 1)
    assert [event.turn for event in events if isinstance(event.body, ReplySentence)] == ["t2"]


async def test_a_reply_that_was_cut_short_before_its_first_worker_came_up_is_not_made(event_log: EventLog) -> None:
    await event_log.append(said(1))
    cut = ReplyInterrupted(reply="rt1", heard="", by="speech")
    await event_log.append(Event(id="x1", at=3, conversation="c1", turn="t1", body=cut))
    await event_log.append(said(2))
    async with running(event_log, service(echo)):
        events = await until(event_log, ReplyEnded, 1)
    assert [event.turn for event in events if isinstance(event.body, ReplySentence)] == ["t2"]


async def test_a_worker_that_may_hold_little_more_still_takes_short_work(event_log: EventLog) -> None:
    gate = asyncio.Event()

    async def some_wait(event: Event, reader: Reader) -> AsyncIterator[Output]:
        if event.conversation != "c1":
            await gate.wait()
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    async with running(event_log, service(some_wait, concurrency=10), max_held=10):
        for number in range(9):
            await event_log.append(said(0, f"long{number}"))
        for number in range(60):  # so many that short work is fetched ahead
            await event_log.append(said(number))
        assert len(await until(event_log, ReplyEnded, 60)) == 120
        gate.set()


async def test_a_request_that_the_server_forgets_is_noticed_at_once(event_log: EventLog) -> None:
    # Work that came between that and the next request used to wait, for up to a second.
    consumer = await event_log.js.add_consumer(streams.CONVERSATIONS, api.ConsumerConfig(durable_name="worker"))
    async with (
        PullSubscription(
            event_log.nc, streams.CONVERSATIONS, consumer.name, window=0, expires=1.0, heartbeat=0.4
        ) as pull,
        asyncio.timeout(10),
    ):
        for _ in range(2):
            await pull.request(2)
            assert await pull.next(timeout=60.0) is None
            assert pull.outstanding == 0
        await pull.request(1)
        await event_log.append(said(1))
        msg = await pull.next(timeout=60.0)
        assert msg is not None


async def test_a_worker_with_one_slot_takes_the_next_conversation_at_once(event_log: EventLog) -> None:
    async with running(event_log, service(echo, concurrency=1)):
        for number in range(40):
            await event_log.append(said(number, f"c{number}"))
        async with asyncio.timeout(20):  # it looks by itself only once a second
            for number in range(40):
                await until(event_log, ReplyEnded, 1, f"c{number}")
