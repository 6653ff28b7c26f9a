"""Runs a service as one of its workers: fetches work items, queues them per conversation, executes them in order.

An item is acknowledged last. The rules are in the architecture, section "How a service works"; `bus.work.executor`
executes an item, `bus.work.fenced_output` publishes its outputs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress

import nats.errors
from nats.aio.msg import Msg

from bus import codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.errors import ConfigurationError, EngineError, Forbidden, LogReplaced, UndecodableEvent
from bus.events import IdleBatch
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.log.headers import COPY
from bus.log.pull import PullSubscription, SubscriptionLost
from bus.process.discovery import WorkEndpoint, announce
from bus.process.drain import LAST_MESSAGES, Drain
from bus.process.health import WorkerHealth, health_server
from bus.process.lifecycle import run_process, run_until_signalled
from bus.process.metrics import Metrics
from bus.settings import Settings
from bus.work.consumers import consumer_configs, ensure_consumers
from bus.work.executor import Executor, acknowledge
from bus.work.fenced_output import FencedOutput, media_message_id
from bus.work.interruptions import Interruptions
from bus.work.ordering import Ordering
from bus.work.peers import Peers
from bus.work.prior_work import PriorWork
from bus.work.queues import WorkItem, WorkQueues
from bus.work.restart import end_in_a_pause
from bus.work.service import AssetOutput, Service
from bus.work.unfinished import UnfinishedWork

log = logging.getLogger(__name__)

_PREFETCH_SECONDS = 0.02
"""Items are fetched ahead only if they start within this time: another worker may be free."""
_OTHER_VERSION_DELAY = 0.3
"""Seconds until an item that this version does not consume is delivered again, to any worker."""
_LOOKS_FOR = 5.0
"""Seconds for which a worker that starts waits until it knows which work a power cut has left unfinished."""
_MAX_PREFETCH = 3
"""Items fetched ahead, as a multiple of the service's concurrency."""


class Runner:
    """One worker of a service; all workers of a service share its work.

    Args:
        max_held: the most items held at once, those that wait for their turn in a conversation included.
        drain: when it begins, the worker finishes what it has begun and ends.
    """

    def __init__(
        self,
        event_log: EventLog,
        service: Service,
        metrics: Metrics | None = None,
        *,
        max_held: int = 1000,
        drain: Drain | None = None,
    ) -> None:
        self._event_log = event_log
        self._service = service
        self._max_held = max_held
        self._drain = drain or Drain()
        self._metrics = metrics or Metrics(service.name, service.engine, service.readings)
        self._pulls: dict[str, PullSubscription] = {}
        self._queues = WorkQueues()
        self._serving: set[asyncio.Task[None]] = set()
        """One for each queue."""
        self._peers = Peers(event_log, service.name, service.lease, self._queues.held)
        self._unfinished = UnfinishedWork(event_log, service)
        self._ordering = Ordering(event_log, service, self._peers, self._queues, self._unfinished)
        self._interruptions = Interruptions(event_log)
        self._prior_work = PriorWork(event_log)
        self._executor = Executor(
            event_log,
            service,
            self._metrics,
            self._interruptions,
            self._prior_work,
            on_superseded=self._ordering.assume_peers,
        )

    def held(self) -> int:
        """Number of items that this worker holds."""
        return len(self._queues.held)

    async def run(self) -> None:
        """Work until cancelled or drained; items that are not done are then given back for another worker.

        Raises:
            LogReplaced: the log is another one than before, in a group; a new runner has to begin anew.
        """
        await self._ensure_consumers()
        service = self._service
        endpoint = WorkEndpoint(
            tuple(map(subjects.facts_of_kind, service.consumes)),
            self._metrics.totals,
            self.held,
            lambda: self._metrics.ready,
        )
        try:
            async with (
                announce(
                    self._event_log, service.name, service.engine, endpoint, service.note, service.serving,
                    service.metadata, service.readings,
                ),  # fmt: skip
                asyncio.TaskGroup() as tasks,
            ):
                lasting = [
                    tasks.create_task(self._event_log.watch.run()),
                    tasks.create_task(self._interruptions.listen(self._executor.cancel_turn)),
                    tasks.create_task(self._peers.listen()),
                ]
                await self._peers.announce_start()
                await self._ordering.start()
                lasting.append(tasks.create_task(self._peers.send_heartbeats()))
                lasting.append(tasks.create_task(self._extend_leases()))
                lasting.append(tasks.create_task(self._run_background()))
                lasting.append(tasks.create_task(self._unfinished.run()))
                await self._look_for_unfinished_work()
                log.info("ready", extra={"engine": service.engine})
                self._metrics.ready = True
                consuming = [
                    tasks.create_task(self._consume(tasks, stream))
                    for stream in (streams.REQUEUE, streams.CONVERSATIONS)
                ]
                await self._drain.wait()
                await self._finish(consuming)
                for task in (*lasting, *self._serving):
                    task.cancel()
        finally:
            self._metrics.ready = False
            with suppress(nats.errors.Error, TimeoutError):
                await self._give_back()

    async def _look_for_unfinished_work(self) -> None:
        """Wait until it is known what comes first; what takes longer is found meanwhile."""
        waiting = [asyncio.create_task(one.wait()) for one in (self._unfinished.has_looked, self._drain)]
        await asyncio.wait(waiting, timeout=_LOOKS_FOR, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    async def _finish(self, consuming: Collection[asyncio.Task[None]]) -> None:
        """Give back what is not begun, and wait for the rest, for as long as the drain allows."""
        self._metrics.ready, self._metrics.draining = False, True
        log.info("ending", extra={"held": self.held()})
        limit = self._drain.limit(self._peers.alone())
        for pull in self._pulls.values():
            pull.wake()
        _, late = await asyncio.wait(consuming, timeout=LAST_MESSAGES)
        for task in late:  # NATS is away
            task.cancel()
        waiting = self._queues.give_back()
        for item in waiting:
            self._look_whether_returned(item)
        await self._peers.announce_returned(
            (item.sequence, item.msg.metadata.num_delivered) for item in waiting if not item.repeated
        )
        for item in waiting:
            with suppress(nats.errors.Error):
                await item.msg.nak()
        if self._serving:
            await asyncio.wait(self._serving, timeout=limit)

    def _look_whether_returned(self, item: WorkItem) -> None:
        item.was_returned = not item.requeued and self._peers.state.was_returned(item.sequence, item.deliveries)

    async def _give_back(self) -> None:
        for item in self._queues.held.values():
            await item.msg.nak()
        await self._peers.announce_stop()

    async def _run_background(self) -> None:
        if self._service.background is None:
            return
        async for output in self._service.background(self._event_log):
            if isinstance(output, IdleBatch):
                await self._event_log.publish_media(output, media_message_id(output))
            elif isinstance(output, AssetOutput) and output.data is not None:
                await self._event_log.assets.put(output.name, output.data)
            else:
                made = type(output).__name__
                raise TypeError(f"{self._service.name} may make media and assets in the background, not {made}")

    async def _extend_leases(self) -> None:
        while True:
            await asyncio.sleep(self._service.lease / 3)
            for item in list(self._queues.held.values()):
                with suppress(nats.errors.Error):
                    await item.msg.in_progress()

    async def _ensure_consumers(self) -> None:
        while True:
            try:
                return await ensure_consumers(self._event_log.js, consumer_configs(self._service))
            except (ConfigurationError, Forbidden):
                raise
            except Exception as error:  # noqa: BLE001 - whatever NATS answers while it restarts; repeated until it works
                log.warning("consumer not there yet", extra={"why": repr(error)})
                await asyncio.sleep(0.5)
            await self._event_log.watch.raise_if_replaced()  # its stream may have to be made again

    # fetching

    async def _consume(self, tasks: asyncio.TaskGroup, stream: str) -> None:
        """Queue the items of one stream, until cancelled or drained."""
        while not self._drain.is_begun:
            try:
                async with PullSubscription(self._event_log.nc, stream, self._service.name, window=0) as pull:
                    self._pulls[stream] = pull
                    while not self._drain.is_begun:
                        raise_if_cancelled()
                        await self._fetch(pull)
                        msg = await pull.next(timeout=1.0)
                        if msg is not None:
                            await self._receive(msg, tasks)
                    for msg in await pull.stop():
                        await self._receive(msg, tasks)  # it is given back with the others
            except SubscriptionLost as error:
                log.info("subscribing to work again", extra={"why": error.detail})
                await asyncio.sleep(0.2)
                # First of all: on another log, the sequences of items that are done mean nothing.
                await self._event_log.watch.raise_if_replaced()
                await self._ensure_consumers()
                self._prior_work.clear()
                await self._interruptions.catch_up(self._executor.running_turns, self._executor.cancel_turn)

    async def _fetch(self, pull: PullSubscription) -> None:
        """Request as many items as could start now, and some ahead; several at a time, because each request costs.

        Items that wait for their conversation, for another worker or for their next try take no slot.
        """
        if self._drain.is_begun:
            return
        busy = len(self._queues) - self._ordering.waiting - self._executor.backing_off - self._crowding()
        most = self._service.concurrency + self._prefetch()
        wanted = min(most - busy, self._max_held - len(self._queues.held))
        idle = busy < self._service.concurrency and not pull.outstanding
        if idle or wanted - pull.outstanding >= most // 2:
            await pull.request(wanted)

    def _crowding(self) -> int:
        """Conversations that wait for others of a person or a network: whoever comes later must not wait for them."""
        concurrency = self._service.concurrency
        if len(self._queues) < concurrency:
            return 0
        return self._executor.owners.crowding(self._queues.conversations, max(1, concurrency // 4))

    async def _make_room(self) -> None:
        """Find out whose the conversations here are, and fetch more where many are one person's or network's."""
        await self._executor.owners.look_up_all(self._queues.conversations)
        if self._crowding():
            await self._fetch_more()

    async def _fetch_more(self) -> None:
        for pull in self._pulls.values():
            await self._fetch(pull)

    def _prefetch(self) -> int:
        """How many items to fetch ahead: few where tries take long, so that other workers get them."""
        concurrency = self._service.concurrency
        ahead = self._service.ahead if self._peers.alone() else min(self._service.ahead, concurrency)
        short = int(concurrency * _PREFETCH_SECONDS / self._executor.mean_seconds)
        return max(ahead, min(_MAX_PREFETCH * concurrency, short))

    async def _receive(self, msg: Msg, tasks: asyncio.TaskGroup) -> None:
        """Queue the item of a message, unless it is a copy, undecodable, done, or held already."""
        if COPY in (msg.headers or {}):
            await acknowledge(msg)
            await self._peers.announce_done(msg.metadata.sequence.stream)  # the next item waits for this one
            return
        try:
            item = self._item(msg)
        except UndecodableEvent as error:
            await self._executor.publish_dead_letter(msg, error)
            await acknowledge(msg)
            if msg.metadata.stream == streams.CONVERSATIONS:
                await self._peers.announce_done(msg.metadata.sequence.stream)  # the next item waits for this one
            return
        if not isinstance(item.event.body, self._service.consumes):
            # The consumer is shared with workers of a newer version, which consume more. One of them does it.
            log.warning("left to another version", extra={"event": item.event.id})
            await msg.nak(delay=_OTHER_VERSION_DELAY)
            return
        if self._ordering.is_done(item):
            await acknowledge(msg)  # the server had forgotten the acknowledgement
            return
        held = self._queues.held.get(item.sequence)
        if held is not None:
            if held.requeued == item.requeued:
                held.msg = msg  # the server had forgotten that this worker holds it
            else:
                await acknowledge(msg)  # requeued while it was still being executed
            return
        if item.deliveries > 1:
            self._metrics.count_redelivery()
        await self._peers.announce_taken(item.sequence)
        if self._queues.push(item):
            serving = tasks.create_task(self._serve_queue(item.event.conversation))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
            if len(self._queues) >= self._service.concurrency:
                tasks.create_task(self._make_room())

    def _item(self, msg: Msg) -> WorkItem:
        """The item of a message.

        Raises:
            UndecodableEvent: it is no event.
        """
        meta = msg.metadata
        stored = int(meta.timestamp.timestamp() * 1_000_000)
        self._event_log.watch.see(meta.stream, meta.sequence.stream, stored)
        requeue_sequence: int | None = None
        if meta.stream == streams.CONVERSATIONS:
            event, sequence = codec.decode_event(msg.data), meta.sequence.stream
        else:
            letter = codec.decode_dead_letter(msg.data)
            event, sequence = codec.decode_event(letter.data), letter.sequence
            requeue_sequence = meta.sequence.stream
        output = FencedOutput(
            self._event_log,
            self._service.name,
            event,
            sequence,
            requeue_sequence=requeue_sequence,
            deliveries=meta.num_delivered,
            media=self._service.media,
        )
        requeued = requeue_sequence is not None
        return WorkItem(event, sequence, msg, output, meta.num_delivered, stored, requeued=requeued)

    async def _serve_queue(self, conversation: str) -> None:
        """Execute the items of one conversation one after the other, the oldest first, until its queue is empty."""
        while (item := await self._ordering.next_item(conversation)) is not None:
            raise_if_cancelled()
            self._look_whether_returned(item)
            # If this is cancelled, the item stays in `held`, to be given back.
            done = await self._executor.execute(item)
            self._queues.release(item)
            if done:
                await self._peers.announce_done(item.sequence)
            await self._fetch_more()
        await self._fetch_more()  # only now is the queue closed and its slot free


async def run_service(service: Service, settings: Settings) -> None:
    """Connect and run one worker until SIGTERM, at which it finishes what it has begun, or SIGINT.

    Raises:
        EngineError: the service wanted to be started again, and there was a pause of its work.
    """
    drain = Drain(settings.drain_seconds)
    async with health_server(settings, service.name) as health, connect(settings, name=service.name) as event_log:
        metrics = Metrics(service.name, service.engine, service.readings)
        work = lambda: (health.held(), sum(metrics.totals().outcomes.values()))  # noqa: E731
        restart = asyncio.create_task(end_in_a_pause(service.why_restart, work))
        await run_until_signalled(_work_for_ever(event_log, service, metrics, health, drain), drain)
        if restart.done():
            raise EngineError(f"ended to be started again: {restart.result()}", code="restart")
        restart.cancel()


async def _work_for_ever(
    event_log: EventLog, service: Service, metrics: Metrics, health: WorkerHealth, drain: Drain
) -> None:
    """Work; where the log was replaced, begin anew with empty caches."""
    names = [(stream, str(config.name)) for stream, config in consumer_configs(service)]
    while True:
        runner = Runner(event_log, service, metrics, drain=drain)
        health.attach(event_log, service.name, names, metrics, runner.held)
        try:
            # In a task of its own: Python 3.11's group leaves the task that waits for it marked as cancelled.
            await asyncio.create_task(runner.run())
            return
        except* LogReplaced as group:
            log.warning("beginning anew on another log", extra={"why": str(group.exceptions[0])})
        raise_if_cancelled()
        service.forget()


def run_service_process(build: Callable[[Settings], Service]) -> int:
    """The main function of a service's process; returns its exit status."""

    async def run(settings: Settings) -> None:
        await run_service(build(settings), settings)

    return run_process(run)
