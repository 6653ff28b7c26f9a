"""The cost of the bus: the runner compared with bare nats-py, rebuilds of the read model, growth with conversations.

`python -m bench.bus [--events N] [--rounds N] [--rebuild N]` starts a NATS server of its own and prints tables. Bare
nats-py does the same work with a durable pull consumer, one fetch loop and the same concurrency, without ordering,
fences, leases or metrics. Both run in this process at the same time or in turns, so that other load on the machine
affects both.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from bench.machine import machine, percentiles, table
from bench.rebuild import measure_rebuild
from bench.server import server
from bench.sync import measure_sync
from bus import clock, codec, subjects
from bus.events import Body, Event, Fact, MessageReceived, ReplyEnded, TranscriptFinal
from bus.ids import derive_id, new_id
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.work import consumers
from bus.work.runner import Runner
from bus.work.service import Handler, Output, Reader, Service

SLOTS = 8
CONVERSATIONS = 100
OPEN = (10, 100, 300, 1000)


# the two workers


class BareWorker:
    """A worker written with nats-py alone: a durable pull consumer, one fetch loop, bounded concurrency.

    Args:
        handle: gets the connection's JetStream and the decoded event; the message is acknowledged afterwards.
        batch: messages fetched at once.
    """

    def __init__(
        self, nc: Client, kind: type[Body], handle: Callable[[JetStreamContext, Event], Awaitable[None]], batch: int
    ) -> None:
        self._js = nc.jetstream()
        self._kind = kind
        self._handle = handle
        self._batch = batch
        self._slots = asyncio.Semaphore(SLOTS)

    async def run(self) -> None:
        config = api.ConsumerConfig(ack_policy=api.AckPolicy.EXPLICIT, max_ack_pending=consumers.MAX_ACK_PENDING)
        subscription = await self._js.pull_subscribe(
            subjects.facts_of_kind(self._kind), durable="bare", stream=streams.CONVERSATIONS, config=config
        )
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    messages = await subscription.fetch(self._batch, timeout=5)
                except nats.errors.TimeoutError:
                    continue
                for message in messages:
                    await self._slots.acquire()
                    tasks.create_task(self._work(message))

    async def _work(self, message: Msg) -> None:
        try:
            await self._handle(self._js, codec.decode_event(message.data))
            await message.ack()
        finally:
            self._slots.release()


def service(handle: Handler, concurrency: int = SLOTS) -> Service:
    return Service(name="ours", consumes=(MessageReceived,), handle=handle, engine="bench", concurrency=concurrency)


@asynccontextmanager
async def running_workers(*workers: Awaitable[None]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(worker) for worker in workers]
    await asyncio.sleep(1.0)  # until both have requested messages
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def event(body: Fact, conversation: str) -> Event:
    return Event(id=new_id("e"), at=clock.now(), conversation=conversation, turn=new_id("t"), body=body)


def event_for_runner(conversation: str) -> Event:
    return event(MessageReceived(message="m", text="What time is it?"), conversation)


def event_for_bare(conversation: str) -> Event:
    body = TranscriptFinal(utterance="u", text="What time is it?", language="en", confidence=0.9)
    return event(body, conversation)


# publish → handler


async def measure_latency(settings: Settings, count: int) -> str:
    """Publishes each event when the one before it has been handled, to the two workers in turn."""
    handled: dict[str, float] = {}
    arrived = asyncio.Event()

    async def note(event: Event) -> None:
        handled[event.id] = time.perf_counter()
        arrived.set()

    async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
        await note(event)
        return
        yield

    async with connected(settings) as event_log, connected(settings) as other, connected(settings) as publisher:
        bare = BareWorker(other.nc, TranscriptFinal, lambda _, event: note(event), batch=1)
        async with running_workers(Runner(event_log, service(handle)).run(), bare.run()):
            took = await _one_by_one(publisher, count, arrived, handled, (event_for_runner, event_for_bare))
    rows = []
    mine, plain = (percentiles(times, 50, 90, 99) for times in took)
    for name, points in (("bare nats-py", plain), ("runner", mine)):
        rows.append([name, *(f"{point:.2f}" for point in points), str(count)])
    rows.append(["**the runner adds**", *(f"{one - two:+.2f}" for one, two in zip(mine, plain, strict=True)), ""])
    return table(("publish → handler, ms", "p50", "p90", "p99", "events"), rows)


async def _one_by_one(
    publisher: EventLog,
    count: int,
    arrived: asyncio.Event,
    handled: dict[str, float],
    makers: Sequence[Callable[[str], Event]],
) -> list[list[float]]:
    """Milliseconds from before each event was published to its handler."""
    took: list[list[float]] = [[] for _ in makers]
    for number in range(count):
        for make, times in zip(makers, took, strict=True):
            sent = make(f"c{number % CONVERSATIONS}")
            arrived.clear()
            began = time.perf_counter()
            await publisher.append(sent)
            await arrived.wait()
            times.append((handled.pop(sent.id) - began) * 1000)
            await asyncio.sleep(0.004)  # for the acknowledgement and the next pull request
    return took


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[EventLog]:
    """A connection like that of a separate process."""
    async with connect(settings, name="bench") as event_log:
        yield event_log


# events per second


async def measure_throughput(settings: Settings, count: int, rounds: int) -> str:
    """Each worker handles `count` waiting events, each with one fact as its output; the workers take turns.

    For events older than its start the runner reads the log first, so that case is measured separately.
    """
    rates: dict[str, list[float]] = {"bare nats-py": [], "runner": [], "runner, started afterwards": []}
    for _ in range(rounds):
        rates["runner"].append(await _one_round(settings, count, 0))
        rates["runner, started afterwards"].append(await _one_round(settings, count, 0, afterwards=True))
        # the better of two batch sizes
        rates["bare nats-py"].append(max([await _one_round(settings, count, batch) for batch in (SLOTS, 8 * SLOTS)]))
    rows = []
    for name, values in rates.items():
        rows.append([name, *(f"{value:.0f}" for value in _spread(values))])
    bare = rates.pop("bare nats-py")
    for name, values in rates.items():
        shares = [one / two * 100 for one, two in zip(values, bare, strict=True)]
        rows.append([f"**{name}, in % of bare**", *(f"{share:.0f}" for share in _spread(shares))])
    return table((f"events a second, {rounds} rounds of {count}", "lowest", "median", "highest"), rows)


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return min(values), percentiles(values, 50)[0], max(values)


async def _one_round(settings: Settings, count: int, batch: int, *, afterwards: bool = False) -> float:
    """Events per second of one worker, from its first output to its last.

    Args:
        batch: messages that the bare worker fetches at once; 0: measure the runner instead.
        afterwards: start the worker when all events are stored; otherwise they arrive while its handlers are busy.
    """
    times: list[float] = []
    free, everything = asyncio.Event(), asyncio.Event()

    def note(last: bool) -> None:
        times.append(time.perf_counter())
        if last:
            everything.set()

    left = count

    async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
        nonlocal left
        await free.wait()
        left -= 1
        yield ReplyEnded(reply="r", sentences=1)
        note(left == 0)

    async def plain(js: JetStreamContext, event: Event) -> None:
        nonlocal left
        await free.wait()
        left -= 1
        await publish_answer(js, event)
        note(left == 0)

    async with connected(settings) as event_log, connected(settings) as publisher:
        make = event_for_bare if batch else event_for_runner
        events = [make(f"c{number % CONVERSATIONS}") for number in range(count)]
        if afterwards:
            await fill(publisher, events)
        work = (
            BareWorker(event_log.nc, TranscriptFinal, plain, batch).run()
            if batch
            else Runner(event_log, service(handle)).run()
        )
        async with running_workers(work):
            if not afterwards:
                await fill(publisher, events)
            free.set()
            await everything.wait()
            await asyncio.sleep(0.2)
    return (len(times) - 1) / (max(times) - times[0])


async def publish_answer(js: JetStreamContext, cause: Event) -> None:
    """Publish one fact with an id, as the runner does."""
    answer = Event(
        id=derive_id(cause.id, "bare", 0),
        at=clock.now(),
        conversation=cause.conversation,
        turn=cause.turn,
        cause=cause.id,
        body=ReplyEnded(reply="r", sentences=1),
    )
    await js.publish(subjects.fact(answer), codec.encode(answer), headers={"Nats-Msg-Id": answer.id})


async def fill(event_log: EventLog, events: Sequence[Event]) -> None:
    for start in range(0, len(events), 64):
        await asyncio.gather(*(event_log.append(one) for one in events[start : start + 64]))


# growth


async def measure_growth(settings: Settings, count: int) -> str:
    """The latency of ten conversations while many others are open, each with a handler running."""
    rows = []
    for size in OPEN:
        rows.append(await _with_open(settings, size, count))
    head = ("open conversations", "publish → handler p50, ms", "p99, ms", "memory of the worker's process, MiB")
    return table(head, rows)


async def _with_open(settings: Settings, size: int, count: int) -> list[str]:
    handled: dict[str, float] = {}
    arrived, begun, over = asyncio.Event(), asyncio.Semaphore(0), asyncio.Event()

    async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
        if event.conversation.startswith("open"):
            begun.release()
            await over.wait()
            return
        handled[event.id] = time.perf_counter()
        arrived.set()
        return
        yield

    async with (
        connected(settings) as event_log,
        connected(settings) as publisher,
        running_workers(Runner(event_log, service(handle, concurrency=size)).run()),
    ):
        await fill(publisher, [event_for_runner(f"open{number}") for number in range(size - 10)])
        for _ in range(size - 10):
            await begun.acquire()
        makers = (lambda name: event_for_runner(f"c{int(name[1:]) % 10}"),)
        [times] = await _one_by_one(publisher, count, arrived, handled, makers)
        memory = resident()
        over.set()
        await asyncio.sleep(1.0)
    p50, p99 = percentiles(times, 50, 99)
    return [str(size), f"{p50:.2f}", f"{p99:.2f}", f"{memory:.0f}"]


def resident() -> float:
    """Resident memory of this process, MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / (1 << 20)


async def measure(options: argparse.Namespace) -> list[str]:
    parts = [f"Machine: {machine()}"]
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        settings = Settings(nats_url=url, data=folder, audio_bytes=64 << 20, frames_bytes=64 << 20)
        if "latency" in options.only:
            parts.append(await measure_latency(settings, options.events))
        if "throughput" in options.only:
            parts.append(await measure_throughput(settings, options.events, options.rounds))
        if "growth" in options.only:
            parts.append(await measure_growth(settings, options.events // 4))
    if "rebuild" in options.only:
        parts.append(await measure_rebuild(options.rebuild))
    if "sync" in options.only:
        parts.append(await measure_sync(options.events, options.folder))
    return parts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.bus", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--events", type=int, default=1000, help="for each worker and measurement")
    parser.add_argument("--rounds", type=int, default=5, help="of events per second, for each worker")
    parser.add_argument("--rebuild", type=int, default=20_000, help="events that the read model is rebuilt from")
    parts = ("latency", "throughput", "growth", "rebuild", "sync")
    parser.add_argument("--folder", help="on the disk that `sync` is measured with; else where temporary files are")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, help="what to measure")
    print("\n\n".join(asyncio.run(measure(parser.parse_args(arguments)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
