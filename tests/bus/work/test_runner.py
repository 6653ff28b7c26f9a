"""One worker on a real server: order, retries, failures, interruptions, prefetching."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest
from nats.js import api

from bus import codec
from bus.errors import BusError, EngineError
from bus.events import (
    DeadLetter,
    Event,
    LiveBody,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    StepFailed,
    tag_of,
)
from bus.log import streams
from bus.log.event_log import EventLog
from bus.log.pull import PullSubscription
from bus.process.discovery import discover
from bus.work.executor import MAX_TRIES
from bus.work.service import Output, Reader
from tests.bus.work.helpers import echo, message_event, read_until, reply_failed, running, sentence, service


async def test_outputs_are_published_with_their_cause_and_turn(event_log: EventLog) -> None:
    async with running(event_log, service(echo)):
        await event_log.append(message_event(1))
        events = await read_until(event_log, ReplyEnded, 1)
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


async def test_one_conversation_is_handled_in_order_and_others_do_not_wait(event_log: EventLog) -> None:
    gate = asyncio.Event()

    async def slow_for_c1(event: Event, reader: Reader) -> AsyncIterator[Output]:
        if event.conversation == "c1":
            await gate.wait()
        yield sentence(event, 0)
        yield ReplyEnded(reply=f"r{event.turn}", sentences=1)

    async with running(event_log, service(slow_for_c1)):
        for number in range(4):
            await event_log.append(message_event(number))
        await event_log.append(message_event(9, "c2"))
        await read_until(event_log, ReplyEnded, 1, "c2")
        gate.set()
        events = await read_until(event_log, ReplyEnded, 4)
    replies = [event.turn for event in events if not isinstance(event.body, MessageReceived)]
    assert replies == ["t0", "t0", "t1", "t1", "t2", "t2", "t3", "t3"]


async def test_what_is_needed_first_is_begun_before_what_came_earlier(event_log: EventLog) -> None:
    """As with sentences: the second one of one reply waits for the first one of another."""
    gate, begun = asyncio.Event(), list[str]()

    async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
        begun.append(f"{event.conversation} {event.turn}")
        await gate.wait()
        yield ReplyEnded(reply=f"r{event.turn}", sentences=1)

    one = service(handle, concurrency=1, ahead=8, needed_after=lambda event: 60.0 * int((event.turn or "t0")[1:]))
    for number in range(3):
        await event_log.append(message_event(number, "c1"))
    await event_log.append(message_event(0, "c2"))
    await event_log.append(message_event(0, "c3"))
    async with running(event_log, one), asyncio.timeout(60):
        while not begun or (await event_log.consumer_info(streams.CONVERSATIONS, "dialogue")).num_pending:
            await asyncio.sleep(0.05)
        gate.set()
        await read_until(event_log, ReplyEnded, 3)
    assert begun == ["c1 t0", "c2 t0", "c3 t0", "c1 t1", "c1 t2"]


async def test_two_workers_share_the_work_without_duplicates(event_log: EventLog) -> None:
    async with running(event_log, service(echo), service(echo)):
        for number in range(40):
            await event_log.append(message_event(number, f"c{number % 8}"))
        for number in range(8):
            events = await read_until(event_log, ReplyEnded, 5, f"c{number}")
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
        await event_log.append(message_event(1))
        events = await read_until(event_log, ReplyEnded, 1)
    assert tries == 2
    assert [tag_of(event.body) for event in events] == ["message.received", "reply.sentence", "reply.ended"]


async def test_a_permanent_failure_is_published_and_blocks_nothing(event_log: EventLog) -> None:
    async def refuses_one(event: Event, reader: Reader) -> AsyncIterator[Output]:
        assert isinstance(event.body, MessageReceived)
        if event.body.text == "1":
            raise EngineError("no such model", retryable=False, code="no_model")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    async with running(event_log, service(refuses_one, on_failure=reply_failed)):
        await event_log.append(message_event(1))
        await event_log.append(message_event(2))
        events = await read_until(event_log, ReplyEnded, 1)
    assert [event.body for event in events if event.turn == "t1"][1:] == [
        StepFailed(service="dialogue", code="no_model", retryable=False, detail="no such model"),
        ReplyFailed(reply="rt1", code="no_model", detail="no such model"),
    ]


async def test_a_handler_that_always_breaks_ends_as_a_dead_letter(event_log: EventLog) -> None:
    async def broken(event: Event, reader: Reader) -> AsyncIterator[Output]:
        if event.turn == "t1":
            raise RuntimeError("a bug")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    async with running(event_log, service(broken, on_failure=reply_failed, backoff=(0.01,))):
        await event_log.append(message_event(1))
        await event_log.append(message_event(2))
        await read_until(event_log, ReplyFailed, 1)
        letter = await dead_letter(event_log)
    assert (letter.service, letter.sequence, letter.code) == ("dialogue", 1, "internal")
    assert letter.deliveries == MAX_TRIES
    assert codec.decode_event(letter.data) == message_event(1)


async def dead_letter(event_log: EventLog) -> DeadLetter:
    async with asyncio.timeout(10), aclosing(event_log.read(streams.DEAD, "dead.>", follow=True)) as records:
        return codec.decode_dead_letter((await anext(records)).data)


async def test_an_undecodable_message_becomes_a_dead_letter_and_blocks_nothing(event_log: EventLog) -> None:
    await event_log.js.publish("conv.c1.message.received", b"\xff not an event")
    async with running(event_log, service(echo)):
        await event_log.append(message_event(1))
        letter = await dead_letter(event_log)
        assert letter.code == "undecodable_event"
        assert letter.data == b"\xff not an event"
        assert len(await read_until(event_log, ReplyEnded, 1)) == 4


async def test_a_message_is_put_aside_once_there_is_room_for_its_dead_letter(
    event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals, store = iter(range(2)), event_log.publish_dead_letter

    async def refuse_at_first(letter: DeadLetter, *, requeue_sequence: int | None = None) -> None:
        if next(refusals, None) is not None:
            raise BusError("the log is full", retryable=False, code="log_full")
        await store(letter, requeue_sequence=requeue_sequence)

    monkeypatch.setattr(event_log, "publish_dead_letter", refuse_at_first)
    await event_log.js.publish("conv.c1.message.received", b"\xff not an event")
    async with running(event_log, service(echo, backoff=(0.05,))):
        await event_log.append(message_event(1))
        assert (await dead_letter(event_log)).code == "undecodable_event"
        await read_until(event_log, ReplyEnded, 1)


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
        await event_log.append(message_event(1))
        await event_log.append(message_event(2))
        await read_until(event_log, ReplySentence, 1)
        cut = ReplyInterrupted(reply="rt1", heard="", by="button")
        await event_log.append(Event(id="x1", at=3, conversation="c1", turn="t1", cause="ec11", body=cut))
        async with asyncio.timeout(5):
            await stopped.wait()
        events = await read_until(event_log, ReplyEnded, 1)
    assert [event.turn for event in events if isinstance(event.body, ReplyEnded)] == ["t2"]


async def test_work_of_a_stopped_worker_is_finished_by_the_next(event_log: EventLog) -> None:
    started = asyncio.Event()

    async def hangs(event: Event, reader: Reader) -> AsyncIterator[Output]:
        yield sentence(event, 0)
        started.set()
        await asyncio.Event().wait()

    async with running(event_log, service(hangs)):
        await event_log.append(message_event(1))
        async with asyncio.timeout(5):
            await started.wait()

    async def finishes(event: Event, reader: Reader) -> AsyncIterator[Output]:
        yield sentence(event, 0)
        yield ReplyEnded(reply=f"r{event.turn}", sentences=1)

    async with running(event_log, service(finishes)):
        events = await read_until(event_log, ReplyEnded, 1)
    assert [tag_of(event.body) for event in events] == [
        "message.received",
        "reply.sentence",
        "service.step_repeated",
        "reply.ended",
    ]


async def test_services_answer_discovery_with_their_engine_and_their_note_of_now(event_log: EventLog) -> None:
    notes = ["fetching m, 1 %"]
    async with running(event_log, replace(service(echo), note=lambda: " ".join(notes))):
        async with asyncio.timeout(10):
            while not (found := await discover(event_log, wait=0.1)):
                pass
        notes.clear()
        (later,) = await discover(event_log, wait=0.1)
    assert [(one.name, one.engine, one.note) for one in found] == [("dialogue", "echo", "fetching m, 1 %")]
    assert (later.engine, later.note) == ("echo", "")


async def test_a_reply_interrupted_while_its_worker_was_dead_is_not_made(event_log: EventLog) -> None:
    started = asyncio.Event()

    async def hangs(event: Event, reader: Reader) -> AsyncIterator[Output]:
        started.set()
        await asyncio.Event().wait()
        yield sentence(event, 0)

    async with running(event_log, service(hangs)):
        await event_log.append(message_event(1))
        async with asyncio.timeout(5):
            await started.wait()
    cut = ReplyInterrupted(reply="rt1", heard="", by="speech")
    await event_log.append(Event(id="x1", at=3, conversation="c1", turn="t1", body=cut))
    async with running(event_log, service(echo)):
        await event_log.append(message_event(2))
        events = await read_until(event_log, ReplyEnded, 1)
    assert [event.turn for event in events if isinstance(event.body, ReplySentence)] == ["t2"]


async def test_a_reply_interrupted_before_its_first_worker_started_is_not_made(event_log: EventLog) -> None:
    await event_log.append(message_event(1))
    cut = ReplyInterrupted(reply="rt1", heard="", by="speech")
    await event_log.append(Event(id="x1", at=3, conversation="c1", turn="t1", body=cut))
    await event_log.append(message_event(2))
    async with running(event_log, service(echo)):
        events = await read_until(event_log, ReplyEnded, 1)
    assert [event.turn for event in events if isinstance(event.body, ReplySentence)] == ["t2"]


async def test_a_worker_near_its_limit_of_held_items_still_takes_short_work(event_log: EventLog) -> None:
    gate = asyncio.Event()

    async def some_wait(event: Event, reader: Reader) -> AsyncIterator[Output]:
        if event.conversation != "c1":
            await gate.wait()
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    async with running(event_log, service(some_wait, concurrency=10), max_held=10):
        for number in range(9):
            await event_log.append(message_event(0, f"long{number}"))
        for number in range(60):  # so many that short work is fetched ahead
            await event_log.append(message_event(number))
        assert len(await read_until(event_log, ReplyEnded, 60)) == 120
        gate.set()


async def test_an_expired_request_is_noticed_at_once(event_log: EventLog) -> None:
    # Regression: work that came after the expiry waited for up to a second.
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
        await event_log.append(message_event(1))
        msg = await pull.next(timeout=60.0)
        assert msg is not None


async def test_a_worker_with_concurrency_1_takes_the_next_conversation_at_once(event_log: EventLog) -> None:
    async with running(event_log, service(echo, concurrency=1)):
        for number in range(40):
            await event_log.append(message_event(number, f"c{number}"))
        async with asyncio.timeout(20):  # a worker polls only once a second
            for number in range(40):
                await read_until(event_log, ReplyEnded, 1, f"c{number}")
