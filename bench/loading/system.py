"""A system of its own for a load test: so many workers of each service, gateways, and one NATS node or three."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from bus.log.event_log import connect
from bus.log.passwords import OPERATOR
from bus.process.discovery import discover
from bus.settings import PREFIX, Settings, read_settings
from tests import real_models
from tests.chaos.deployment import Process
from tests.conftest import free_port
from tests.scripted_model_server import DONE, Asked, Script, delta, serving, stream
from visavis.nats.cluster import NODE_COUNT, Cluster, Ports
from visavis.nats.server import EmbeddedServer
from visavis.up import publish_builtin_characters

SERVICES = ("stt", "dialogue", "tts", "render")
IDLE = "gateway without calls"
ECHO = "You said:"
_START = 120.0
"""Seconds until all processes must be ready."""


@dataclass(frozen=True)
class Shape:
    """How many processes there are of each kind."""

    workers: int = 1
    """Of each of stt, dialogue, tts and render."""
    more: Mapping[str, int] = field(default_factory=dict)
    """Of single services, by name, instead."""
    gateways: int = 1
    idle_gateways: int = 0
    """Further ones, which nobody calls: they show what the turns of others cost a gateway."""
    nodes: int = 1

    def of(self, service: str) -> int:
        return self.more.get(service, self.workers)

    def __str__(self) -> str:
        parts = [f"{self.of(service)} {service}" for service in SERVICES]
        gateways = f"{self.gateways} gateway{'s' if self.gateways > 1 else ''}"
        return f"{', '.join(parts)}, {gateways}, {self.nodes} NATS node{'s' if self.nodes > 1 else ''}"


@dataclass(frozen=True)
class Target:
    """A running system that is put under load."""

    urls: tuple[str, ...]
    """Of its gateways."""
    settings: Settings | None
    """To reach its NATS, and its folder for notes; None: it is looked at from outside only."""
    description: str


def echo(asked: Asked) -> Script:
    """A language model's answer without delay: the person's words, by which a leak is seen in the reply, too."""
    return stream(delta(f"{ECHO} {asked.body['messages'][-1]['content']}"), delta(finish="stop"), DONE)


@asynccontextmanager
async def started(folder: Path, shape: Shape, engines: Mapping[str, str]) -> AsyncIterator[Target]:
    """The system runs as long as the context lasts, with a language model that repeats the person's words.

    Args:
        engines: further settings, by environment variable.
    Raises:
        TimeoutError: it did not come up.
    """
    processes: list[Process] = []
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(serving(echo))
        base = {
            f"{PREFIX}LLM_URL": model.url,
            f"{PREFIX}DIALOGUE_ENGINE": "openai",
            f"{PREFIX}MODELS": real_models.SETTINGS.models,
            f"{PREFIX}MODEL_DOWNLOADS": "off",
            f"{PREFIX}AUDIO_BYTES": str(1 << 30),
            f"{PREFIX}FRAMES_BYTES": str(1 << 30),
            f"{PREFIX}DATA": str(folder / "data"),
            f"{PREFIX}NOTES_FOLDER": str(folder / "notes"),
            **{f"{PREFIX}{service.upper()}_PORT": "0" for service in (*SERVICES, "channels")},
            **engines,
        }
        stack.push_async_callback(_stop, processes)
        base |= _start_nats(folder, shape.nodes, processes)
        for nats in processes:
            nats.start()
        settings = read_settings(base)
        async with connect(settings, name=OPERATOR) as event_log:
            await publish_builtin_characters(event_log)
            ports = [free_port() for _ in range(shape.gateways + shape.idle_gateways)]
            workers = _workers(folder, shape, base, ports)
            processes += workers
            for worker in workers:
                worker.start()
            urls = tuple(f"http://127.0.0.1:{port}" for port in ports)
            async with asyncio.timeout(_START):
                while True:
                    if len(await discover(event_log)) >= len(workers) and await _all_ready(urls):
                        break
                    await asyncio.sleep(0.3)
        yield Target(urls[: shape.gateways], settings, str(shape))


def _start_nats(folder: Path, nodes: int, processes: list[Process]) -> dict[str, str]:
    """Add the nodes' processes; returns the settings by which services reach them."""
    if nodes == 1:
        port = free_port()
        processes.append(Process("nats", EmbeddedServer(folder / "nats", port).command(), {}, folder / "nats.log"))
        return {f"{PREFIX}NATS_URL": f"nats://127.0.0.1:{port}"}
    ports = tuple(Ports(free_port(), free_port(), free_port()) for _ in range(NODE_COUNT))
    cluster = Cluster(folder / "cluster", ports)
    cluster.prepare()
    for number in range(NODE_COUNT):
        name = f"nats{number + 1}"
        processes.append(Process(name, cluster.command(), cluster.environment(number), folder / f"{name}.log"))
    return {
        f"{PREFIX}NATS_URL": cluster.url,
        f"{PREFIX}NATS_PASSWORDS": str(cluster.passwords),
        f"{PREFIX}NATS_REPLICAS": str(NODE_COUNT),
    }


def _workers(folder: Path, shape: Shape, base: Mapping[str, str], ports: list[int]) -> list[Process]:
    def worker(service: str, number: int, *options: str, **more: str) -> Process:
        command = [sys.executable, *options, "-m", f"services.{service}"]
        return Process(service, command, {**base, **more}, folder / f"{service}-{number}.log")

    made = [worker(service, number) for service in SERVICES for number in range(shape.of(service))]
    for number, port in enumerate(ports):
        own = {f"{PREFIX}PORT": str(port), f"{PREFIX}DATA": str(folder / f"gateway-{number}")}
        options = ["-X", f"named={IDLE}"] if number >= shape.gateways else []
        made.append(worker("gateway", number, *options, **own))
    return [*made, worker("channels", 0)]


async def _all_ready(urls: tuple[str, ...]) -> bool:
    async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
        try:
            return all([(await client.get(f"{url}/readyz")).status_code == 200 for url in urls])
        except httpx2.HTTPError:
            return False


async def _stop(processes: list[Process]) -> None:
    nats = [one for one in processes if one.name.startswith("nats")]
    await asyncio.gather(*(one.stop() for one in processes if one not in nats))
    await asyncio.gather(*(one.stop() for one in nats))


def running(urls: list[str], settings: Settings) -> Target:
    """A system that runs already; its NATS is that of the settings."""
    return Target(tuple(urls), settings, f"a running system at {', '.join(urls)}")
