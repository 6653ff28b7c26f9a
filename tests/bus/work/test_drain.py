"""A worker that is to end takes nothing more, finishes what it has begun, and gives back the rest unbegun."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bus.events import Event, MessageReceived, ReplyEnded, ReplySentence, StepRepeated
from bus.log.event_log import EventLog, connect
from bus.process.drain import Drain
from bus.process.metrics import Metrics
from bus.settings import Settings
from bus.work.runner import Runner
from bus.work.service import Output, Reader
from tests.bus.work.helpers import message_event, read_until, sentence, service


class Worker:
    """A worker whose handler stops after its first sentence until it is told to go on."""

    def __init__(self, event_log: EventLog, name: str, *, seconds: float | None = None, concurrency: int = 2) -> None:
        self.begun: list[str | None] = []
        self.one_begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.name = name
        self.metrics = Metrics("dialogue")
        self.drain = Drain(seconds)
        handling = service(self._handle, lease=1.0, concurrency=concurrency)
        self.runner = Runner(event_log, handling, self.metrics, drain=self.drain)
        self.running: asyncio.Task[None] | None = None

    async def _handle(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        self.begun.append(event.turn)
        self.one_begun.set()
        yield sentence(event, 0, self.name)
        await self.go_on.wait()
        yield ReplyEnded(reply=f"r{event.turn}", sentences=1)

    async def start(self) -> None:
        """Start it, and wait until it takes work."""
        self.running = asyncio.create_task(self.runner.run())
        while not self.metrics.ready:
            await asyncio.sleep(0.01)

    async def end(self) -> None:
        assert self.running is not None
        await self.running


@asynccontextmanager
async def workers(
    settings: Settings, event_log: EventLog, seconds: float | None = None
) -> AsyncIterator[tuple[Worker, Worker]]:
    """Two workers, of which the first one runs; the second one does not stop in its handler."""
    async with asyncio.timeout(40), connect(settings, name="second") as second_log:
        one = Worker(event_log, "first", seconds=seconds)
        await one.start()
        two = Worker(second_log, "second")
        two.go_on.set()
        yield one, two
        for worker in (one, two):
            assert worker.running is not None
            worker.running.cancel()
        await asyncio.gather(one.running, two.running, return_exceptions=True)  # type: ignore[arg-type]


def published(events: list[Event]) -> list[tuple[str | None, str]]:
    return [(event.turn, event.body.text) for event in events if isinstance(event.body, ReplySentence)]


async def test_what_is_begun_is_finished_and_what_waits_is_done_by_another_without_a_takeover(
    event_log: EventLog, settings: Settings
) -> None:
    async with workers(settings, event_log) as (one, two):
        # Two fill its slots; one waits for a slot, and two for their conversation.
        for conversation in ("c1", "c2", "c3"):
            await event_log.append(message_event(1, conversation))
        for number in (2, 3):
            await event_log.append(message_event(number))
        while len(one.begun) < 2:
            await asyncio.sleep(0.01)
        await two.start()
        one.drain.begin()
        await read_until(event_log, ReplyEnded, 1, "c3")
        assert one.runner.held() == 2
        assert (one.metrics.ready, one.metrics.draining) == (False, True)
        one.go_on.set()
        await one.end()
        of_c1 = await read_until(event_log, ReplyEnded, 3)
        others = [event for name in ("c2", "c3") for event in await read_until(event_log, ReplyEnded, 1, name)]
    assert published(of_c1) == [("t1", "first"), ("t2", "second"), ("t3", "second")]
    assert published(others) == [("t1", "first"), ("t1", "second")]
    kinds = Counter(type(event.body) for event in (*of_c1, *others))
    assert kinds == {MessageReceived: 5, ReplySentence: 5, ReplyEnded: 5}


async def test_a_worker_that_is_to_end_gets_nothing_more(event_log: EventLog, settings: Settings) -> None:
    async with workers(settings, event_log) as (one, two):
        await event_log.append(message_event(1))
        await one.one_begun.wait()
        await two.start()
        one.drain.begin()
        for number in range(6):
            await event_log.append(message_event(number, "c2"))
        await read_until(event_log, ReplyEnded, 6, "c2")
        one.go_on.set()
        await one.end()
        events = await read_until(event_log, ReplyEnded, 1)
    assert one.begun == ["t1"]
    assert not any(isinstance(event.body, StepRepeated) for event in events)


async def test_what_is_not_finished_in_time_is_taken_over_once(event_log: EventLog, settings: Settings) -> None:
    async with workers(settings, event_log, seconds=0.2) as (one, two):
        await event_log.append(message_event(1))
        await one.one_begun.wait()
        await two.start()
        one.drain.begin()
        await one.end()
        events = await read_until(event_log, ReplyEnded, 1)
    assert two.begun == ["t1"]
    assert published(events) == [("t1", "first")]
    assert sum(isinstance(event.body, StepRepeated) for event in events) == 1


async def test_a_worker_without_work_ends_at_once(event_log: EventLog) -> None:
    one = Worker(event_log, "first")
    await one.start()
    one.drain.begin()
    async with asyncio.timeout(20):  # although it may take for ever
        await one.end()


def test_who_is_alone_takes_two_seconds_at_the_most() -> None:
    assert [Drain(seconds).limit(alone=True) for seconds in (None, 20.0, 1.0)] == [2.0, 2.0, 1.0]
    assert [Drain(seconds).limit(alone=False) for seconds in (None, 20.0, 1.0)] == [None, 20.0, 1.0]
