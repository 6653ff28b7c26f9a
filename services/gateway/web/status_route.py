"""The route that tells which services run, with which engines, and what would be better here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.process.discovery import ServiceInfo, discover
from projections.rebuilding import Progress
from services.gateway.ice.ports import MediaPorts
from services.gateway.web.answers import Building, MediaPortsTaken, ServiceRow, Status
from services.gateway.web.configured_channels import channels_in
from services.gateway.web.context import GatewayContext
from services.gateway.web.engine_words import downloads_in, engine_words
from services.gateway.web.http_messages import json_answer
from services.improvements import Improvement, Machine, improvements

EXPECTED_SERVICES = ("stt", "dialogue", "tts", "render")


class StatusRoute:
    """`GET /status`."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self.route = Route("/status", self._status)

    async def _status(self, request: Request) -> Response:
        event_log = self._context.event_log
        answering = await event_log.nc.answers()
        machine = await asyncio.to_thread(self._context.this_machine)
        answers = await discover(event_log) if answering else []
        running = {one.name: one for one in answers}
        rows, suggestions = status(running, machine, absent="not running" if answering else "not known")
        return json_answer(
            Status(
                bus="up" if answering else "down",
                services=rows,
                suggestions=suggestions,
                building=_building(self._context.feed.build_progress),
                warnings=(*filter(None, (event_log.watch.problem,)), *self._context.space.warnings),
                faces_per_person=self._context.faces.max_faces,
                channels=tuple(sorted({one.name for one in channels_in(answers)})),
                media_ports=_media_ports(self._context.ice.ports),
            )
        )


def _media_ports(ports: MediaPorts | None) -> MediaPortsTaken | None:
    return None if ports is None else MediaPortsTaken(ports.taken, len(ports.ports))


def _building(progress: Progress | None) -> Building | None:
    return None if progress is None else Building(progress.done, progress.all, progress.rate, progress.seconds_left)


def status(
    running: Mapping[str, ServiceInfo], machine: Machine, *, absent: str = "not running"
) -> tuple[tuple[ServiceRow, ...], tuple[Improvement, ...]]:
    """The rows of the services, and what would be better.

    Args:
        running: the services that answer discovery, by name.
        absent: the note of those that do not.
    """
    engines = {name: running[name].engine for name in EXPECTED_SERVICES if name in running}
    rows = tuple(_row(name, running.get(name), machine, absent) for name in EXPECTED_SERVICES)
    fetching = {download.model for row in rows for download in row.downloads}
    return rows, tuple(one for one in improvements(engines, machine) if not fetching & set(one.command.split()))


def _row(name: str, info: ServiceInfo | None, machine: Machine, absent: str) -> ServiceRow:
    if info is None:
        return ServiceRow(name=name, engine="", words="", up=False, note=absent, downloads=(), gpu_fault="")
    return ServiceRow(
        name=name,
        engine=info.engine,
        words=engine_words(name, info.engine, machine, info.serving, gpu_fault=info.gpu_fault),
        up=True,
        note=info.note,
        downloads=downloads_in(info.note),
        gpu_fault=info.gpu_fault,
    )
