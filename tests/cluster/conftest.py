"""A NATS cluster of three local processes, with the configuration files of the containers."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from bus.errors import BusError
from bus.log.copies import Difference, compare_copies
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from tests.nats_servers import free_port
from visavis.nats.cluster import Cluster, Ports, ServerTls


class Nodes:
    """The processes of a cluster, which tests can kill and restart."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        cluster.prepare()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for number in range(len(cluster.ports)):
            self.start(f"nats{number + 1}")

    def start(self, name: str) -> None:
        environment = self.cluster.environment(int(name[-1]) - 1)
        with (self.cluster.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                self.cluster.command(), env={**os.environ, **environment}, stderr=log
            )

    def kill(self, name: str) -> None:
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def close(self) -> None:
        for name in list(self._processes):
            self.kill(name)

    def settings(self, **more: object) -> Settings:
        """Settings to connect with; the name of a connection is its user."""
        settings = Settings(
            nats_url=self.cluster.url,
            nats_passwords=str(self.cluster.passwords),
            nats_replicas=3,
            audio_bytes=16 << 20,
            frames_bytes=16 << 20,
            assets_bytes=16 << 20,
        )
        return msgspec.structs.replace(settings, **more)


def nodes_in(folder: Path, tls: ServerTls | None = None) -> Nodes:
    ports = tuple(Ports(free_port(), free_port(), free_port()) for _ in range(3))
    return Nodes(Cluster(folder, ports, tls))


@pytest.fixture(scope="package")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """A cluster with its streams."""
    started = nodes_in(tmp_path_factory.mktemp("cluster"))

    async def declare() -> None:
        async with connect(started.settings(), name="operator"):
            pass

    try:
        asyncio.run(declare())
        yield started
    finally:
        started.close()


async def all_copies(event_log: EventLog) -> tuple[int, list[Difference]]:
    """What `compare_copies` finds once a node that was restarted has caught up."""
    async with asyncio.timeout(60):
        while True:
            with suppress(BusError):
                nodes, differences = await compare_copies(event_log)
                if not any("not there" in one.why or "behind" in one.why for one in differences):
                    return nodes, differences
            await asyncio.sleep(0.2)
