"""NATS service discovery: every process answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import nats.micro.service
from nats.aio.msg import Msg
from nats.micro.service import EndpointInfo, EndpointStats, ServiceConfig

from bus.log.event_log import EventLog
from bus.process.metrics import Totals

VERSION = "0.1.0"
_ENDPOINT = "work"


class ServiceInfo(msgspec.Struct, frozen=True):
    """The answer of one process."""

    name: str
    id: str
    version: str
    metadata: dict[str, str] = {}

    @property
    def engine(self) -> str:
        return self.metadata.get("engine", "")

    @property
    def note(self) -> str:
        """What a person should know about its state at the time of the answer, in one line."""
        return self.metadata.get("note", "")


@dataclass(frozen=True)
class WorkEndpoint:
    """The work of a service as `$SRV.INFO` and `$SRV.STATS` show it: as an endpoint."""

    subjects: tuple[str, ...]
    """Of the facts that the service consumes; they come from the log, not as requests."""
    totals: Callable[[], Totals]


class _MicroService(nats.micro.service.Service):
    """A service of the NATS micro protocol whose endpoint is a durable consumer."""

    def __init__(
        self, event_log: EventLog, config: ServiceConfig, endpoint: WorkEndpoint | None, note: Callable[[], str]
    ) -> None:
        super().__init__(event_log.nc, config)
        self._queue = config.name
        self._endpoint = endpoint
        self._note = note

    def info(self) -> nats.micro.service.ServiceInfo:
        info = super().info()
        if note := self._note():
            info.metadata = {**(info.metadata or {}), "note": note}
        if self._endpoint is not None:
            subject = ",".join(self._endpoint.subjects)
            info.endpoints.append(EndpointInfo(name=_ENDPOINT, subject=subject, queue_group=self._queue))
        return info

    def stats(self) -> nats.micro.service.ServiceStats:
        stats = super().stats()
        if self._endpoint is not None:
            stats.endpoints.append(_stats(self._endpoint, self._queue))
        return stats


def _stats(endpoint: WorkEndpoint, queue: str) -> EndpointStats:
    totals = endpoint.totals()
    count, nanoseconds = sum(totals.outcomes.values()), int(totals.seconds * 1e9)
    return EndpointStats(
        name=_ENDPOINT,
        subject=",".join(endpoint.subjects),
        queue_group=queue,
        num_requests=count,
        num_errors=totals.outcomes["failed"],
        last_error=totals.last_error,
        processing_time=nanoseconds,
        average_processing_time=nanoseconds // count if count else 0,
        data={
            **totals.outcomes,
            "redeliveries": totals.redeliveries,
            "retries": totals.retries,
            "dead_letters": totals.dead_letters,
        },
    )


@asynccontextmanager
async def announce(
    event_log: EventLog,
    name: str,
    engine: str = "",
    endpoint: WorkEndpoint | None = None,
    note: Callable[[], str] = str,
) -> AsyncIterator[None]:
    """Answer discovery under this name while the context lasts.

    Args:
        note: what a person should know about its state, in one line; asked at each answer.
    """
    config = ServiceConfig(
        name=name,
        version=VERSION,
        description=f"Visavis {name}",
        metadata={"engine": engine, "pid": str(os.getpid())},
    )
    service = _MicroService(event_log, config, endpoint, note)
    await service.start()
    try:
        yield
    finally:
        if event_log.connected:
            await service.stop()


async def discover(event_log: EventLog, *, wait: float = 0.25) -> list[ServiceInfo]:
    """The processes that answer within `wait` seconds, by name."""
    answers: list[ServiceInfo] = []

    async def on_message(msg: Msg) -> None:
        try:
            answers.append(msgspec.convert(json.loads(msg.data), ServiceInfo))
        except ValueError:
            return  # "no responders", or an answer in another format

    inbox = event_log.nc.new_inbox()
    subscription = await event_log.nc.subscribe(inbox, cb=on_message)
    await event_log.nc.publish("$SRV.INFO", b"", reply=inbox)
    await asyncio.sleep(wait)
    await subscription.unsubscribe()
    return sorted(answers, key=lambda one: (one.name, one.id))
