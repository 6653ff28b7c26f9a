"""How a process answers those who watch over it: `/healthz`, `/readyz` and `/metrics`.

`/healthz` says that the process lives, `/readyz` that it takes work (503 with the reason where not), `/metrics` counts
what it did, in Prometheus' text format.
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
from bus.process.metrics import Metrics
from bus.settings import PREFIX, Settings

_PATIENCE = 1.0
"""Seconds that NATS has to answer; who asks for health waits no longer."""


class Monitored(Protocol):
    """A process as those see it who watch over it."""

    async def not_ready_reason(self) -> str | None:
        """Why it takes no work; None where it does."""
        ...

    async def metrics(self) -> bytes:
        """How things stand, in Prometheus' text format."""
        ...


class WorkerHealth:
    """A worker of a service, from before it has connected on."""

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
        """Report on this worker from now on; it has connected.

        Args:
            service: name of the service.
            consumers: stream and name of each consumer that it takes work from.
            held: how many work items it holds now.
        """
        self._event_log, self._service, self._consumers, self._metrics, self._held = (
            event_log,
            service,
            consumers,
            metrics,
            held,
        )

    async def not_ready_reason(self) -> str | None:
        event_log = self._event_log
        if event_log is None:
            return "waiting for NATS"
        if not event_log.connected:
            return "NATS is away"
        if not self._metrics.ready:
            return "not taking work yet"
        for stream, name in self._consumers:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await event_log.consumer_info(stream, name)
            except NotFoundError:
                return f"the consumer {name} on {stream} is not there"
            except TimeoutError:
                return f"NATS does not answer within {_PATIENCE:g} s"
            except BusError as error:
                return error.detail
        return None

    async def metrics(self) -> bytes:
        event_log = self._event_log
        if event_log is None:
            return b""
        dead = subjects.dead_of(self._service)
        queue, letters = await asyncio.gather(
            or_none(event_log, lambda: self._queue(event_log)),
            or_none(event_log, lambda: event_log.count(streams.DEAD, dead)),
        )
        self._metrics.now(queue=queue, dead=letters, held=self._held(), connected=event_log.connected)
        return await asyncio.to_thread(self._metrics.text)

    async def _queue(self, event_log: EventLog) -> int:
        infos = [await event_log.consumer_info(stream, name) for stream, name in self._consumers]
        return sum(info.num_pending or 0 for info in infos)


async def or_none(event_log: EventLog, ask: Callable[[], Awaitable[int]]) -> int | None:
    """What NATS says; None where it does not answer in time or does not know."""
    if not event_log.connected:
        return None
    try:
        async with asyncio.timeout(_PATIENCE):
            return await ask()
    except (BusError, NotFoundError, TimeoutError):
        return None


def routes(watched: Monitored) -> list[Route]:
    """The three answers, to be put into an application."""

    async def healthy(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(request: Request) -> Response:
        obstacle = await watched.not_ready_reason()
        return PlainTextResponse(obstacle or "ok", 503 if obstacle else 200)

    async def metrics(request: Request) -> Response:
        return Response(await watched.metrics(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return [Route("/healthz", healthy), Route("/readyz", ready), Route("/metrics", metrics)]


@asynccontextmanager
async def health_server(settings: Settings, service: str) -> AsyncIterator[WorkerHealth]:
    """Answer on the service's port, where it has one, for as long as the context lasts.

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
