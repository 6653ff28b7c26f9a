"""A backup of a log on which others write, and its restore: MB a second, memory, and what publishing takes meanwhile.

`python -m bench.backup [EVENTS] [AUDIO_MB]`
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from bench.event_logs import fill, spoken
from bench.machine import machine, table
from bench.server import server
from bus.events import MessageReceived
from bus.ids import new_id
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.stamping import new_event
from visavis.keeping.backup import backup
from visavis.keeping.restore import restore

HEAD = (
    "what", "events", "audio, MB", "file, MB", "seconds", "MB a second", "its memory, MiB", "server's memory, MiB",
    "publish → ack alone p50 / p99, ms", "meanwhile p50 / p99, ms",
)  # fmt: skip
_CHUNK = 200_000
"""Bytes of audio in a message."""
_PAUSE = 0.02
"""Seconds between two events that are published meanwhile."""


async def main(events: int, audio_mb: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server(folder) as url:
            settings = Settings(nats_url=url, data=str(folder / "data"), frames_bytes=64 << 20)
            async with connect(settings, name="bench") as event_log:
                await fill(event_log, islice(spoken(), events), old=True)
                for number in range(audio_mb * 1_000_000 // _CHUNK):
                    await event_log.media_js.publish(f"audio.c{number % 50}.out.s{number}", os.urandom(_CHUNK))
                alone = await _publish(event_log, asyncio.create_task(asyncio.sleep(5)))
                file = folder / "file"
                running = asyncio.create_task(_measured("backup", url, settings.data, str(file)))
                meanwhile = await _publish(event_log, running)
        length = file.stat().st_size / 1e6
        made, again = running.result(), await _measured("restore", "", str(folder / "again"), str(file))
        head = [f"{events:,}", f"{audio_mb:,}", f"{length:,.0f}"]
        return table(
            HEAD,
            [
                ["backup", *head, *_numbers(made, length), _times(alone), _times(meanwhile)],
                ["restore", *head, *_numbers(again, length), "", ""],
            ],
        )


def _numbers(found: dict[str, float], length: float) -> list[str]:
    server_memory = f"{found['server']:.0f}" if found["server"] else ""
    seconds = found["seconds"]
    return [f"{seconds:.1f}", f"{length / seconds:.0f}", f"{found['memory']:.0f}", server_memory]


def _times(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"{1000 * cuts[49]:.1f} / {1000 * cuts[98]:.0f}"


async def _publish(event_log: EventLog, until: asyncio.Task[object]) -> list[float]:
    """Seconds that each event took that was published until something is done."""
    found: list[float] = []
    while not until.done():
        event = new_event(MessageReceived(message=new_id("m"), text="Hello"), conversation="c")
        began = time.perf_counter()
        await event_log.append(event)
        found.append(time.perf_counter() - began)
        await asyncio.sleep(_PAUSE)
    return found


async def _measured(what: str, url: str, data: str, file: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.backup", what, url, data, file]
    child = await asyncio.to_thread(subprocess.run, command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(child.stdout.splitlines()[-1])
    return found


async def _once(what: str, url: str, data: str, file: str) -> None:
    """Do it in this process, and print how long it took and how much memory it and its server had."""
    settings = replace(Settings(), nats_url=url, data=data, frames_bytes=64 << 20)
    began = time.perf_counter()
    if what == "backup":
        await backup(settings, Path(file), frames=False)
    else:
        await restore(settings, Path(file), replace=False, resume=True)
    seconds = time.perf_counter() - began
    whose = {"memory": resource.RUSAGE_SELF, "server": resource.RUSAGE_CHILDREN}
    peaks = {name: resource.getrusage(who).ru_maxrss / 1024 for name, who in whose.items()}
    print(json.dumps({"seconds": seconds, **peaks}))


if __name__ == "__main__":
    if len(sys.argv) == 5:
        asyncio.run(_once(*sys.argv[1:]))
    else:
        counts = [int(one) for one in sys.argv[1:]] or [1_000_000, 1000]
        print(f"{machine()}\n\n{asyncio.run(main(*counts))}")
