"""NATS service discovery: every process answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import nats.micro.service
from nats.aio.msg import Msg
from nats.micro.service import EndpointInfo, EndpointStats, ServiceConfig

from bus import clock
from bus.errors import VisavisError
from bus.log.event_log import EventLog
from bus.process.metrics import Totals

log = logging.getLogger(__name__)

CLOCK_TOLERANCE = 2.0
"""Seconds by which clocks may differ before that is reported."""
VERSION = "0.1.0"
_ENDPOINT = "work"


class ServiceInfo(msgspec.Struct, frozen=True):
    """The answer of one process."""

    name: str
    id: str
    version: str
    metadata: dict[str, str] = {}
    clock_ahead: float | None = None
    """Seconds by which its clock is ahead of the one who asked, about; negative where it is behind."""

    @property
    def engine(self) -> str:
        """The engine that was chosen."""
        return self.metadata.get("engine", "")

    @property
    def serving(self) -> str:
        """The engine that served at the time of the answer: another one for as long as the chosen one is not loaded."""
        return self.metadata.get("serving", "") or self.engine

    @property
    def engine_in_use(self) -> str:
        """Which engine serves, and for which other one, in one line for people."""
        return self.engine if self.serving == self.engine else f"{self.serving}, in place of {self.engine}"

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
        self,
        event_log: EventLog,
        config: ServiceConfig,
        endpoint: WorkEndpoint | None,
        note: Callable[[], str],
        serving: Callable[[], str],
        metadata: Callable[[], Mapping[str, str]],
    ) -> None:
        super().__init__(event_log.nc, config)
        self._queue = config.name
        self._endpoint = endpoint
        self._note = note
        self._serving = serving
        self._more = metadata

    def info(self) -> nats.micro.service.ServiceInfo:
        info = super().info()
        now = {**self._more(), "clock": str(clock.now()), "note": self._note(), "serving": self._serving()}
        info.metadata = {**(info.metadata or {}), **{key: value for key, value in now.items() if value}}
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
    serving: Callable[[], str] = str,
    metadata: Callable[[], Mapping[str, str]] = dict,
) -> AsyncIterator[None]:
    """Answer discovery under this name while the context lasts.

    Args:
        engine: that was chosen.
        serving: the engine that serves, where that is another one, else ""; asked at each answer.
        note: what a person should know about its state, in one line; asked at each answer.
        metadata: what else it tells of itself; asked at each answer.
    """
    config = ServiceConfig(
        name=name,
        version=VERSION,
        description=f"Visavis {name}",
        metadata={"engine": engine, "pid": str(os.getpid())},
    )
    service = _MicroService(event_log, config, endpoint, note, serving, metadata)
    await service.start()
    await _warn_of_clock(event_log)
    try:
        yield
    finally:
        if event_log.connected:
            await service.stop()


async def _warn_of_clock(event_log: EventLog) -> None:
    """Log how far this process's clock is from the server's, where that matters to who reads times on the log."""
    try:
        ahead = await event_log.clock_ahead(retry_for=1.0)
    except VisavisError:
        return
    if abs(ahead) > CLOCK_TOLERANCE:
        log.warning("the clock differs from that of the NATS server", extra={"difference": format_clock(ahead)})


def format_clock(ahead: float) -> str:
    """How far a clock is ahead, in words."""
    return f"{abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"


async def discover(event_log: EventLog, *, wait: float = 0.25) -> list[ServiceInfo]:
    """The processes that answer within `wait` seconds, by name."""
    answers: list[ServiceInfo] = []

    async def on_message(msg: Msg) -> None:
        try:
            info = msgspec.convert(json.loads(msg.data), ServiceInfo)
            at = info.metadata.get("clock", "")
            ahead = (int(at) - clock.now()) / 1_000_000 if at else None
            answers.append(msgspec.structs.replace(info, clock_ahead=ahead))
        except ValueError:
            return  # "no responders", or an answer in another format

    inbox = event_log.nc.new_inbox()
    subscription = await event_log.nc.subscribe(inbox, cb=on_message)
    await event_log.nc.publish("$SRV.INFO", b"", reply=inbox)
    await asyncio.sleep(wait)
    await subscription.unsubscribe()
    return sorted(answers, key=lambda one: (one.name, one.id))
