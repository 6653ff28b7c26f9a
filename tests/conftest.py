"""What several tests stand on: a real NATS server with a store of its own."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bus.log import Bus, connect
from bus.server import EmbeddedServer
from bus.settings import Settings

# No test downloads a model, on whatever machine it runs; read when huggingface_hub is imported.
os.environ["HF_HUB_OFFLINE"] = "1"


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class NatsServer:
    """A server that a test may kill and start again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._server = EmbeddedServer(folder, self.port)
        self._log = (folder / "log").open("wb")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._server.command(), stderr=self._log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.kill()
        self._log.close()


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A fresh server for one test; it is up within some ten milliseconds."""
    server = NatsServer(tmp_path)
    server.start()
    yield server
    server.close()


@pytest.fixture
def settings(nats_server: NatsServer, tmp_path: Path) -> Settings:
    return Settings(
        nats_url=nats_server.url,
        data=str(tmp_path / "data"),
        audio_bytes=64 << 20,
        frames_bytes=64 << 20,
        stt_engine="pocketsphinx",
    )


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with connect(settings, name="test") as connected:
        yield connected
