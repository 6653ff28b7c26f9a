"""Runs a service on the log: takes work, hands it to the handler in order, acknowledges last.

Rules in the architecture, section "How a service works". What is published, and behind which fence, is decided in
`bus.work.fenced_output`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any, cast

import nats.errors
from nats.aio.msg import Msg

from bus import clock, codec, subjects
from bus.errors import BusError, ConfigurationError, StreamStalled, UndecodableEvent, VisavisError
from bus.events import IdleBatch, StepFailed
from bus.log import streams
from bus.log.dead_letters import dead_letter_for
from bus.log.event_log import EventLog, connect
from bus.log.pull import PullSubscription, SubscriptionLost
from bus.process.discovery import Work, announce
from bus.process.health import health_server
from bus.process.lifecycle import run_process, run_until_signalled
from bus.process.metrics import Metrics
from bus.settings import Settings
from bus.work.cancellation import raise_if_cancelled, stopping
from bus.work.consumers import consumers, ensure_consumers
from bus.work.fenced_output import DuplicateOutput, FencedOutput, Superseded, media_message_id
from bus.work.interruptions import Interruptions, turn_of
from bus.work.ordering import Ordering
from bus.work.peers import Peers
from bus.work.prior_work import PriorWork
from bus.work.queues import WorkItem, WorkQueues
from bus.work.service import Service

log = logging.getLogger(__name__)

MAX_TRIES = 5
MAX_TAKE_OVERS = 8
"""Times that a piece of work is taken over before it is believed to be what its workers died of. How often it was
delivered says less: it may have waited in lines only."""
_BACKOFF = (0.2, 1.0, 3.0, 10.0)
_MOMENT = 0.02
"""Seconds that work may lie here while another worker is free."""
_MOST_AHEAD = 3
_MARGIN = 500_000
"""Microseconds by which the server's clock may differ from this one."""
_OLD = 30_000_000
"""Microseconds after which a piece of work may have been done before, by a worker that nobody remembers."""


class Runner:
    """One worker of a service; start as many as wanted, they share the work.

    Args:
        max_held: work items that it holds at the most; those of one conversation wait for each other.
    """

    def __init__(
        self, event_log: EventLog, service: Service, metrics: Metrics | None = None, *, max_held: int = 1000
    ) -> None:
        self._event_log = event_log
        self._service = service
        self._max_held = max_held
        self._metrics = metrics or Metrics(service.name, service.engine, service.readings)
        self._slots = asyncio.Semaphore(service.concurrency)
        self._resting = 0
        """Pieces of work that wait before they are tried again."""
        self._usual = 1.0
        """Seconds that a piece of work took of late: the mean, in which each counts for a tenth of those before it."""
        self._pulls: dict[str, PullSubscription] = {}
        self._lines = WorkQueues()
        self._peers = Peers(event_log, service.name, service.lease, self._lines.held)
        self._order = Ordering(event_log, service, self._peers, self._lines)
        self._running: dict[tuple[str, str], set[asyncio.Task[None]]] = {}
        self._interruptions = Interruptions(event_log)
        self._before = PriorWork(event_log)

    def held(self) -> int:
        """How many pieces of work it has in hand."""
        return len(self._lines.held)

    async def run(self) -> None:
        """Work until cancelled; what is under way is then given back for another worker."""
        await self._declare_consumers_patiently()
        service = self._service
        work = Work(tuple(map(subjects.facts_of_kind, service.consumes)), self._metrics.totals)
        try:
            async with announce(self._event_log, service.name, service.engine, work), asyncio.TaskGroup() as tasks:
                tasks.create_task(self._interruptions.listen(self._stop))
                tasks.create_task(self._peers.listen())
                await self._peers.arrive()
                await self._order.begin()
                tasks.create_task(self._peers.keep_saying())
                tasks.create_task(self._keep_leases())
                tasks.create_task(self._background())
                log.info("ready", extra={"engine": service.engine})
                self._metrics.ready = True
                tasks.create_task(self._take_work(tasks, streams.REQUEUE))
                await self._take_work(tasks, streams.CONVERSATIONS)
        finally:
            self._metrics.ready = False
            with suppress(nats.errors.Error, TimeoutError):
                await self._give_back()

    async def _give_back(self) -> None:
        for item in self._lines.held.values():
            await item.msg.nak()
        await self._peers.leave()

    async def _declare_consumers(self) -> None:
        await ensure_consumers(self._event_log.js, self._service)

    async def _background(self) -> None:
        if self._service.background is None:
            return
        async for output in self._service.background(self._event_log):
            if not isinstance(output, IdleBatch):
                raise TypeError(f"{self._service.name} may make media in the background, not {type(output).__name__}")
            await self._event_log.publish_media(output, media_message_id(output))

    # taking work

    async def _take_work(self, tasks: asyncio.TaskGroup, stream: str) -> None:
        while True:
            try:
                async with PullSubscription(self._event_log.nc, stream, self._service.name, window=0) as pull:
                    self._pulls[stream] = pull
                    while True:
                        raise_if_cancelled()
                        await self._ask(pull)
                        msg = await pull.next(timeout=1.0)
                        if msg is not None:
                            await self._accept(msg, tasks)
            except SubscriptionLost as error:
                log.info("asking for work again", extra={"why": error.detail})
                await asyncio.sleep(0.2)
                await self._declare_consumers_patiently()
                self._before.forget()
                await self._interruptions.catch_up(self._running, self._stop)

    async def _ask(self, pull: PullSubscription) -> None:
        """Ask for as much as could be begun now; a few at a time, since each time costs. What waits for its turn in its
        conversation, for another worker or for another try takes no slot."""
        busy = len(self._lines) - self._order.waiting - self._resting
        most = self._service.concurrency + self._ahead()
        wanted = min(most - busy, self._max_held - len(self._lines.held))
        idle = busy < self._service.concurrency and not pull.outstanding
        if idle or wanted - pull.outstanding >= most // 2:
            await pull.ask(wanted)

    def _ahead(self) -> int:
        """Pieces of work to have at hand beyond the slots: what will surely be begun in a moment, so that other workers
        get what takes longer."""
        slots = self._service.concurrency
        return min(_MOST_AHEAD * slots, int(slots * _MOMENT / self._usual))

    async def _declare_consumers_patiently(self) -> None:
        while True:
            try:
                return await self._declare_consumers()
            except ConfigurationError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever NATS says while it restarts; asked again until it works
                log.warning("consumer not there yet", extra={"why": repr(error)})
                await asyncio.sleep(0.5)

    async def _accept(self, msg: Msg, tasks: asyncio.TaskGroup) -> None:
        """Put a piece of work into its conversation's line."""
        try:
            item = self._item(msg)
        except UndecodableEvent as error:
            await self._publish_dead_letter(msg, error)
            await self._ack(msg)
            if msg.metadata.stream == streams.CONVERSATIONS:
                await self._peers.done(msg.metadata.sequence.stream)  # who comes after it waits for it
            return
        if self._order.is_done(item):
            await self._ack(msg)  # the server had forgotten that it was done
            return
        held = self._lines.held.get(item.sequence)
        if held is not None:
            if held.again == item.again:
                held.msg = msg  # the server had forgotten that we hold it
            else:
                await self._ack(msg)  # put back while it was still worked on
            return
        if item.deliveries > 1:
            self._metrics.redelivered()
        await self._peers.took(item.sequence)
        if self._lines.join(item):
            tasks.create_task(self._serve_line(item.event.conversation))

    def _item(self, msg: Msg) -> WorkItem:
        """What there is to do.

        Raises:
            UndecodableEvent: it is no event.
        """
        meta = msg.metadata
        stored = int(meta.timestamp.timestamp() * 1_000_000)
        if meta.stream == streams.CONVERSATIONS:
            event, sequence, again = codec.decode_event(msg.data), meta.sequence.stream, ""
        else:
            letter = codec.decode_dead_letter(msg.data)
            event, sequence, again = codec.decode_event(letter.data), letter.sequence, str(meta.sequence.stream)
        attempt = FencedOutput(self._event_log, self._service.name, event, sequence, again=again)
        return WorkItem(event, sequence, msg, attempt, meta.num_delivered, stored, again=bool(again))

    async def _serve_line(self, conversation: str) -> None:
        """Do the work of one conversation, the oldest first, one after the other, until there is none."""
        while (item := await self._order.next(conversation)) is not None:
            raise_if_cancelled()
            # Stopped in the middle: it stays among what is held, to be given back.
            done = await self._deal_with(item)
            self._lines.leave(item)
            if done:
                await self._peers.done(item.sequence)
            await self._ask_for_more()
        await self._ask_for_more()  # only now is its slot free

    async def _ask_for_more(self) -> None:
        for pull in self._pulls.values():
            await self._ask(pull)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._service.lease / 3)
            for item in list(self._lines.held.values()):
                with suppress(nats.errors.Error):
                    await item.msg.in_progress()

    # one piece of work

    async def _deal_with(self, item: WorkItem) -> bool:
        """Returns whether it is done; not where another worker has it now."""
        key = turn_of(item.event)
        repeated = item.deliveries > 1 or item.again
        if await self._interruptions.stopped(item.event, stored=item.stored, repeated=repeated):
            await self._ack(item.msg)
            return True
        work = asyncio.create_task(self._try(item))
        self._running.setdefault(key, set()).add(work)
        try:
            # Being stopped stops the work, too, and waits for it.
            await work
            if stopping():
                raise asyncio.CancelledError  # though the work ended meanwhile
        except asyncio.CancelledError:
            if stopping():
                raise
            log.info("interrupted", extra={"conversation": item.event.conversation, "turn": item.event.turn})
            self._metrics.handled("interrupted")
        except Superseded:
            # It is the other one's now, to acknowledge too.
            self._order.beware()
            log.warning("superseded", extra={"event": item.event.id})
            self._metrics.handled("superseded")
            return False
        finally:
            running = self._running[key]
            running.discard(work)
            if not running:
                del self._running[key]
        await self._ack(item.msg)
        return True

    async def _try(self, item: WorkItem) -> None:
        """Until it works or is given up. What goes wrong is tried again here, so that its conversation waits for it."""
        attempt, failures = item.attempt, 0
        prepared = doubled = False
        while True:
            try:
                if not prepared:
                    await self._prepare(item, doubled=doubled)
                    prepared = True
                if attempt.given_up and not item.again:
                    return
                begun = item.deliveries if item.again else attempt.take_overs
                if begun > MAX_TAKE_OVERS:
                    raise VisavisError(f"it was begun {begun} times and never finished", code="poison")
                await self._attempt(item)
                return
            except Superseded:
                raise
            except DuplicateOutput:
                prepared, doubled = False, True
                continue
            except VisavisError as error:
                problem = error
            except Exception as error:
                log.exception("handler broke", extra={"service": self._service.name, "event": item.event.id})
                detail = f"{type(error).__name__} in {self._service.name}"
                problem = VisavisError(detail, retryable=True, code="internal")
            if not _is_the_logs_fault(problem):
                failures += 1
            log.warning(
                "step failed",
                extra={"event": item.event.id, "code": problem.code, "try": failures, "why": problem.detail},
            )
            if failures >= MAX_TRIES or not (problem.retryable or _is_the_logs_fault(problem)):
                await self._give_up(item, problem, failures)
                return
            self._metrics.retried()
            await self._rest(_BACKOFF[min(max(failures, 1), len(_BACKOFF)) - 1])

    async def _rest(self, seconds: float) -> None:
        self._resting += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._resting -= 1

    async def _prepare(self, item: WorkItem, *, doubled: bool) -> None:
        """See what others have done of it, where it may have been in other hands."""
        if item.deliveries > 1 or item.again or doubled:
            await item.attempt.take_over()
        elif item.stored < self._interruptions.since + _MARGIN:
            if await self._before.begun(item.event.conversation, item.event.id, item.sequence):
                await item.attempt.take_over()
        elif abs(clock.now() - item.stored) > _OLD:
            await item.attempt.look()

    async def _attempt(self, item: WorkItem) -> None:
        async with self._slots:
            began, published = time.perf_counter(), item.attempt.bus_seconds
            item.attempt.begin()
            outputs = self._service.handle(item.event, self._event_log)
            try:
                async with aclosing(cast("Any", outputs)):
                    async for output in outputs:
                        await item.attempt.publish(output)
                self._metrics.handled("done")
            finally:
                bus_seconds = item.attempt.bus_seconds - published
                took = time.perf_counter() - began
                self._usual += (took - self._usual) * 0.1
                self._metrics.timed(took - bus_seconds, bus_seconds)

    async def _give_up(self, item: WorkItem, error: VisavisError, failures: int) -> None:
        """Say on record that it failed, put the message aside where it was tried in vain, and go on."""
        service = self._service
        failed = StepFailed(service=service.name, code=error.code, retryable=error.retryable, detail=error.detail)
        while True:
            try:
                await item.attempt.fail([failed, *service.on_failure(item.event, error)])
                if error.retryable or error.code == "poison":
                    await self._publish_dead_letter(item.msg, error, failures)
                self._metrics.failed(f"{error.code}: {error.detail}")
                return
            except BusError as trouble:
                if not _is_the_logs_fault(trouble):
                    raise
                log.warning("the failure cannot be told yet", extra={"why": trouble.detail})
                await self._rest(_BACKOFF[-1])

    async def _publish_dead_letter(self, msg: Msg, error: VisavisError, failures: int = 0) -> None:
        letter, again = dead_letter_for(msg, self._service.name, error, failures or msg.metadata.num_delivered)
        log.error("dead letter", extra={"service": letter.service, "sequence": letter.sequence, "why": error.detail})
        await self._event_log.publish_dead_letter(letter, again=again)
        self._metrics.buried()

    async def _ack(self, msg: Msg) -> None:
        # Lost where NATS is away: then it comes again, and is known to be done.
        with suppress(nats.errors.Error):
            await msg.ack()

    def _stop(self, turn: tuple[str, str]) -> None:
        """The person has cut it short."""
        for task in self._running.get(turn, ()):
            task.cancel()


def _is_the_logs_fault(error: VisavisError) -> bool:
    """NATS is away or full: that says nothing about the work, which waits for it."""
    return (
        isinstance(error, BusError)
        and not isinstance(error, StreamStalled)
        and (error.retryable or error.code == "log_full")
    )


async def run_service(service: Service, settings: Settings) -> None:
    """Connect and work until SIGTERM or SIGINT."""
    async with health_server(settings, service.name) as health, connect(settings, name=service.name) as event_log:
        metrics = Metrics(service.name, service.engine, service.readings)
        runner = Runner(event_log, service, metrics)
        names = [(stream, str(config.name)) for stream, config in consumers(service)]
        health.attach(event_log, service.name, names, metrics, runner.held)
        await run_until_signalled(runner.run())


def run_service_process(build: Callable[[Settings], Service]) -> int:
    """The whole life of a service process; returns its exit status."""

    async def work(settings: Settings) -> None:
        await run_service(build(settings), settings)

    return run_process(work)
