"""A complete Visavis in processes that tests can kill and freeze, with two workers of most services."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bus.log.event_log import connect
from bus.settings import PREFIX, Settings
from tests import real_models
from tests.conftest import free_port
from tests.proxy import Wire
from visavis.nats.server import EmbeddedServer
from visavis.up import publish_builtin_characters

WORKERS = ("stt-a", "stt-b", "dialogue-a", "dialogue-b", "tts-a", "tts-b", "render-a", "gateway")
"""Names of the workers: the service, then a letter."""
PAIRS = (
    "stt-a", "stt-b", "dialogue-a", "dialogue-b", "tts-a", "tts-b", "render-a", "render-b", "gateway-a", "gateway-b"
)  # fmt: skip
"""Two workers of each service."""
CHANNEL_WORKERS = ("channels-a", "channels-b")
"""The first one takes webhooks."""
PROGRAMS = {
    "channels": "tests.chaos.channels",
    "analytics": "projections.analytics",
    "leaking": "tests.soak.leaking",
}
"""What workers run that are no service by that name."""
OWN_SETTINGS = {"tts-b": {"VISAVIS_TTS_ENGINE": "espeak"}}
"""Settings of one worker alone: the two voices differ."""
_RESTART = 0.3


@dataclass(frozen=True)
class Undone:
    """A stretch of time of which the log may have lost what was confirmed."""

    copied: float
    """When a copy of the store was begun, by the monotonic clock; it has what was confirmed before."""
    back: float
    """When the server could start with the copy."""


class Process:
    """Keeps one program running until `stop`."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.allowed = asyncio.Event()
        """Cleared: the program stays down after it exits."""
        self.allowed.set()
        self.starts = 0
        self.statuses: list[int] = []
        """With which it has exited."""

    def start(self) -> None:
        self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            await self.allowed.wait()
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, env={**os.environ, **self._environment}, stdout=log, stderr=log
                )
            self.starts += 1
            self.statuses.append(await self._process.wait())
            await asyncio.sleep(_RESTART)

    @property
    def pid(self) -> int | None:
        """Of the running program; None while there is none."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def exited(self) -> None:
        """Wait until the program that was running has ended."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._process is not None and self._process.returncode is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await self._process.wait()
            self.signal(signal.SIGKILL)
            await self._process.wait()


class Deployment:
    """All processes, and the wire of the remote worker.

    Args:
        model: base URL of the language model.
        workers: names of the workers to start.
        settings: further ones.
        skews: seconds by which the clocks of workers are off.
        own: settings of one worker alone.
    """

    def __init__(
        self,
        folder: Path,
        model: str,
        workers: Sequence[str] = WORKERS,
        settings: Mapping[str, str] | None = None,
        *,
        skews: Mapping[str, int] | None = None,
        own: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.folder = folder
        self.workers = workers
        self._skews = skews or {}
        self._own_settings = own or {}
        self.undone: list[Undone] = []
        """When the log went back to an earlier state."""
        self._nats_port = free_port()
        self.port = free_port()
        self._second_port = free_port()
        self.channels_port = free_port()
        self.wires = {name: Wire(self._nats_port) for name in workers if name.endswith("-b")}
        """Over which the second worker of each service reaches NATS, and which can be cut."""
        self.url = f"nats://127.0.0.1:{self._nats_port}"
        self.environment = {
            "VISAVIS_DATA": str(folder / "data"),
            "VISAVIS_NATS_URL": self.url,
            "VISAVIS_PORT": str(self.port),
            "VISAVIS_LLM_URL": model,
            "VISAVIS_DIALOGUE_ENGINE": "openai",
            "VISAVIS_VIDEO_SIZE": "128",
            **{f"VISAVIS_{service}_PORT": "0" for service in ("STT", "DIALOGUE", "TTS", "RENDER")},
            "VISAVIS_AUDIO_BYTES": str(256 << 20),
            "VISAVIS_FRAMES_BYTES": str(256 << 20),
            "VISAVIS_INBOX_BYTES": str(32 << 20),
            "VISAVIS_ASSETS_BYTES": str(64 << 20),
            "VISAVIS_MODELS": real_models.SETTINGS.models,
            "VISAVIS_MODEL_DOWNLOADS": "off",
            "VISAVIS_NOTES_FOLDER": "off",
            "VISAVIS_SECRET": "one for all gateways, of 32 signs",
            **{f"{PREFIX}{name.upper()}": value for name, value in (settings or {}).items()},
        }
        self.processes: dict[str, Process] = {}

    @property
    def settings(self) -> Settings:
        return Settings(
            nats_url=self.url,
            data=str(self.folder / "data"),
            audio_bytes=int(self.environment["VISAVIS_AUDIO_BYTES"]),
            frames_bytes=int(self.environment["VISAVIS_FRAMES_BYTES"]),
            inbox_bytes=int(self.environment["VISAVIS_INBOX_BYTES"]),
            assets_bytes=int(self.environment["VISAVIS_ASSETS_BYTES"]),
        )

    @property
    def base(self) -> str:
        """URL of the gateway's HTTP API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def gateways(self) -> tuple[str, str]:
        """URLs of `gateway-a` and `gateway-b`, where those are among the workers."""
        return self.base, f"http://127.0.0.1:{self._second_port}"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _launch(self, name: str, command: Sequence[str], **environment: str) -> None:
        process = Process(name, command, {**self.environment, **environment}, self.log(name))
        self.processes[name] = process
        process.start()

    def _own(self, worker: str) -> dict[str, str]:
        """The settings of one worker alone."""
        own = dict(self._own_settings.get(worker, {}))
        if worker in self.wires:
            own["VISAVIS_NATS_URL"] = f"nats://127.0.0.1:{self.wires[worker].port}"
        if worker == "gateway-b":
            own |= {"VISAVIS_PORT": str(self._second_port), "VISAVIS_DATA": str(self.folder / "data-b")}
        # The others take webhooks too, at addresses that nobody knows.
        own["VISAVIS_CHANNELS_PORT"] = str(self.channels_port if worker == CHANNEL_WORKERS[0] else free_port())
        return own

    def _command(self, worker: str) -> list[str]:
        service = worker.split("-")[0]
        program = PROGRAMS.get(service, f"services.{service}")
        skewed = ["tests.chaos.skewed", str(self._skews[worker])] if worker in self._skews else []
        return [sys.executable, "-m", *skewed, program]

    @property
    def store(self) -> Path:
        """The folder of the server's data."""
        return self.folder / "nats"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run all processes while the context lasts."""
        async with AsyncExitStack() as stack:
            for wire in self.wires.values():
                await stack.enter_async_context(wire.strung())
            try:
                self._launch("nats", EmbeddedServer(self.store, self._nats_port).command())
                async with connect(self.settings, name="world") as event_log:
                    await publish_builtin_characters(event_log)
                self._launch_workers()
                yield
            finally:
                for wire in self.wires.values():
                    wire.mend()
                await self._stop_workers()
                await self.processes["nats"].stop()

    def _launch_workers(self) -> None:
        for name in self.workers:
            self._launch(name, self._command(name), **self._own(name))

    async def _stop_workers(self) -> None:
        await asyncio.gather(*(process.stop() for name, process in self.processes.items() if name != "nats"))
