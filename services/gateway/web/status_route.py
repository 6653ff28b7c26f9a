"""The route that tells which services run, with which engines, and what would be better here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bus.process.discovery import ServiceInfo, discover
from projections.rebuilding import Progress
from services.gateway.ice.ports import MediaPorts
from services.gateway.web.configured_channels import channels_in
from services.gateway.web.context import GatewayContext
from services.gateway.web.engine_words import downloads_in, engine_words
from services.improvements import Machine, improvements

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
        return JSONResponse(
            {
                "bus": "up" if answering else "down",
                **status(running, machine, absent="not running" if answering else "not known"),
                "building": _building(self._context.feed.build_progress),
                "warnings": [*filter(None, (event_log.watch.problem,)), *self._context.space.warnings],
                "faces_per_person": self._context.faces.max_faces,
                "channels": sorted({one.name for one in channels_in(answers)}),
                "media_ports": _media_ports(self._context.ice.ports),
            }
        )


def _media_ports(ports: MediaPorts | None) -> dict[str, int] | None:
    return None if ports is None else {"taken": ports.taken, "of": len(ports.ports)}


def _building(progress: Progress | None) -> dict[str, Any] | None:
    return None if progress is None else {**msgspec.structs.asdict(progress), "seconds_left": progress.seconds_left}


def status(running: Mapping[str, ServiceInfo], machine: Machine, *, absent: str = "not running") -> dict[str, Any]:
    """The rows of the services, and what would be better.

    Args:
        running: the services that answer discovery, by name.
        absent: the note of those that do not.
    """
    engines = {name: running[name].engine for name in EXPECTED_SERVICES if name in running}
    rows = [_row(name, running.get(name), machine, absent) for name in EXPECTED_SERVICES]
    fetching = {download["model"] for row in rows for download in row["downloads"]}
    proposed = [one for one in improvements(engines, machine) if not fetching & set(one.command.split())]
    return {"services": rows, "suggestions": [asdict(one) for one in proposed]}


def _row(name: str, info: ServiceInfo | None, machine: Machine, absent: str) -> dict[str, Any]:
    if info is None:
        return {
            "name": name,
            "engine": "",
            "words": "",
            "up": False,
            "note": absent,
            "downloads": [],
            "gpu_fault": "",
        }
    words = engine_words(name, info.engine, machine, info.serving, gpu_fault=info.gpu_fault)
    return {
        "name": name,
        "engine": info.engine,
        "words": words,
        "up": True,
        "note": info.note,
        "downloads": downloads_in(info.note),
        "gpu_fault": info.gpu_fault,
    }
