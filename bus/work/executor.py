"""Executes one work item: runs the handler, tries again what failed, stops what a person interrupted.

An item that keeps failing ends with a `service.step_failed` fact and a dead letter, so that the next one can go on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from contextlib import aclosing, suppress
from typing import Any, cast

import nats.errors
from nats.aio.msg import Msg

from bus import clock
from bus.cancellation import is_cancelled, raise_if_cancelled
from bus.errors import BusError, StreamStalled, VisavisError
from bus.events import StepFailed
from bus.log.dead_letters import dead_letter_for
from bus.log.event_log import EventLog
from bus.process.metrics import Metrics
from bus.work.fenced_output import DuplicateOutput, Superseded
from bus.work.interruptions import Interruptions, turn_of
from bus.work.owners import Owners
from bus.work.prior_work import PriorWork
from bus.work.queues import WorkItem
from bus.work.service import Service
from bus.work.slots import Slots

log = logging.getLogger(__name__)

MAX_TRIES = 5
MAX_TAKEOVERS = 8
"""Takeovers after which an item counts as the reason why its workers died. The number of deliveries says less: the item
may only have waited in their queues."""
_CANCEL_AGAIN = 0.5
"""Seconds after which a task that has swallowed its cancellation is cancelled again."""
_CLOCK_SKEW = 500_000
"""Microseconds by which the server's clock may differ from this one."""
_PRIOR_WORK_CHECK_AGE = 30_000_000
"""Microseconds after which an item may have been done by a worker that no other worker remembers."""


class GivenBack(Exception):
    """The item was given back before it was begun."""


class Executor:
    """Runs the handler of a service, at most `service.concurrency` times at once.

    Args:
        on_superseded: called when another worker turns out to have taken an item over.
    """

    def __init__(
        self,
        event_log: EventLog,
        service: Service,
        metrics: Metrics,
        interruptions: Interruptions,
        prior_work: PriorWork,
        *,
        on_superseded: Callable[[], None],
    ) -> None:
        self._event_log = event_log
        self._service = service
        self._metrics = metrics
        self._interruptions = interruptions
        self._prior_work = prior_work
        self._on_superseded = on_superseded
        self._slots = Slots(service.concurrency, reserved=service.concurrency // 8)
        self.owners = Owners(event_log)
        self._running: dict[tuple[str, str], set[asyncio.Task[None]]] = {}
        self.backing_off = 0
        """Items that wait before their next try."""
        self.mean_seconds = 1.0
        """Of a try: an exponential moving average with weight 0.1."""

    @property
    def running_turns(self) -> Collection[tuple[str, str]]:
        return self._running.keys()

    def cancel_turn(self, turn: tuple[str, str]) -> None:
        """Stop the items of a turn: the person has interrupted it."""
        if not self._service.interruptible:
            return
        for task in self._running.get(turn, ()):
            self._cancel_until_done(task)

    def _cancel_until_done(self, task: asyncio.Task[None]) -> None:
        # A library may swallow a cancellation, as nats-py does where it flushes: the handler would then wait for what a
        # stopped service never publishes.
        if not task.done():
            task.cancel()
            asyncio.get_running_loop().call_later(_CANCEL_AGAIN, self._cancel_until_done, task)

    async def execute(self, item: WorkItem) -> bool:
        """Execute an item and acknowledge it; returns False where it is another worker's now."""
        turn = turn_of(item.event)
        if self._service.interruptible and await self._interruptions.is_interrupted(
            item.event, stored=item.stored, repeated=item.deliveries > 1 or item.requeued
        ):
            await acknowledge(item.msg)
            return True
        task = asyncio.create_task(self._run_with_retries(item))
        self._running.setdefault(turn, set()).add(task)
        try:
            # A cancellation of this task cancels the inner one, too, and waits for it.
            await task
            if is_cancelled():
                raise asyncio.CancelledError  # although the inner task has finished meanwhile
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            log.info("interrupted", extra={"conversation": item.event.conversation, "turn": item.event.turn})
            self._metrics.count_outcome("interrupted")
        except GivenBack:
            return False
        except Superseded:
            # The other worker acknowledges the item.
            self._on_superseded()
            log.warning("superseded", extra={"event": item.event.id})
            self._metrics.count_outcome("superseded")
            return False
        finally:
            running = self._running[turn]
            running.discard(task)
            if not running:
                del self._running[turn]
        await acknowledge(item.msg)
        return True

    async def publish_dead_letter(self, msg: Msg, error: VisavisError, tries: int = 0) -> None:
        """Put a message aside on `DEAD`.

        Args:
            tries: 0: the number of deliveries counts instead.
        """
        service = self._service
        await put_aside(
            self._event_log, msg, service.name, error, tries or msg.metadata.num_delivered, pause=service.backoff[-1]
        )
        self._metrics.count_dead_letter()

    async def _run_with_retries(self, item: WorkItem) -> None:
        """Try until the item is done or has failed for good. Retries happen here, so that its conversation waits."""
        output, failures = item.output, 0
        prepared = duplicate = False
        while True:
            try:
                due = item.stored / 1_000_000 + self._service.needed_after(item.event)
                async with self._slots.place(due, await self.owners.look_up(item.event.conversation)):
                    if item.given_back:
                        raise GivenBack
                    item.begun = True
                    if not prepared:
                        await self._check_prior_work(item, duplicate=duplicate)
                        prepared = True
                    if output.failure_published and not item.requeued:
                        return
                    starts = item.deliveries if item.requeued else output.takeovers
                    if starts > MAX_TAKEOVERS:
                        raise VisavisError(f"it was begun {starts} times and never finished", code="poison")
                    await self._try_once(item)
                return
            except (Superseded, GivenBack):
                raise
            except DuplicateOutput:
                raise_if_cancelled()
                prepared, duplicate = False, True
                continue
            except VisavisError as error:
                problem = error
            except Exception as error:
                log.exception("handler broke", extra={"service": self._service.name, "event": item.event.id})
                detail = f"{type(error).__name__} in {self._service.name}"
                problem = VisavisError(detail, retryable=True, code="internal")
            raise_if_cancelled()  # what failed after the interruption is no failure
            if not is_log_unavailable(problem):
                failures += 1
            log.warning(
                "step failed",
                extra={"event": item.event.id, "code": problem.code, "try": failures, "why": problem.detail},
            )
            if failures >= MAX_TRIES or not (problem.retryable or is_log_unavailable(problem)):
                await self._give_up(item, problem, failures)
                return
            self._metrics.count_retry()
            await self._back_off(max(failures, 1))

    async def _check_prior_work(self, item: WorkItem, *, duplicate: bool) -> None:
        """Take the item over where another worker may have started on it."""
        if item.repeated or duplicate:
            await item.output.take_over()
        elif not self._service.publishes_facts:
            return
        elif item.stored < self._interruptions.since + _CLOCK_SKEW:
            if await self._prior_work.was_started(item.event.conversation, item.event.id, item.sequence):
                await item.output.take_over()
        elif abs(clock.now() - item.stored) > _PRIOR_WORK_CHECK_AGE:
            await item.output.check_prior_output()

    async def _try_once(self, item: WorkItem) -> None:
        """Run the handler and publish its outputs."""
        began, publish_seconds_before = time.perf_counter(), item.output.publish_seconds
        item.output.restart()
        outputs = self._service.handle(item.event, self._event_log)
        try:
            with self._metrics.working() as progress:
                async with aclosing(cast("Any", outputs)):
                    async for output in outputs:
                        await item.output.publish(output)
                        raise_if_cancelled()
                        progress()
            self._metrics.count_outcome("done")
        finally:
            publish_seconds = item.output.publish_seconds - publish_seconds_before
            seconds = time.perf_counter() - began
            self.mean_seconds += (seconds - self.mean_seconds) * 0.1
            self._metrics.observe_try(seconds - publish_seconds, publish_seconds)

    async def _give_up(self, item: WorkItem, error: VisavisError, failures: int) -> None:
        """Publish the failure, and a dead letter where trying again later may help."""
        service = self._service
        failed = StepFailed(service=service.name, code=error.code, retryable=error.retryable, detail=error.detail)
        while True:
            try:
                await item.output.publish_failure([failed, *service.on_failure(item.event, error)])
                if error.retryable or error.code == "poison":
                    await self.publish_dead_letter(item.msg, error, failures)
                self._metrics.count_failure(f"{error.code}: {error.detail}")
                return
            except BusError as problem:
                if not is_log_unavailable(problem):
                    raise
                log.warning("the failure cannot be published yet", extra={"why": problem.detail})
                await self._back_off(MAX_TRIES)

    async def _back_off(self, failures: int) -> None:
        """Wait after so many failed tries."""
        delays = self._service.backoff
        self.backing_off += 1
        try:
            await asyncio.sleep(delays[min(failures, len(delays)) - 1])
        finally:
            self.backing_off -= 1


async def put_aside(
    event_log: EventLog, msg: Msg, service: str, error: VisavisError, tries: int, *, pause: float
) -> None:
    """Publish a message as a dead letter of a service; while the log is away or full, again and again.

    Args:
        pause: seconds between two tries.
    """
    letter, requeue_sequence = dead_letter_for(msg, service, error, tries)
    log.error("dead letter", extra={"service": letter.service, "sequence": letter.sequence, "why": error.detail})
    while True:
        try:
            return await event_log.publish_dead_letter(letter, requeue_sequence=requeue_sequence)
        except BusError as problem:
            if not is_log_unavailable(problem):
                raise
            raise_if_cancelled()
            log.warning("the dead letter cannot be published yet", extra={"why": problem.detail})
            await asyncio.sleep(pause)


async def acknowledge(msg: Msg) -> None:
    """Acknowledge a message; while NATS is away it stays unacknowledged, comes again, and is known to be done."""
    with suppress(nats.errors.Error):
        await msg.ack()


def is_log_unavailable(error: VisavisError) -> bool:
    """Whether NATS is away or full. That is no failure of the item, which waits for the log."""
    return (
        isinstance(error, BusError)
        and not isinstance(error, StreamStalled)
        and (error.retryable or error.code == "log_full")
    )
