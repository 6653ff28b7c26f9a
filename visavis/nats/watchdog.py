"""Restarts the embedded NATS server after a full disk, once there is space again, and where its store was taken away.

After a write error, such as a full disk, nats-server keeps the stream closed until it is restarted, even when there is
space again (seen with 2.15.1). Its health check reports the write error. A server whose store is removed, or swapped
for a copy, writes into files that nobody finds any more, and reports nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
from pathlib import Path

import httpx2

from visavis.supervisor import Child, LinePrinter, Supervisor

log = logging.getLogger(__name__)

INTERVAL = 5.0
"""Seconds between two health checks."""
MIN_FREE = 64 << 20
"""Bytes that must be free before the server is restarted."""


class _Store:
    """The folders of a server's store, held open so that no other folder gets their numbers.

    Args:
        folder: of the server's data.
    """

    def __init__(self, folder: Path) -> None:
        store = folder / "jetstream"
        self._open: dict[Path, int] = {}
        for path in (store, store / "jetstream", store / "jetstream" / "$G", store / "jetstream" / "$G" / "streams"):
            with contextlib.suppress(OSError):
                self._open[path] = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def is_in_place(self) -> bool:
        """Whether the folders are still where they were."""
        try:
            return all(os.path.samestat(path.stat(), os.fstat(held)) for path, held in self._open.items())
        except OSError:
            return False

    def close(self) -> None:
        for held in self._open.values():
            os.close(held)
        self._open = {}


class Watchdog:
    """Checks the health of one server.

    Args:
        folder: of the server's data, and of the file in which it writes its monitoring port.
        interval: seconds between two health checks.
        min_free: bytes that must be free before the server is restarted.
    """

    def __init__(
        self,
        folder: Path,
        supervisor: Supervisor,
        child: Child,
        print_line: LinePrinter,
        *,
        interval: float = INTERVAL,
        min_free: int = MIN_FREE,
    ) -> None:
        self._folder = folder
        self._supervisor = supervisor
        self._child = child
        self._print_line = print_line
        self._interval = interval
        self._min_free = min_free
        self.has_looked = asyncio.Event()
        """Set once the running server and its store have been looked at."""

    async def watch(self) -> None:
        """Check and restart the server until cancelled."""
        reported = ""
        server: int | None = None
        store = _Store(self._folder)
        async with contextlib.AsyncExitStack() as stack:
            # The server is on this machine: no proxy of the environment is asked for it.
            client = await stack.enter_async_context(httpx2.AsyncClient(timeout=3, trust_env=False))
            stack.callback(lambda: store.close())
            while True:
                await asyncio.sleep(self._interval)
                same_server, server = server is not None and server == self._child.pid, self._child.pid
                if same_server and not store.is_in_place():
                    self._print_line(self._child.name, "its store was taken away or swapped, starting it again")
                    # Not by SIGTERM, at which it would write what it knows over the files that lie there now.
                    self._supervisor.restart(self._child, signal.SIGKILL)
                    server = None
                store.close()
                store = _Store(self._folder)
                if server is None:
                    continue
                self.has_looked.set()
                problem = await self._write_error(client)
                if not problem:
                    reported = ""
                elif shutil.disk_usage(self._folder).free >= self._min_free:
                    self._print_line(self._child.name, "had stopped storing; there is space now, starting it again")
                    self._supervisor.restart(self._child)
                elif problem != reported:
                    reported = problem
                    needed = f"free {self._min_free >> 20} MiB of disk space"
                    self._print_line(self._child.name, f"stores nothing: {problem}; {needed}")

    async def _write_error(self, client: httpx2.AsyncClient) -> str:
        """The write error in the server's health check; empty if it is healthy or not up."""
        base = self._monitoring_url()
        if not base:
            return ""
        try:
            answer = await client.get(f"{base}/healthz")
        except httpx2.HTTPError:
            return ""  # it is starting, or about to be restarted by the supervisor
        if answer.status_code == 200:
            return ""
        error = str(answer.json().get("error", ""))
        return error if "write error" in error else ""

    def _monitoring_url(self) -> str:
        """URL of the monitoring port, from the file that the running server wrote; empty if there is none yet."""
        ports = self._folder / f"nats-server_{self._child.pid}.ports"
        try:
            return str(json.loads(ports.read_text())["monitoring"][0])
        except (OSError, ValueError, LookupError):
            return ""
