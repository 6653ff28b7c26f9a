"""NATS service discovery: every process answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import nats.micro.service
from nats.aio.msg import Msg
from nats.micro.service import EndpointInfo, EndpointStats, ServiceConfig

from bus import clock
from bus.log.event_log import EventLog
from bus.process.background_reading import BackgroundReading
from bus.process.metrics import GaugeReading, Totals
from bus.process.usage import usage

log = logging.getLogger(__name__)

CLOCK_TOLERANCE = 2.0
"""Seconds by which clocks may differ before that is reported."""
VERSION = "0.1.0"
_ENDPOINT = "work"

T = TypeVar("T")
N = TypeVar("N", int, float)


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

    @property
    def gpu_fault(self) -> str:
        """Why the graphics card is not used: "full", "lost" or "absent"; "": it is, or none is wanted."""
        return self.metadata.get("gpu_fault", "")

    @property
    def host(self) -> str:
        """The machine that it runs on."""
        return self.metadata.get("host", "")

    @property
    def memory(self) -> int | None:
        """Resident bytes at the time of the answer, its helper processes included."""
        return _number(self.metadata.get("memory", ""), int)

    @property
    def cpu_seconds(self) -> float | None:
        """Processor time until the answer, its helper processes included."""
        return _number(self.metadata.get("cpu", ""), float)

    @property
    def gpus(self) -> list[GaugeReading]:
        """What it read last of its machine's GPUs."""
        try:
            return msgspec.json.decode(self.metadata.get("gpus", "[]"), type=list[GaugeReading])
        except msgspec.MsgspecError:
            return []


class EndpointTotals(msgspec.Struct, frozen=True):
    """What a worker did since it started, as `$SRV.STATS` tells it."""

    num_requests: int = 0
    """Work items that came to an end."""
    num_errors: int = 0
    last_error: str = ""
    processing_time: int = 0
    """Nanoseconds."""
    data: dict[str, int] = {}
    """Numbers by name: outcomes, redeliveries, retries, dead_letters, held, ready."""


class WorkerStats(msgspec.Struct, frozen=True):
    """The statistics of one process."""

    name: str
    id: str
    endpoints: tuple[EndpointTotals, ...] = ()


@dataclass(frozen=True)
class WorkEndpoint:
    """The work of a service as `$SRV.INFO` and `$SRV.STATS` show it: as an endpoint."""

    subjects: tuple[str, ...]
    """Of the facts that the service consumes; they come from the log, not as requests."""
    totals: Callable[[], Totals]
    held: Callable[[], int] = int
    """Gives the number of work items that the worker holds."""
    ready: Callable[[], bool] = bool
    """Whether the worker takes work."""


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
        readings: Callable[[], Iterable[GaugeReading]],
    ) -> None:
        super().__init__(event_log.nc, config)
        self._queue = config.name
        self._endpoint = endpoint
        self._note = note
        self._serving = serving
        self._more = metadata
        self._gpus = BackgroundReading(lambda: _gpus(readings), "")

    def info(self) -> nats.micro.service.ServiceInfo:
        info = super().info()
        taken = usage()
        now = {
            **self._more(),
            "clock": str(clock.wall()),
            "note": self._note(),
            "serving": self._serving(),
            "memory": "" if taken is None else str(taken.memory),
            "cpu": "" if taken is None else f"{taken.cpu_seconds:.2f}",
            "gpus": self._gpus.newest(),
        }
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
            "held": endpoint.held(),
            "ready": int(endpoint.ready()),
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
    readings: Callable[[], Iterable[GaugeReading]] = tuple,
) -> AsyncIterator[None]:
    """Answer discovery under this name while the context lasts.

    Args:
        engine: that was chosen.
        serving: the engine that serves, where that is another one, else ""; asked at each answer.
        note: what a person should know about its state, in one line; asked at each answer.
        metadata: what else it tells of itself; asked at each answer.
        readings: gauges of the machine, of which it tells those of GPUs; read in a thread.
    """
    config = ServiceConfig(
        name=name,
        version=VERSION,
        description=f"Visavis {name}",
        metadata={"engine": engine, "pid": str(os.getpid()), "host": socket.gethostname()},
    )
    service = _MicroService(event_log, config, endpoint, note, serving, metadata, readings)
    await service.start()
    try:
        yield
    finally:
        if event_log.connected:
            await service.stop()


def format_clock(ahead: float) -> str:
    """How far a clock is ahead, in words."""
    return f"{abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"


async def discover(event_log: EventLog, *, wait: float = 0.25) -> list[ServiceInfo]:
    """The processes that answer within `wait` seconds, by name."""

    def decode(data: bytes) -> ServiceInfo:
        info = msgspec.convert(json.loads(data), ServiceInfo)
        at = info.metadata.get("clock", "")
        ahead = (int(at) - clock.wall()) / 1_000_000 if at else None
        return msgspec.structs.replace(info, clock_ahead=ahead)

    answers = await _ask(event_log, "INFO", decode, wait)
    return sorted(answers, key=lambda one: (one.name, one.id))


async def worker_stats(event_log: EventLog, *, wait: float = 0.25) -> dict[str, WorkerStats]:
    """The statistics of the processes that answer within `wait` seconds, by the id that `discover` gives."""
    answers = await _ask(event_log, "STATS", lambda data: msgspec.json.decode(data, type=WorkerStats), wait)
    return {one.id: one for one in answers}


async def _ask(event_log: EventLog, verb: str, decode: Callable[[bytes], T], wait: float) -> list[T]:
    """The answers of all services to a request of discovery."""
    answers: list[T] = []

    async def on_message(msg: Msg) -> None:
        try:
            answers.append(decode(msg.data))
        except ValueError:
            return  # "no responders", or an answer in another format

    inbox = event_log.nc.new_inbox()
    subscription = await event_log.nc.subscribe(inbox, cb=on_message)
    await event_log.nc.publish(f"$SRV.{verb}", b"", reply=inbox)
    await asyncio.sleep(wait)
    await subscription.unsubscribe()
    return answers


def _gpus(readings: Callable[[], Iterable[GaugeReading]]) -> str:
    return msgspec.json.encode([one for one in readings() if one.name.startswith("gpu_")]).decode()


def _number(text: str, kind: Callable[[str], N]) -> N | None:
    try:
        return kind(text)
    except ValueError:
        return None
