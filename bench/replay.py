"""What reading a part of the log costs as the whole log grows: `python -m bench.replay [EVENTS …]`.

One conversation by its subject, a sequence found from a time, the newest fact of a kind, the end of the log, and the
memory of the server; each as the log grows from 10⁴ to 10⁷ events. Then what the other benchmarks of replays print, if
`--all` is given: opening and seeking, rebuilding, re-running, analytics.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

from bench.event_logs import fill, spoken
from bench.hour import hour
from bench.machine import machine, table
from bus import subjects
from bus.events import ConversationOpened, Event, PlaybackProgress, ReplyEnded
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from projections.moment import Moment
from projections.states import conversation_at, sequence_at, state_at
from visavis.nats.server import EmbeddedServer

LENGTHS = (10_000, 100_000, 1_000_000)
SMALL_FROM = 5_000_000
"""Events from which on they are small ones, of which ten million fit on a disk and are written within minutes."""
HEAD = (
    "events", "on disk, MiB", "server, MiB", "start, s", "50 turns, ms", "400 turns, ms", "timeline of 400, ms",
    "sequence of a time, ms", "newest fact of a kind, ms", "end of the log, ms",
)  # fmt: skip
OTHERS = ("bench.replay_opening", "bench.rebuild", "bench.rerun", "bench.analytics")
_TIMES = 9


def small() -> Iterator[Event]:
    """Endless facts with hardly a body, of many conversations side by side."""
    number = 0
    while True:
        group, place = divmod(number, 100_000)
        name = f"c{group}-{place % 1000}"
        body = PlaybackProgress(session="w", speech="s", reply="r", index=0, samples=place)
        yield Event(id=f"e{number}", at=number, conversation=name, turn="t", body=body)
        number += 1


async def measure(count: int) -> list[str]:
    """One row of the table: a log of so many events, with two conversations among them."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as (event_log, _, _):
            others = small() if count >= SMALL_FROM else spoken()
            share = count // 20
            short, long = hour("c-short", turns=50), hour("c-long", turns=400)
            for _ in range(20):  # the two lie among the others, as in a log of many people
                await fill(event_log, islice(others, share), old=True)
                await fill(event_log, islice(short, 100), old=True)
                await fill(event_log, islice(long, 700), old=True)
            await fill(event_log, short, old=True)
            await fill(event_log, long, old=True)
        # The server that answers is one that has just started: it has read nothing before.
        async with serving(Path(folder)) as (event_log, pid, started):
            row = await reading(event_log)
            events = await event_log.last_sequence(streams.CONVERSATIONS)
            return [f"{events:,}", f"{size_of(Path(folder)):.0f}", f"{resident(pid):.0f}", f"{started:.1f}", *row]


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[EventLog, int, float]]:
    """A log on a server of its own, the server's process id, and the seconds until it answered."""
    port = free_port()
    server = EmbeddedServer(folder, port)
    with (folder / "nats.log").open("ab") as log:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(*server.command(), stderr=log)
        try:
            url = f"nats://127.0.0.1:{port}"
            settings = Settings(nats_url=url, data=str(folder), audio_bytes=64 << 20, frames_bytes=64 << 20)
            async with connect(settings, name="bench", wait=300) as event_log:
                await event_log.last_sequence(streams.CONVERSATIONS)
                yield event_log, process.pid, time.perf_counter() - began
        finally:
            process.terminate()
            await process.wait()


async def reading(event_log: EventLog) -> list[str]:
    """The times of one row."""
    end = await event_log.last_sequence(streams.CONVERSATIONS)
    async for record in event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=end // 2):
        middle = Moment(time=record.time)
        break
    return [
        await milliseconds(lambda: conversation_at(event_log, "c-short")),
        await milliseconds(lambda: conversation_at(event_log, "c-long")),
        await milliseconds(lambda: state_at(event_log, "timeline", "c-long")),
        await milliseconds(lambda: sequence_at(event_log, streams.CONVERSATIONS, subjects.ALL_FACTS, middle)),
        await milliseconds(lambda: newest_facts(event_log)),
        await milliseconds(lambda: event_log.last_sequence(streams.CONVERSATIONS)),
    ]


async def newest_facts(event_log: EventLog) -> None:
    """The newest end of a reply in one conversation; its opening, the first fact of all."""
    assert await event_log.last_fact("c-long", ReplyEnded) is not None
    assert await event_log.last_fact("c-long", ConversationOpened) is not None


async def milliseconds(work: Callable[[], Awaitable[object]]) -> str:
    """The median time, and the shortest, which other programs disturbed least."""
    took: list[float] = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        await work()
        took.append(1000 * (time.perf_counter() - began))
    return f"{statistics.median(took):.1f} ({min(took):.1f})"


def size_of(folder: Path) -> float:
    """Of all files in a folder, MiB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / (1 << 20)


def resident(pid: int) -> float:
    """Memory of a process, MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def free_port() -> int:
    """A TCP port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def main(lengths: list[int]) -> None:
    print(machine(), "\n")
    print(table(HEAD, [await measure(length) for length in lengths]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("events", nargs="*", type=int, default=LENGTHS)
    parser.add_argument("--all", action="store_true", help="the other benchmarks of replays, too")
    options = parser.parse_args()
    asyncio.run(main(list(options.events)))
    for module in OTHERS if options.all else ():
        if Path(f"{module.replace('.', '/')}.py").exists():
            print(f"\n## {module}\n", flush=True)
            subprocess.run([sys.executable, "-m", module], check=True)
