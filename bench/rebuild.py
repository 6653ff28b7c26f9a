"""Rebuilding the read model from the log: events per second, and memory of a process of its own.

`python -m bench.rebuild [EVENTS]`; `python -m bench.bus --rebuild N` has the same.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from bench.event_logs import LOGS, fill
from bench.machine import machine, table
from bench.server import server
from bus import subjects
from bus.log import streams
from bus.log.event_log import connect
from bus.settings import Settings
from projections.read_model import ReadModel
from projections.rebuilding import build

HEAD = (
    "log", "events", "conversations", "read only, events a second", "rebuilt, events a second",
    "events per second of processor time", "memory before, MiB", "at the most, MiB", "file, MiB",
)  # fmt: skip


async def measure_rebuild(count: int) -> str:
    """Fill logs with `count` events each and rebuild the read model from them; returns a Markdown table."""
    return table(HEAD, [await row(name, count) for name in LOGS])


async def row(name: str, count: int) -> list[str]:
    """One row of the table, for the log of that name."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        async with connect(_settings(url, folder), name="bench") as event_log:
            await fill(event_log, islice(LOGS[name](), count))
        command = [sys.executable, "-m", "bench.rebuild", url, folder]
        child = await asyncio.to_thread(subprocess.run, command, check=True, stdout=subprocess.PIPE)
    found = json.loads(child.stdout)
    return [
        name,
        f"{count:,}",
        f"{found['conversations']:,}",
        f"{count / found['read']:,.0f}",
        f"{count / found['seconds']:,.0f}",
        f"{count / found['processor']:,.0f}",
        f"{found['before']:.0f}",
        f"{found['peak']:.0f}",
        f"{found['file']:.0f}",
    ]


def _settings(url: str, folder: str) -> Settings:
    return Settings(nats_url=url, data=folder, audio_bytes=64 << 20, frames_bytes=64 << 20)


async def rebuild_once(url: str, folder: str) -> dict[str, float]:
    """Read and rebuild in this process; returns seconds, MiB of memory and file, and the number of conversations."""
    path = Path(folder) / "model.sqlite"
    async with connect(_settings(url, folder), name="bench", update_streams=False) as event_log:
        began = time.perf_counter()
        async for _ in event_log.read_batches(streams.CONVERSATIONS, subjects.ALL_FACTS):
            pass
        read, before = time.perf_counter() - began, _peak()
        began, processor = time.perf_counter(), time.process_time()
        await build(event_log, path)
        took, processor = time.perf_counter() - began, time.process_time() - processor
    peak = _peak()
    model = ReadModel(path, read_only=True)
    conversations = len(model.all_conversations())
    model.close()
    size = path.stat().st_size / (1 << 20)
    return {
        "read": read, "seconds": took, "processor": processor, "before": before, "peak": peak, "file": size,
        "conversations": conversations,
    }  # fmt: skip


def _peak() -> float:
    """Peak memory of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(asyncio.run(rebuild_once(*sys.argv[1:]))))
    else:
        print(f"{machine()}\n\n{asyncio.run(measure_rebuild(int((sys.argv[1:] or ['1000000'])[0])))}")
