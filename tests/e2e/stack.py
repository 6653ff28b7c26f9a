"""Runs the whole system as a user does, in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from tests import real_models
from tests.conftest import free_port
from visavis.ports import SERVICES_WITH_HEALTH_PORT

UP_PATIENCE = 120.0


class Stack:
    """`visavis up` on ports and data of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.nats_port = free_port()
        self.health_ports = {service: free_port() for service in SERVICES_WITH_HEALTH_PORT}
        self.log = folder / "log"
        self.environment = {
            **os.environ,
            "VISAVIS_DATA": str(folder / "data"),
            "VISAVIS_PORT": str(self.port),
            "VISAVIS_NATS_PORT": str(self.nats_port),
            "VISAVIS_LLM_PORT": str(free_port()),
            **{f"VISAVIS_{service.upper()}_PORT": str(port) for service, port in self.health_ports.items()},
            "VISAVIS_AUDIO_BYTES": str(256 << 20),
            "VISAVIS_FRAMES_BYTES": str(256 << 20),
            # The recordings are chosen for this engine, and it needs no download.
            "VISAVIS_STT_ENGINE": "pocketsphinx",
            "VISAVIS_MODELS": real_models.SETTINGS.models,
            "VISAVIS_MODEL_DOWNLOADS": "off",
            **settings,
        }
        self.command = [sys.executable, "-m", "visavis", "up"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def settings(self) -> Settings:
        return Settings(
            nats_port=self.nats_port,
            data=str(self.folder / "data"),
            audio_bytes=256 << 20,
            frames_bytes=256 << 20,
        )

    def start(self) -> None:
        """Start, and wait until the page's address is printed."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log)
        begin = time.monotonic()
        already = self.output().count("open http://")
        while self.output().count("open http://") == already:
            if self._process.poll() is not None or time.monotonic() - begin > UP_PATIENCE:
                raise AssertionError(f"it did not come up:\n{self.output()}")
            time.sleep(0.1)

    def output(self) -> str:
        """Everything it has printed so far."""
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        """Ctrl-C; returns the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        status = self._process.wait(timeout=60)
        self._process = None
        return status

    def close(self) -> None:
        if self._process is not None:
            self.stop()

    @property
    def process_id(self) -> int:
        assert self._process is not None
        return self._process.pid

    def pid(self, service: str) -> int:
        """Process id of a running service."""
        assert self._process is not None
        children = subprocess.run(
            ["ps", "--ppid", str(self._process.pid), "-o", "pid=,args="], capture_output=True, text=True, check=True
        )
        for line in children.stdout.splitlines():
            pid, _, command = line.strip().partition(" ")
            if f"services.{service}" in command or (service == "nats" and "nats-server" in command):
                return int(pid)
        raise AssertionError(f"{service} does not run:\n{children.stdout}")

    @asynccontextmanager
    async def event_log(self) -> AsyncIterator[EventLog]:
        """A connection to its event log."""
        async with connect(self.settings, name="test") as event_log:
            yield event_log


async def eventually(check: object, what: str, *, patience: float = 30.0) -> None:
    """Wait until `check()` (a plain or async callable) is true."""
    deadline = time.monotonic() + patience
    while True:
        found = check()  # type: ignore[operator]
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:.0f} s: {what}")
        await asyncio.sleep(0.1)
