"""Measures the processes, the NATS server and the files of a deployment again and again."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bus.log import streams
from bus.process.usage import usage
from tests.soak.growth import Series

QUIET = (OSError, TimeoutError, httpx2.HTTPError, ValueError, LookupError)
"""What goes wrong while the server is restarted: that sample is left out."""


def process_values(pid: int) -> Mapping[str, float]:
    """What a process and its helper processes hold: bytes of memory, numbers of open files, sockets and threads."""
    taken = usage(pid)
    if taken is None or not taken.memory:
        return {}
    values = {"memory": float(taken.memory), "processor": taken.cpu_seconds}
    values |= {"files": 0.0, "sockets": 0.0, "threads": 0.0}
    for one in _tree(pid):
        with suppress(OSError):
            values["threads"] += len(list(Path(f"/proc/{one}/task").iterdir()))
            for link in Path(f"/proc/{one}/fd").iterdir():
                with suppress(OSError):
                    values["sockets" if str(link.readlink()).startswith("socket:") else "files"] += 1
    return values


def _tree(pid: int) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(OSError):
                waiting.extend(map(int, children.read_text().split()))


async def server_values(monitoring: str) -> list[tuple[str, str, float]]:
    """Of a NATS server with this URL for monitoring: thing, quantity and value."""
    found: list[tuple[str, str, float]] = []
    async with httpx2.AsyncClient(base_url=monitoring, timeout=5) as client:
        server = (await client.get("/varz")).json()
        details = (await client.get("/jsz", params={"consumers": "true", "config": "true"})).json()
    found += [("nats", name, float(server[name])) for name in ("connections", "subscriptions", "slow_consumers")]
    ephemeral = {True: 0, False: 0}
    for account in details["account_details"]:
        for stream in account["stream_detail"]:
            name, state = stream["name"], stream["state"]
            found.append((name, "messages", float(state["messages"])))
            found.append((name, "bytes", float(state["bytes"])))
            for consumer in stream.get("consumer_detail") or ():
                if consumer["config"].get("durable_name"):
                    waiting = consumer["num_pending"] + consumer["num_ack_pending"]
                    found.append((f"{name} {consumer['name']}", "queue", float(waiting)))
                else:
                    ephemeral[name == streams.CHARACTERS] += 1
    found.append(("nats", "ephemeral consumers", float(ephemeral[False])))
    # Each process begins to follow the characters when it first needs one, and goes on.
    found.append(("nats", "followers of characters", float(ephemeral[True])))
    return found


@dataclass
class Sampler:
    """Measures a deployment every few seconds, and appends each value to a file.

    Args:
        folder: of the deployment, with its data and its logs.
        file: JSON lines of time, thing, quantity and value.
        series: what was measured, by thing and quantity.
    """

    folder: Path
    file: Path
    series: dict[tuple[str, str], Series]

    async def sample(self, processes: Mapping[str, int], at: float, turns: int) -> None:
        """Measure everything once.

        Args:
            processes: process ids by name, the NATS server's as `nats`.
            at: seconds since the beginning.
            turns: that were taken until now.
        """
        found: list[tuple[str, str, float]] = [("all", "turns", float(turns)), ("machine", "load", os.getloadavg()[0])]
        for name, pid in processes.items():
            found += [(f"{name} ({pid})", what, value) for what, value in process_values(pid).items()]
        found += self._files()
        with suppress(*QUIET):
            async with asyncio.timeout(10):
                found += await server_values(self._monitoring(processes["nats"]))
        with self.file.open("a") as out:
            for thing, quantity, value in found:
                self.series.setdefault((thing, quantity), Series(thing, quantity)).points.append((at, value))
                out.write(json.dumps([round(at, 1), thing, quantity, value]) + "\n")

    def _monitoring(self, pid: int) -> str:
        ports = json.loads((self.folder / "nats" / f"nats-server_{pid}.ports").read_text())
        return str(ports["monitoring"][0])

    def _files(self) -> Iterator[tuple[str, str, float]]:
        for path in (self.folder / "data").glob("*.sqlite*"):
            with suppress(OSError):
                quantity = "database" if path.suffix == ".sqlite" else "journal"
                yield path.name, quantity, float(path.stat().st_size)
        for path in self.folder.glob("*.log"):
            yield path.name, "output", float(path.stat().st_size)
