"""Works through one stream: messages of one key one after the other, those of different keys at once.

`bus.work.runner` does so for the facts of conversations, with fenced outputs and many workers. Here the messages are of
any stream, the handler itself makes repeats harmless, and order holds among the messages of one process: one process at
a time does the work (`bus.work.lease`). A message is acknowledged last.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import nats.errors
from cachetools import FIFOCache
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from bus import codec
from bus.cancellation import raise_if_cancelled
from bus.errors import BusError, ConfigurationError, Forbidden, LogReplaced, UndecodableEvent, VisavisError
from bus.log import streams
from bus.log.event_log import EventLog
from bus.log.headers import COPY
from bus.log.pull import PullSubscription, SubscriptionLost
from bus.log.records import Record
from bus.log.stream_changes import Mark
from bus.process.drain import LAST_MESSAGES, Drain
from bus.process.metrics import Metrics
from bus.work.consumers import ensure_consumers, shared_consumers
from bus.work.executor import MAX_TRIES, acknowledge, is_log_unavailable, put_aside
from bus.work.lanes import Held, Lanes, Place

log = logging.getLogger(__name__)

_BATCH = 256
"""The most messages requested at once."""
_REMEMBERED = 20_000
"""Messages that are known to be done, in case the server forgets their acknowledgement."""
_LOOK_FOR_STRAGGLERS = 0.1
"""Seconds between two looks at whether another process still holds messages."""


@dataclass(frozen=True)
class StreamItem:
    """A message to be handled."""

    record: Record
    """The message as it was first stored, also if it was requeued."""
    deliveries: int
    """How often it was delivered, with this one; more than 1: a worker may have begun on it."""
    requeued: int = 0
    """Sequence on `REQUEUE`, if it is a dead letter that has to be handled again; else 0."""


StreamHandler: TypeAlias = Callable[[StreamItem], Awaitable[float | None]]
"""Handles a message; returns None when it is done, else the seconds after which it has to be called again. The later
messages of the same key wait meanwhile. An error that is not retryable makes a dead letter of the message."""


@dataclass(frozen=True, kw_only=True)
class StreamWork:
    """What a worker does with a stream."""

    name: str
    """Of its durable consumers, and of the service in its dead letters."""
    stream: str
    subjects: tuple[str, ...]
    key: Callable[[Record], str | None]
    """Messages of one key are handled in order. None: nothing is to be done. Raises UndecodableEvent."""
    handle: StreamHandler
    concurrency: int = 8
    lease: float = 5.0
    """Seconds after which a message is delivered again, if its worker does not extend the lease."""
    backoff: tuple[float, ...] = (0.2, 1.0, 3.0, 10.0)
    """Seconds between a failed try and the next one; the last value repeats."""


class StreamWorker:
    """One worker on a stream.

    Args:
        max_held: the most messages held at once, those that wait for their turn included.
        drain: when it begins, the worker finishes the messages that it is handling and ends.
    """

    def __init__(
        self,
        event_log: EventLog,
        work: StreamWork,
        metrics: Metrics | None = None,
        *,
        max_held: int = 1000,
        drain: Drain | None = None,
    ) -> None:
        self._event_log = event_log
        self._work = work
        self._metrics = metrics or Metrics(work.name)
        self._max_held = max_held
        self._drain = drain or Drain()
        self._consumers = shared_consumers(work.name, work.stream, work.subjects, lease=work.lease)
        self._slots = asyncio.Semaphore(work.concurrency)
        self._pulls: dict[str, PullSubscription] = {}
        self._lanes: Lanes[StreamItem] = Lanes()
        self._serving: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        """Those that handle a message, or put one aside."""
        self._done: FIFOCache[Place, None] = FIFOCache(_REMEMBERED)
        self._created: object = None
        """When the stream was made, as the server tells it."""
        self._newest: Mark | None = None

    @property
    def consumers(self) -> list[tuple[str, str]]:
        """Stream and name of each consumer, for `WorkerHealth`."""
        return [(stream, str(config.name)) for stream, config in self._consumers]

    def held(self) -> int:
        """Number of messages that this worker holds."""
        return len(self._lanes.held)

    def wake(self, key: str) -> None:
        """Call the handler again at once that has asked for it after some seconds."""
        self._lanes.wake(key)

    async def run(self) -> None:
        """Work until cancelled or drained; what is not done is then given back. On another log it begins anew."""
        while True:
            try:
                # In a task of its own: Python 3.11's group leaves the task that waits for it marked as cancelled.
                await asyncio.create_task(self._run_on_one_log())
                return
            except* LogReplaced as group:
                log.warning("beginning anew on another log", extra={"why": str(group.exceptions[0])})
            raise_if_cancelled()
            # Nothing is given back: on another log, the acknowledgements would be of other messages.
            self._lanes, self._newest, self._created = Lanes(), None, None
            self._done.clear()

    async def _run_on_one_log(self) -> None:
        await self._ensure_consumers()
        raise_if_cancelled()
        try:
            async with asyncio.TaskGroup() as tasks:
                extending = tasks.create_task(self._extend_leases())
                consuming = [tasks.create_task(self._consume(tasks, stream)) for stream, _ in self._consumers]
                await self._drain.wait()
                await self._finish(consuming)
                for task in (extending, *self._serving):
                    task.cancel()
            await self._give_back()
        except asyncio.CancelledError:
            await self._give_back()
            raise

    async def _finish(self, consuming: Collection[asyncio.Task[None]]) -> None:
        """Wait for the messages that are being handled."""
        self._metrics.ready, self._metrics.draining = False, True
        for pull in self._pulls.values():
            pull.wake()
        _, late = await asyncio.wait(consuming, timeout=LAST_MESSAGES)
        for task in (*late, *(self._serving - self._busy)):
            task.cancel()
        if self._busy:
            await asyncio.wait(self._busy)  # for as long as the process is let

    async def _give_back(self) -> None:
        with suppress(nats.errors.Error):
            for held in sorted(self._lanes.held.values(), key=lambda one: one.order):
                await held.msg.nak()

    async def _extend_leases(self) -> None:
        while True:
            await asyncio.sleep(self._work.lease / 3)
            for held in list(self._lanes.held.values()):
                with suppress(nats.errors.Error):
                    await held.msg.in_progress()

    async def _ensure_consumers(self) -> None:
        while True:
            try:
                await ensure_consumers(self._event_log.js, self._consumers)
                return await self._raise_if_replaced()
            except (ConfigurationError, Forbidden, LogReplaced):
                raise
            except Exception as error:  # noqa: BLE001 - whatever NATS answers while it restarts; repeated until it works
                if isinstance(error, NotFoundError):
                    self._event_log.watch.wake()  # its stream may have to be made again
                log.warning("consumer not there yet", extra={"consumer": self._work.name, "why": repr(error)})
                raise_if_cancelled()
                await asyncio.sleep(0.5)

    async def _raise_if_replaced(self) -> None:
        info = await self._event_log.js.stream_info(self._work.stream)
        name, newest, before = self._work.stream, self._newest, self._created
        self._created = info.created
        if before is not None and before != info.created:
            raise LogReplaced(f"stream {name} was made again")
        if newest is None:
            return
        if info.state.last_seq < newest.sequence and (info.config.num_replicas or 1) == 1:
            raise LogReplaced(f"stream {name} ends before message {newest.sequence}, which has been read")
        with suppress(NotFoundError):
            found = await self._event_log.js.get_msg(name, seq=newest.sequence, direct=True)
            if found.time is not None and not newest.is_at(int(found.time.timestamp() * 1_000_000)):
                raise LogReplaced(f"message {newest.sequence} of stream {name} is another one than before")

    # fetching

    async def _consume(self, tasks: asyncio.TaskGroup, stream: str) -> None:
        """Queue the messages of one stream, until cancelled or drained."""
        while not self._drain.is_begun:
            stragglers: asyncio.Task[None] | None = None
            try:
                async with PullSubscription(self._event_log.nc, stream, self._work.name, window=0) as pull:
                    self._pulls[stream] = pull
                    if stream == self._work.stream:
                        self._lanes.in_order.clear()
                        stragglers = tasks.create_task(self._wait_for_stragglers())
                    while not self._drain.is_begun:
                        raise_if_cancelled()
                        await self._fetch(pull)
                        msg = await pull.next(timeout=1.0)
                        if msg is not None:
                            await self._receive(msg, tasks)
                    for msg in await pull.stop():
                        with suppress(nats.errors.Error):
                            await msg.nak()
            except SubscriptionLost as error:
                log.info("subscribing again", extra={"stream": stream, "why": error.detail})
                await asyncio.sleep(0.2)
                await self._ensure_consumers()
            finally:
                self._pulls.pop(stream, None)
                if stragglers is not None:
                    stragglers.cancel()

    async def _wait_for_stragglers(self) -> None:
        """Let the lanes go on once all messages that were delivered before are held here: those of a process that has
        died come again only after their lease, and later ones must not overtake them."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 3 * self._work.lease
        while loop.time() < deadline:
            raise_if_cancelled()
            # Counted before the question: what comes while it is asked is not among the pending that it tells of.
            held = self._lanes.held_of(self._work.stream)
            with suppress(BusError, NotFoundError):
                info = await self._event_log.consumer_info(self._work.stream, self._work.name)
                if (info.num_ack_pending or 0) <= held:
                    break
            await asyncio.sleep(_LOOK_FOR_STRAGGLERS)
        self._lanes.in_order.set()

    async def _fetch(self, pull: PullSubscription) -> None:
        """Request as many messages as may be held; many at a time, because each request costs."""
        if self._drain.is_begun:
            return
        wanted = min(_BATCH, self._max_held - len(self._lanes.held))
        if pull.outstanding <= wanted // 2:
            await pull.request(wanted)

    async def _receive(self, msg: Msg, tasks: asyncio.TaskGroup) -> None:
        """Queue a message, unless it is a copy, undecodable, done, or held already."""
        if COPY in (msg.headers or {}):
            await acknowledge(msg)
            return
        meta = msg.metadata
        place = Place(meta.stream, meta.sequence.stream)
        if place in self._done:
            await acknowledge(msg)  # the server had forgotten the acknowledgement
            return
        if (known := self._lanes.held.get(place)) is not None:
            known.msg = msg  # the server had forgotten that this worker holds it
            return
        try:
            item = self._item(msg)
            key = self._work.key(item.record)
        except UndecodableEvent as error:
            self._start(tasks, self._put_aside(msg, error), busy=True)
            return
        except Exception as error:
            log.exception("key broke", extra={"service": self._work.name, "sequence": meta.sequence.stream})
            problem = VisavisError(f"{type(error).__name__} in {self._work.name}", code="internal")
            self._start(tasks, self._put_aside(msg, problem), busy=True)
            return
        if key is None:
            await acknowledge(msg)
            return
        if item.deliveries > 1:
            self._metrics.count_redelivery()
        if self._lanes.push(key, Held(place, (item.record.sequence, item.requeued), msg, item)):
            self._start(tasks, self._serve(key))

    def _start(self, tasks: asyncio.TaskGroup, work: Coroutine[None, None, None], *, busy: bool = False) -> None:
        task = tasks.create_task(work)
        for kept in (self._serving, self._busy) if busy else (self._serving,):
            kept.add(task)
        task.add_done_callback(self._serving.discard)
        task.add_done_callback(self._busy.discard)

    def _item(self, msg: Msg) -> StreamItem:
        meta = msg.metadata
        stored = int(meta.timestamp.timestamp() * 1_000_000)
        if meta.stream != streams.REQUEUE:
            if self._newest is None or meta.sequence.stream > self._newest.sequence:
                self._newest = Mark(meta.sequence.stream, stored)
            self._event_log.watch.see(meta.stream, meta.sequence.stream, stored)
            return StreamItem(Record(meta.sequence.stream, msg.subject, msg.data, stored), meta.num_delivered)
        letter = codec.decode_dead_letter(msg.data)
        record = Record(letter.sequence, letter.subject, letter.data, letter.at)
        return StreamItem(record, meta.num_delivered, requeued=meta.sequence.stream)

    # working

    async def _serve(self, key: str) -> None:
        """Handle the messages of a key, the oldest first, until there are none."""
        task = asyncio.current_task()
        assert task is not None
        while (held := await self._lanes.oldest(key)) is not None:
            raise_if_cancelled()
            async with self._slots:
                if self._drain.is_begun:
                    return
                self._busy.add(task)
                delay = await self._try(held)
            if delay is not None:
                raise_if_cancelled()
                self._busy.discard(task)
                if self._drain.is_begun:
                    return
                await self._lanes.pause(key, delay)
                continue
            # If this task is cancelled before, the message stays held, to be given back.
            self._lanes.release(key, held)
            self._done[held.place] = None
            await acknowledge(held.msg)
            self._busy.discard(task)
            if self._drain.is_begun:
                return
            for pull in self._pulls.values():
                await self._fetch(pull)

    async def _try(self, held: Held[StreamItem]) -> float | None:
        """Handle a message once; returns the seconds until the next try, None if it is done or put aside."""
        try:
            with self._metrics.working():
                delay = await self._work.handle(held.item)
            if delay is None:
                self._metrics.count_outcome("done")
            return delay
        except VisavisError as error:
            problem = error
        except Exception as error:
            log.exception("handler broke", extra={"service": self._work.name, "sequence": held.place.sequence})
            problem = VisavisError(f"{type(error).__name__} in {self._work.name}", retryable=True, code="internal")
        raise_if_cancelled()
        away = is_log_unavailable(problem)
        held.failures += not away
        extra = {"service": self._work.name, "sequence": held.place.sequence, "code": problem.code}
        log.warning("step failed", extra={**extra, "try": held.failures, "why": problem.detail})
        if held.failures >= MAX_TRIES or not (problem.retryable or away):
            await self._publish_dead_letter(held.msg, problem, held.failures)
            self._metrics.count_failure(f"{problem.code}: {problem.detail}")
            return None
        self._metrics.count_retry()
        return self._work.backoff[min(max(held.failures, 1), len(self._work.backoff)) - 1]

    async def _put_aside(self, msg: Msg, error: VisavisError) -> None:
        await self._publish_dead_letter(msg, error, msg.metadata.num_delivered)
        self._done[Place(msg.metadata.stream, msg.metadata.sequence.stream)] = None
        await acknowledge(msg)

    async def _publish_dead_letter(self, msg: Msg, error: VisavisError, tries: int) -> None:
        await put_aside(self._event_log, msg, self._work.name, error, tries, pause=self._work.backoff[-1])
        self._metrics.count_dead_letter()
