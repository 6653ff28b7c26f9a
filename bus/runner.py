"""Runs a service on the log: takes work, stamps and publishes what the handler yields, acknowledges last.

Rules in the architecture, section "How a service works".
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from typing import Any, cast

import nats.errors
from nats.aio.msg import Msg
from nats.js import api

from bus import clock, codec, streams, subjects
from bus.discovery import announced
from bus.errors import UndecodableEvent, VisavisError
from bus.events import (
    AudioIn,
    AudioOut,
    Body,
    DeadLetter,
    Event,
    Fact,
    FrameBatch,
    IdleBatch,
    Live,
    LiveBody,
    LiveEvent,
    ReplyInterrupted,
    StepFailed,
)
from bus.ids import derive_id
from bus.log import Bus, connect
from bus.process import run_process, until_stopped
from bus.pull import Pull, PullLost
from bus.service import Output, Service
from bus.settings import Settings

log = logging.getLogger(__name__)

MAX_DELIVERIES = 5
_BACKOFF = (0.2, 1.0, 3.0, 10.0)
_REMEMBERED_INTERRUPTIONS = 4096


class _Line:
    """Where the work of one conversation waits for its turn."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.waiting = 0


class Runner:
    """One worker of a service; start as many as wanted, they share the work."""

    def __init__(self, bus: Bus, service: Service) -> None:
        self._bus = bus
        self._service = service
        self._free = service.slots
        self._slot_freed = asyncio.Event()
        self._lines: dict[str, _Line] = {}
        self._running: dict[tuple[str, str], set[asyncio.Task[None]]] = {}
        self._interrupted: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def run(self) -> None:
        """Work until cancelled; what is under way is then given back for another worker."""
        await self._declare_consumer()
        service = self._service
        async with announced(self._bus, service.name, service.engine), asyncio.TaskGroup() as tasks:
            log.info("ready", extra={"engine": service.engine})
            tasks.create_task(self._note_interruptions())
            tasks.create_task(self._background())
            await self._take_work(tasks)

    async def _declare_consumer(self) -> None:
        config = api.ConsumerConfig(
            name=self._service.name,
            durable_name=self._service.name,
            filter_subjects=[subjects.fact_everywhere(kind) for kind in self._service.takes],
            deliver_policy=api.DeliverPolicy.ALL,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=self._service.lease,
            max_ack_pending=1000,
        )
        await self._bus.js.add_consumer(streams.CONVERSATIONS, config)

    async def _background(self) -> None:
        if self._service.background is None:
            return
        async for output in self._service.background(self._bus):
            if not isinstance(output, IdleBatch):
                raise TypeError(f"{self._service.name} may make media in the background, not {type(output).__name__}")
            await self._bus.publish_media(output, _media_id(output))

    # taking work

    async def _take_work(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            try:
                async with Pull(self._bus.nc, streams.CONVERSATIONS, self._service.name, window=0) as pull:
                    while True:
                        while self._free == 0:
                            self._slot_freed.clear()
                            await self._slot_freed.wait()
                        await pull.ask(self._free)
                        # A slot that is freed meanwhile must be offered too: look again now and then.
                        msg = await pull.next(timeout=1.0)
                        if msg is not None:
                            self._free -= 1
                            tasks.create_task(self._work(msg))
            except PullLost as error:
                log.info("asking for work again", extra={"why": error.detail})
                await asyncio.sleep(0.2)
                await self._declare_consumer_patiently()

    async def _declare_consumer_patiently(self) -> None:
        while True:
            try:
                return await self._declare_consumer()
            except Exception as error:  # noqa: BLE001 - whatever NATS says while it restarts; asked again until it works
                log.warning("consumer not there yet", extra={"why": repr(error)})
                await asyncio.sleep(0.5)

    async def _work(self, msg: Msg) -> None:
        lease = asyncio.create_task(self._keep_lease(msg))
        try:
            await self._deal_with(msg)
        finally:
            lease.cancel()
            with suppress(asyncio.CancelledError):
                await lease
            self._free += 1
            self._slot_freed.set()

    async def _keep_lease(self, msg: Msg) -> None:
        while True:
            await asyncio.sleep(self._service.lease / 3)
            with suppress(nats.errors.Error):
                await msg.in_progress()

    async def _deal_with(self, msg: Msg) -> None:
        try:
            event = codec.decode_event(msg.data)
        except UndecodableEvent as error:
            await self._bury(msg, error)
            await msg.ack()
            return
        if msg.metadata.num_delivered > MAX_DELIVERIES:
            await self._give_up(msg, event, VisavisError("it was tried too often", code="poison"))
            return
        # First come, first served within a conversation; others go on beside it.
        line = self._lines.setdefault(event.conversation, _Line())
        line.waiting += 1
        try:
            async with line.turn:
                await self._handle(msg, event)
        finally:
            line.waiting -= 1
            if line.waiting == 0:
                del self._lines[event.conversation]

    async def _handle(self, msg: Msg, event: Event) -> None:
        key = (event.conversation, event.turn or event.id)
        if key in self._interrupted or (msg.metadata.num_delivered > 1 and await self._was_interrupted(event)):
            await msg.ack()
            return
        task = asyncio.create_task(self._produce(event))
        self._running.setdefault(key, set()).add(task)
        try:
            await task
            await msg.ack()
        except asyncio.CancelledError:
            if key not in self._interrupted:
                task.cancel()
                await asyncio.wait([task])
                with suppress(nats.errors.Error):
                    await msg.nak()
                raise
            log.info("interrupted", extra={"conversation": event.conversation, "turn": event.turn})
            await msg.ack()
        except VisavisError as error:
            await self._failed(msg, event, error)
        except Exception as error:
            log.exception("handler broke", extra={"service": self._service.name, "event": event.id})
            detail = f"{type(error).__name__} in {self._service.name}"
            await self._failed(msg, event, VisavisError(detail, retryable=True, code="internal"))
        finally:
            running = self._running[key]
            running.discard(task)
            if not running:
                del self._running[key]

    # publishing

    async def _produce(self, event: Event) -> None:
        position = 0
        outputs = self._service.handle(event, self._bus)
        async with aclosing(cast("Any", outputs)):
            async for output in outputs:
                if isinstance(output, Body):
                    await self._bus.append(self._stamp(event, output, self._service.name, position))
                    position += 1
                else:
                    await self._publish(event, output)

    def _stamp(self, cause: Event, body: Body, *position: str | int) -> Event:
        return Event(
            id=derive_id(cause.id, *position),
            at=clock.now(),
            conversation=cause.conversation,
            turn=cause.turn,
            cause=cause.id,
            body=cast("Fact", body),
        )

    async def _publish(self, event: Event, output: Output) -> None:
        if isinstance(output, LiveBody):
            live = LiveEvent(at=clock.now(), conversation=event.conversation, body=cast("Live", output))
            await self._bus.publish_live(live)
        elif isinstance(output, AudioIn | AudioOut | FrameBatch | IdleBatch):
            await self._bus.publish_media(output, _media_id(output))
        else:
            raise TypeError(f"{self._service.name} yielded {type(output).__name__}, not a fact, live body or media")

    # failing

    async def _failed(self, msg: Msg, event: Event, error: VisavisError) -> None:
        tries = msg.metadata.num_delivered
        log.warning(
            "step failed",
            extra={"event": event.id, "code": error.code, "try": tries, "why": error.detail},
        )
        if error.retryable and tries < MAX_DELIVERIES:
            await msg.nak(delay=_BACKOFF[min(tries, len(_BACKOFF)) - 1])
            return
        await self._give_up(msg, event, error)

    async def _give_up(self, msg: Msg, event: Event, error: VisavisError) -> None:
        """Say on record that it failed, put the message aside where it was tried in vain, and go on."""
        service = self._service.name
        failed = StepFailed(service=service, code=error.code, retryable=error.retryable, detail=error.detail)
        for position, body in enumerate([failed, *self._service.failed(event, error)]):
            await self._bus.append(self._stamp(event, body, service, "failed", position))
        if error.retryable or error.code == "poison":
            await self._bury(msg, error)
        await msg.ack()

    async def _bury(self, msg: Msg, error: VisavisError) -> None:
        meta = msg.metadata
        letter = DeadLetter(
            at=clock.now(),
            stream=meta.stream,
            sequence=meta.sequence.stream,
            subject=msg.subject,
            service=self._service.name,
            code=error.code,
            detail=error.detail,
            deliveries=meta.num_delivered,
            data=msg.data,
        )
        log.error("dead letter", extra={"service": letter.service, "sequence": letter.sequence, "why": error.detail})
        await self._bus.bury(letter)

    # interruption

    async def _was_interrupted(self, event: Event) -> bool:
        """Whether the newest interruption on record is of this turn; it may have come while no worker was up."""
        record = await self._bus.last(subjects.fact_in(event.conversation, ReplyInterrupted))
        try:
            return record is not None and codec.decode_event(record.data).turn == event.turn
        except UndecodableEvent:
            return False

    async def _note_interruptions(self) -> None:
        """Stop work on a reply as soon as the person cuts it short; heard directly, not through the work queue."""
        heard: AsyncIterator[tuple[str, bytes]] = self._bus.listen(subjects.fact_everywhere(ReplyInterrupted))
        async for _, data in heard:
            try:
                event = codec.decode_event(data)
            except UndecodableEvent:
                continue
            key = (event.conversation, event.turn or event.id)
            self._interrupted[key] = None
            while len(self._interrupted) > _REMEMBERED_INTERRUPTIONS:
                self._interrupted.popitem(last=False)
            for task in self._running.get(key, ()):
                task.cancel()


def _media_id(media: AudioIn | AudioOut | FrameBatch | IdleBatch) -> str:
    match media:
        case AudioIn():
            return f"{media.utterance}-{media.index}"
        case AudioOut():
            return f"{media.speech}-{media.index}"
        case FrameBatch():
            return f"{media.speech}-f{media.index}"
        case IdleBatch():
            # A loop may be drawn again when it has grown old, so its version alone must not make it a double.
            return f"{media.character}-{media.version}-{media.index}-{clock.now()}"


async def run_service(service: Service, settings: Settings) -> None:
    """Connect and work until SIGTERM or SIGINT."""
    async with connect(settings, name=service.name) as bus:
        await until_stopped(Runner(bus, service).run())


def serve(build: Callable[[Settings], Service]) -> int:
    """The whole life of a service process; returns its exit status."""

    async def work(settings: Settings) -> None:
        await run_service(build(settings), settings)

    return run_process(work)
