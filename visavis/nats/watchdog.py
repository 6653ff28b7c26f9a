"""Notices when the embedded NATS server has stopped storing, and starts it again once that can help.

After a write error, such as a full disk, nats-server keeps the stream closed until it is started again, even when there
is space (seen with 2.15.1). Its health check says so.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from pathlib import Path

import httpx2

from visavis.supervisor import Child, LinePrinter, Supervisor

log = logging.getLogger(__name__)

EVERY = 5.0
ROOM = 64 << 20
"""Bytes that must be free before the server is started again."""


class Watchdog:
    """Watches one server.

    Args:
        folder: where it keeps its data and says on which port it can be asked.
        room: bytes that must be free before it is started again.
    """

    def __init__(
        self,
        folder: Path,
        supervisor: Supervisor,
        child: Child,
        say: LinePrinter,
        *,
        every: float = EVERY,
        room: int = ROOM,
    ) -> None:
        self._folder = folder
        self._supervisor = supervisor
        self._child = child
        self._say = say
        self._every = every
        self._room = room

    async def watch(self) -> None:
        """For ever."""
        told = ""
        async with httpx2.AsyncClient(timeout=3) as client:
            while True:
                await asyncio.sleep(self._every)
                trouble = await self._trouble(client)
                if not trouble:
                    told = ""
                elif shutil.disk_usage(self._folder).free >= self._room:
                    self._say(self._child.name, "had stopped storing; there is space now, starting it again")
                    self._supervisor.restart(self._child)
                elif trouble != told:
                    told = trouble
                    self._say(self._child.name, f"stores nothing: {trouble}; free {self._room >> 20} MiB of disk space")

    async def _trouble(self, client: httpx2.AsyncClient) -> str:
        """What the server says is wrong with what it stores; empty where it is well, or not up."""
        base = self._monitor()
        if not base:
            return ""
        try:
            answer = await client.get(f"{base}/healthz")
        except httpx2.HTTPError:
            return ""  # it is starting, or the supervisor sees to it
        if answer.status_code == 200:
            return ""
        error = str(answer.json().get("error", ""))
        return error if "write error" in error else ""

    def _monitor(self) -> str:
        """Where this start of the server can be asked."""
        ports = self._folder / f"nats-server_{self._child.pid}.ports"
        try:
            return str(json.loads(ports.read_text())["monitoring"][0])
        except (OSError, ValueError, LookupError):
            return ""
