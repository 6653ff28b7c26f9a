"""Health and metrics of a process over HTTP.

`/healthz` answers while the process lives, `/readyz` tells whether it takes work (else 503 with the reason), `/metrics`
counts what it did, in Prometheus' text format.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from nats.js.errors import NotFoundError
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bus import subjects
from bus.errors import BusError
from bus.log import streams
from bus.log.event_log import EventLog
from bus.process.http_server import bind, serve
from bus.process.metrics import Metrics, dropped_text
from bus.process.usage import usage_text
from bus.settings import PREFIX, Settings

_NATS_TIMEOUT = 1.0
"""Seconds that NATS has to answer while a health request waits."""
STUCK_AFTER = 600.0
"""Seconds without progress after which the handler of an item counts as stuck."""
ENDING = "ending: it finishes what it has begun, and takes nothing more"


class Monitored(Protocol):
    """A process that reports its readiness and its metrics."""

    async def not_ready_reason(self) -> str | None:
        """Why the process takes no work; None if it does."""
        ...

    async def metrics(self) -> bytes:
        """The metrics in Prometheus' text format."""
        ...


class WorkerHealth:
    """Reports on one worker of a service; until `attach` it is waiting for NATS."""

    def __init__(self) -> None:
        self._event_log: EventLog | None = None

    def attach(
        self,
        event_log: EventLog,
        service: str,
        consumers: Sequence[tuple[str, str]],
        metrics: Metrics,
        held: Callable[[], int],
    ) -> None:
        """Report on this worker from now on: it has connected.

        Args:
            service: name of the service.
            consumers: stream and name of each consumer that the worker pulls from.
            held: gives the number of work items that the worker holds.
        """
        self._event_log, self._service, self._consumers, self._metrics, self._held = (
            event_log,
            service,
            consumers,
            metrics,
            held,
        )

    def held(self) -> int:
        """Work items that the worker holds."""
        return 0 if self._event_log is None else self._held()

    async def not_ready_reason(self) -> str | None:
        event_log = self._event_log
        if event_log is None:
            return "waiting for NATS"
        if not event_log.connected:
            return "NATS is away"
        if event_log.watch.problem:
            return event_log.watch.problem
        if self._metrics.draining:
            return ENDING
        if not self._metrics.ready:
            return "not taking work yet"
        if self._metrics.stalled > STUCK_AFTER:
            return f"stuck: an item has made no progress for {self._metrics.stalled:.0f} s"
        for stream, name in self._consumers:
            try:
                async with asyncio.timeout(_NATS_TIMEOUT):
                    await event_log.consumer_info(stream, name)
            except NotFoundError:
                return f"the consumer {name} on {stream} is not there"
            except TimeoutError:
                return f"NATS does not answer within {_NATS_TIMEOUT:g} s"
            except BusError as error:
                return error.detail
        return None

    async def metrics(self) -> bytes:
        event_log = self._event_log
        if event_log is None:
            return b""
        dead = subjects.dead_of(self._service)
        queue_depth, dead_letters, not_ready = await asyncio.gather(
            or_none(event_log, lambda: self._queue_depth(event_log)),
            or_none(event_log, lambda: event_log.count(streams.DEAD, dead)),
            self.not_ready_reason(),
        )
        self._metrics.set_gauges(
            queue_depth=queue_depth,
            dead_letters=dead_letters,
            held=self._held(),
            connected=event_log.connected,
            ready=not_ready is None,
        )
        return await asyncio.to_thread(self._metrics.text)

    async def _queue_depth(self, event_log: EventLog) -> int:
        infos = [await event_log.consumer_info(stream, name) for stream, name in self._consumers]
        return sum(info.num_pending or 0 for info in infos)


async def or_none(event_log: EventLog, query: Callable[[], Awaitable[int]]) -> int | None:
    """The result of a query to NATS; None if NATS is away, too slow, or does not know."""
    if not event_log.connected:
        return None
    try:
        async with asyncio.timeout(_NATS_TIMEOUT):
            return await query()
    except (BusError, NotFoundError, TimeoutError):
        return None


def routes(monitored: Monitored) -> list[Route]:
    """The routes `/healthz`, `/readyz` and `/metrics` of an application."""

    async def healthy(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(request: Request) -> Response:
        reason = await monitored.not_ready_reason()
        return PlainTextResponse(reason or "ok", 503 if reason else 200)

    async def metrics(request: Request) -> Response:
        # Of the process: once, however many workers it has.
        return Response(await monitored.metrics() + usage_text() + dropped_text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return [Route("/healthz", healthy), Route("/readyz", ready), Route("/metrics", metrics)]


@asynccontextmanager
async def health_server(settings: Settings, service: str) -> AsyncIterator[WorkerHealth]:
    """Serve health and metrics on the service's port, if it has one, while the context lasts.

    Raises:
        ConfigurationError: the port is taken.
    """
    health = WorkerHealth()
    port = settings.health_port(service)
    if not port:
        yield health
        return
    listener = bind(settings.health_host, port, f"{PREFIX}{service.upper()}_PORT")
    async with serve(Starlette(routes=routes(health)), listener):
        yield health
