"""The workers of the channels service, wired together in one process.

Several such processes may run: all take webhooks and share the work of `notes` and `channels`; what only one may do at
a time, it does under a lease.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from starlette.routing import BaseRoute

from bus.cancellation import raise_if_cancelled
from bus.channel_events import DeliveryQueued, TextContent, VoiceContent
from bus.errors import BusError, ConfigurationError, Forbidden, LogReplaced, VisavisError
from bus.log.event_log import EventLog
from bus.process.drain import Drain
from bus.process.health import WorkerHealth
from bus.process.metrics import Metrics
from bus.settings import PREFIX, Settings
from bus.work.consumers import consumer_configs
from bus.work.lease import TTL, run_alone
from bus.work.runner import Runner
from bus.work.service import Service
from bus.work.stream_worker import StreamWorker
from projections.people_reader import PeopleReader
from services.channels.answering import answers
from services.channels.answering.answers import Answers
from services.channels.channel import Channel
from services.channels.folder import LOCAL, NAME, Folder
from services.channels.health import CombinedHealth
from services.channels.incoming.inbox import Inbox
from services.channels.incoming.inbox_work import inbox_work, spoken_commands_work, welcome_work
from services.channels.incoming.owner_link import link_owner
from services.channels.incoming.spoken_commands import SpokenCommands
from services.channels.recordings import notes
from services.channels.recordings.decoding import RecordingDecoder
from services.channels.sending.ledger import SENDER
from services.channels.sending.patience import PATIENCE, Patience
from services.channels.sending.sender import Sender
from services.muxing.speech_media import Media
from services.muxing.video import video_note
from services.muxing.voice import voice_note

log = logging.getLogger(__name__)

LEASE = "channels"
_A_TOKEN = "A" * 22
"""As long as one that links."""
_LARGEST_UPDATE = 900_000
"""Bytes; NATS takes a megabyte with all that stands around them."""
REQUIRED = ("notes", "channels")
"""Names of the services, which every process runs."""
ALONE = ("inbox", "welcomes", "channel-commands", SENDER)
"""Names of the works that one process at a time does."""


@dataclass(frozen=True)
class Pauses:
    """Seconds before what has failed is begun again: each pause twice as long as the one before it."""

    first: float = 1.0
    longest: float = 60.0
    healthy_after: float = 120.0
    """Seconds of working after which the next pause is the first one again."""


@dataclass
class ChannelsProcess:
    """One process of the channels service.

    Args:
        channels: one for each account.
        ttl: of the lease, as in `bus.work.lease`.
        patience: of the sender.
        drain: when it begins, all that is begun is finished, and `run` returns.
    """

    settings: Settings
    channels: Sequence[Channel]
    decoder: RecordingDecoder
    pauses: Pauses = field(default_factory=Pauses)
    ttl: float = TTL
    patience: Patience = PATIENCE
    drain: Drain = field(default_factory=Drain)

    def __post_init__(self) -> None:
        self._event_log: EventLog | None = None
        self._inbox_problem: str | None = None
        self._works_alone = False
        self._workers = {name: WorkerHealth() for name in (*REQUIRED, *ALONE)}
        self.health = CombinedHealth(dict(self._workers), REQUIRED, lambda: self._inbox_problem)

    # receiving

    def routes(self) -> list[BaseRoute]:
        """The routes on which channels send their updates; they are refused until there is a log to store them in."""
        return [route for channel in self.channels for route in channel.routes(partial(self._store, channel))]

    async def _store(self, channel: Channel, event: str, data: bytes) -> bool:
        if self._event_log is None:
            raise BusError("waiting for NATS")
        if len(data) > _LARGEST_UPDATE:
            # Refused, it would come again and again, and stop those behind it. Cut, it becomes a dead letter.
            log.error("an update is too large", extra={"channel": channel.name, "bytes": len(data)})
            data = data[:_LARGEST_UPDATE]
        try:
            stored = await self._event_log.append_inbox(channel.name, channel.account, event, data)
        except BusError as error:
            if error.code == "log_full":
                self._inbox_problem = f"the inbox is full, nothing comes in: raise {PREFIX}INBOX_BYTES"
                log.error(self._inbox_problem, extra={"channel": channel.name})
            raise
        self._inbox_problem = None
        return stored

    def _metadata(self) -> dict[str, str]:
        """The channels, for the page and for `visavis note`, as discovery tells them."""
        channels = [
            {
                "name": channel.name,
                "account": channel.account,
                "label": channel.label,
                "link": channel.link_address(_A_TOKEN).replace(_A_TOKEN, "{token}"),
                **({"folder": str(channel.folder)} if isinstance(channel, Folder) else {}),
            }
            for channel in self.channels
        ]
        return {"channels": json.dumps(channels)}

    # working

    async def run(self, event_log: EventLog) -> None:
        """Work until cancelled or drained; where the log was replaced, begin anew with empty caches."""
        self._event_log = event_log
        try:
            while True:
                try:
                    # In a task of its own: Python 3.11's group leaves the task that waits for it marked as cancelled.
                    await asyncio.create_task(self._work(event_log))
                    return
                except* LogReplaced as group:
                    log.warning("beginning anew on another log", extra={"why": str(group.exceptions[0])})
                raise_if_cancelled()
        finally:
            self._event_log = None
            for channel in self.channels:
                await channel.close()

    async def _work(self, event_log: EventLog) -> None:
        people = PeopleReader(event_log)
        handler = Answers(self.channels, people, public_url=self.settings.public_url)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._keep("people", people.run))
            answering = replace(answers.service(handler), metadata=self._metadata)
            services = (notes.service(self.channels, self.decoder, self.settings.language), answering)
            working = [tasks.create_task(self._serve(event_log, service)) for service in services]
            alone = partial(self._work_alone, event_log, people)
            working.append(
                tasks.create_task(self._keep(LEASE, partial(run_alone, event_log, LEASE, alone, ttl=self.ttl)))
            )
            await self.drain.wait()
            if not self._works_alone:
                working.pop().cancel()  # it waits for the lease
            await asyncio.wait(working)
            reading.cancel()

    async def _serve(self, event_log: EventLog, service: Service) -> None:
        """Run one worker of a service."""
        metrics = Metrics(service.name, service.engine, service.readings)
        names = [(stream, str(config.name)) for stream, config in consumer_configs(service)]

        async def work() -> None:
            runner = Runner(event_log, service, metrics, drain=self.drain)
            self._workers[service.name].attach(event_log, service.name, names, metrics, runner.held)
            await runner.run()

        await self._keep(service.name, work, stops=(ConfigurationError, Forbidden))

    async def _work_alone(self, event_log: EventLog, people: PeopleReader) -> None:
        """What one process at a time does."""
        self._works_alone = True
        try:
            await self._receive_and_send(event_log, people)
        finally:
            self._works_alone = False

    async def _receive_and_send(self, event_log: EventLog, people: PeopleReader) -> None:
        metrics = {name: Metrics(name) for name in ALONE}
        sender = Sender(
            event_log, self.channels, people, make_media,
            metrics=metrics[SENDER], patience=self.patience, drain=self.drain,
        )  # fmt: skip
        inbox = Inbox(
            event_log,
            people,
            language=self.settings.language,
            public_url=self.settings.public_url,
            apply_progress=sender.apply_progress,
        )
        commands = SpokenCommands(event_log, people, inbox.linking, inbox.talk)
        by_name = {channel.name: channel for channel in self.channels}
        works = (inbox_work(by_name, inbox), welcome_work(inbox.linking), spoken_commands_work(commands))
        workers = {work.name: StreamWorker(event_log, work, metrics[work.name], drain=self.drain) for work in works}
        workers[SENDER] = sender.worker
        async with asyncio.TaskGroup() as tasks:
            for name, worker in workers.items():
                self._workers[name].attach(event_log, name, worker.consumers, metrics[name], worker.held)
                tasks.create_task(self._keep(name, partial(_work_through, worker, metrics[name])))
            receiving = [
                tasks.create_task(self._keep(channel.name, partial(self._receive, event_log, people, channel)))
                for channel in self.channels
            ]
            await self.drain.wait()
            for task in receiving:
                task.cancel()

    async def _receive(self, event_log: EventLog, people: PeopleReader, channel: Channel) -> None:
        if channel.name == NAME:
            await link_owner(event_log, people, channel=NAME, account=LOCAL, sender=LOCAL)
        await channel.run(partial(self._store, channel))

    async def _keep(
        self, name: str, work: Callable[[], Awaitable[None]], *, stops: tuple[type[Exception], ...] = ()
    ) -> None:
        """Do a work again and again, with pauses where it fails, so that the others go on.

        Args:
            stops: what ends the process: a restart of the work cannot help.
        Raises:
            LogReplaced: everything has to begin anew, in a group.
        """
        loop, pause = asyncio.get_running_loop(), self.pauses.first
        while True:
            began = loop.time()
            try:
                await work()
                return
            except Exception as error:  # whatever a channel or its client library raises
                if _has(error, (LogReplaced,)) or (stops and _has(error, stops)):
                    raise
                detail = error.detail if isinstance(error, VisavisError) else repr(error)
            raise_if_cancelled()
            if loop.time() - began > self.pauses.healthy_after:
                pause = self.pauses.first
            log.error("failed; begun again", extra={"what": name, "why": detail, "pause": pause})
            await asyncio.sleep(pause)
            pause = min(2 * pause, self.pauses.longest)


async def _work_through(worker: StreamWorker, metrics: Metrics) -> None:
    metrics.ready = True
    try:
        await worker.run()
    finally:
        metrics.ready = False


async def make_media(event_log: EventLog, queued: DeliveryQueued) -> Media:
    """The voice note or video of a message, from its speeches on the log; see `MakeMedia`."""
    content = queued.content
    assert queued.conversation is not None
    assert not isinstance(content, TextContent)
    if isinstance(content, VoiceContent):
        return await voice_note(event_log, queued.conversation, content.speeches)
    return await video_note(event_log, queued.conversation, content.speeches)


def _has(error: Exception, kinds: tuple[type[Exception], ...]) -> bool:
    """Whether an error is of one of these kinds, or is a group with such a one."""
    if isinstance(error, ExceptionGroup):
        return error.subgroup(kinds) is not None
    return isinstance(error, kinds)
