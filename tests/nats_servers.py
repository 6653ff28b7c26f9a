"""NATS servers that tests can kill and restart: a local process, or a container if Docker is available.

`TEST_NATS=binary` or `TEST_NATS=container` forces one of them; `NATS_IMAGE` is the image, as for compose.nats.yml.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Any, Protocol

import docker
import docker.errors
import nats
import requests
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from visavis.nats.server import EmbeddedServer

IMAGE = os.environ.get("NATS_IMAGE", "nats:2.15-alpine")


_CHANCE = random.SystemRandom()  # tests seed the module's own
_given: deque[int] = deque(maxlen=64)
"""The newest ones: some are not bound yet."""


def free_port() -> int:
    """A TCP port on loopback that is free now. Parallel test processes never get the same one.

    It is below those that Linux gives to sockets without a port: any client beside a test could have one of those
    before the server does.
    """
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        port = _CHANCE.randrange(10_000, 20_000)
        if port % processes == process and port not in _given:
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                _given.append(port)
                return port


class NatsServer(Protocol):
    """A JetStream server whose store survives `kill` and is empty at the start of each test."""

    port: int

    @property
    def url(self) -> str: ...

    def start(self) -> None: ...

    def kill(self) -> None:
        """Kill the server, as a crash would."""

    def freeze(self) -> None:
        """Let the running server do nothing, with its connections open, until `thaw`."""

    def thaw(self) -> None: ...

    def close(self) -> None:
        """Stop the server at the end of a test."""


class ServerProcess:
    """A local process with its store in a folder of the test; starts within some ten milliseconds."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._server = EmbeddedServer(folder, self.port, sync="2m")
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

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.kill()
        self._log.close()


class ServerContainer:
    """One container for all tests, because a start takes more than a second. Each test deletes its streams."""

    def __init__(self) -> None:
        # Testcontainers' clean-up container would need a second image; a fixture removes this one.
        testcontainers_config.ryuk_disabled = True
        self.port = free_port()
        container: Any = DockerContainer(IMAGE).with_command(["nats-server", "-js", "-sd", "/data"])
        # A fixed port, because Docker would choose another one on every start. On loopback only.
        container.ports["4222/tcp"] = ("127.0.0.1", self.port)
        self._container = container.start()
        _wait_until_open(self.port)
        self._running = True

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        if not self._running:
            self._container.get_wrapped_container().start()
            # Docker's proxy listens before the server does, and drops the connections.
            _wait_until_open(self.port)
            self._running = True

    def freeze(self) -> None:
        self._container.get_wrapped_container().pause()

    def thaw(self) -> None:
        self._container.get_wrapped_container().unpause()

    def kill(self) -> None:
        if self._running:
            self._container.get_wrapped_container().kill()
            self._running = False

    def close(self) -> None:
        self.start()
        asyncio.run(self._empty())

    def remove(self) -> None:
        self._container.stop()

    async def _empty(self) -> None:
        async with asyncio.timeout(20):
            client = await nats.connect(self.url, error_cb=_quiet, max_reconnect_attempts=-1)
            streams = client.jetstream()
            for stream in await streams.streams_info():
                await streams.delete_stream(str(stream.config.name))
            await client.close()


async def _quiet(error: Exception) -> None:
    """Ignores connection errors while the server starts."""


def start_container() -> ServerContainer | None:
    """Start the container of this test session; None if tests use the binary.

    Raises:
        Exception: from Docker, if TEST_NATS=container and it cannot start.
    """
    wanted = os.environ.get("TEST_NATS", "")
    if wanted not in ("", "binary", "container"):
        raise ValueError(f"TEST_NATS={wanted!r}: expected binary or container")
    if wanted == "binary" or (wanted == "" and not _has_image()):
        return None
    return ServerContainer()


def _has_image() -> bool:
    """Whether there is a Docker engine that has the image or can pull it."""
    if not _engine_listens(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")):
        return False
    with contextlib.closing(docker.from_env(timeout=60)) as engine:
        try:
            engine.images.get(IMAGE)
        except docker.errors.ImageNotFound:
            try:
                engine.images.pull(IMAGE)
            except docker.errors.DockerException:
                return False
        except (docker.errors.DockerException, requests.RequestException):
            return False
    return True


def _engine_listens(address: str) -> bool:
    if not address.startswith("unix://"):
        return True  # a remote engine is assumed to be up
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(address.removeprefix("unix://"))
        return True
    return False


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as opened:
            if opened.recv(4) == b"INFO":
                return
        time.sleep(0.05)
    raise TimeoutError(f"no NATS server on port {port} of the container within 30 s")
