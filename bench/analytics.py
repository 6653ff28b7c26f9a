"""The analytics from the log into Parquet: events per second, memory of a process of its own, and size of the files.

`python -m bench.analytics [EVENTS …]`
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

from bench.event_logs import LOGS, fill
from bench.machine import machine, table
from bench.server import server
from bus.log.event_log import connect
from bus.settings import Settings
from projections.analytics.database import Database
from projections.analytics.follower import Follower
from projections.analytics.places import analytics_folder
from projections.analytics.questions import QUESTIONS, ask
from projections.analytics.store import FACTS, Store

_HEAD = (
    "log", "events", "events a second", "memory before, MiB", "at the most, MiB", "files, MiB", "all questions, ms",
)  # fmt: skip


def _settings(url: str, folder: str) -> Settings:
    return Settings(nats_url=url, data=folder, audio_bytes=64 << 20, frames_bytes=64 << 20)


async def measure(log: str, count: int) -> list[str]:
    """Fill a log of a kind with `count` events and write the tables from it; returns the cells of a row."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        async with connect(_settings(url, folder), name="bench") as event_log:
            await fill(event_log, islice(LOGS[log](), count), old=True)
        command = [sys.executable, "-m", "bench.analytics", "child", url, folder]
        child = await asyncio.to_thread(subprocess.run, command, check=True, stdout=subprocess.PIPE)
        asked = await asyncio.to_thread(_ask_all, Path(folder) / "analytics")
    found = json.loads(child.stdout)
    return [
        log,
        f"{count:,}",
        f"{count / found['seconds']:,.0f}",
        f"{found['before']:.0f}",
        f"{found['peak']:.0f}",
        f"{found['files']:.1f}",
        f"{1000 * asked:.0f}",
    ]


def _ask_all(folder: Path) -> float:
    """Seconds for all ready questions, opening included."""
    began = time.perf_counter()
    with closing(Database(folder, {})) as database:
        for name in QUESTIONS:
            ask(database, name, 0)
    return time.perf_counter() - began


async def write_once(url: str, folder: str) -> dict[str, float]:
    """Write the tables in this process; returns seconds, and MiB of memory and of the files."""
    settings = _settings(url, folder)
    store = Store(analytics_folder(settings))
    async with connect(settings, name="bench", update_streams=False) as event_log:
        before, began = _peak(), time.perf_counter()
        await Follower(event_log, store).catch_up()
        took = time.perf_counter() - began
    assert store.position(FACTS).seq
    size = sum(path.stat().st_size for path in store.folder.glob("*/*/*.parquet"))
    return {"seconds": took, "before": before, "peak": _peak(), "files": size / (1 << 20)}


def _peak() -> float:
    """Peak memory of this process so far, MiB."""
    # Not of getrusage: that begins with what the process that started this one had.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main(counts: list[int]) -> None:
    print(f"{machine()}\n")
    print(table(_HEAD, [asyncio.run(measure(log, count)) for count in counts for log in LOGS]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(asyncio.run(write_once(*sys.argv[2:4]))))
    else:
        main([int(count) for count in sys.argv[1:]] or [10_000, 100_000, 1_000_000])
