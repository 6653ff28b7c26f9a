"""What a system takes while it is under load: processor time and memory of each process, waiting work, the streams."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import descendants
from bus.errors import BusError
from bus.log.event_log import EventLog
from bus.log.stream_size import StreamSize
from bus.process.discovery import discover
from visavis.watch.watcher import Watcher

INTERVAL = 2.0
"""Seconds between two looks at the queues."""
_TICK, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_PROGRAM = re.compile(r"(?:-X\0named=(.+?)\0)?-m\0(?:services|projections)\.([a-z_.]+)")
CLIENTS = "load test"
"""The name of this program among the processes."""


@dataclass(frozen=True)
class ProcessUse:
    """What the processes of one name took so far."""

    cpu_seconds: float
    memory: int
    """Proportional bytes: what processes share counts once."""
    processes: int


def name_of(command: str, parent: str) -> str:
    """The name of a process by its command line, whose words are separated by NUL; a helper has its parent's.

    Python's option `-X named=…` gives it another one than that of its service.
    """
    if found := _PROGRAM.search(command):
        return found[1] or found[2]
    if "nats-server" in command.split("\0")[0]:
        return "nats"
    return "visavis up" if "-m\0visavis\0up" in command else parent


def processes_of(pids: list[int]) -> dict[str, ProcessUse]:
    """What these processes and their descendants take, by name."""
    cpu: Counter[str] = Counter()
    memory: Counter[str] = Counter()
    count: Counter[str] = Counter()
    names: dict[int, str] = {}
    for pid in sorted({one for top in pids for one in descendants(top)}, key=_started):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            command = Path(f"/proc/{pid}/cmdline").read_text()
            shared = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (OSError, IndexError):
            continue  # it has just ended
        name = names[pid] = name_of(command, names.get(int(stat[1]), CLIENTS if pid == os.getpid() else "other"))
        cpu[name] += (int(stat[11]) + int(stat[12])) / _TICK  # type: ignore[assignment]
        memory[name] += 1024 * int(re.search(r"^Pss:\s+(\d+)", shared, re.MULTILINE)[1])  # type: ignore[index]
        count[name] += 1
    return {name: ProcessUse(float(cpu[name]), memory[name], count[name]) for name in count}


def _started(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except (OSError, IndexError):
        return 0


@dataclass
class Looks:
    """What was seen of the system from the outside over a time."""

    began: float = field(default_factory=time.monotonic)
    queues: list[tuple[float, dict[str, int]]] = field(default_factory=list)
    """Seconds since the beginning, and the waiting items of each service."""
    memory: dict[str, int] = field(default_factory=dict)
    """Bytes of each name, at the end: to ask for them takes a process's memory away from it for some milliseconds."""
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    """Of each name, in this time."""
    stream_bytes: dict[str, int] = field(default_factory=dict)
    """By which each stream grew; a stream that drops its oldest messages may have grown less."""
    stream_messages: dict[str, int] = field(default_factory=dict)
    stream_consumers: dict[str, int] = field(default_factory=dict)
    """The most readers that each stream had at a look. NATS refuses the 1001st, unless its limit is changed."""
    seconds: float = 0.0
    load: float = 0.0
    """Average number of processes of the whole machine that wanted a core, at the end."""
    failures: int = 0
    """Looks at which NATS did not answer."""


class Watch:
    """Looks at a running system until it is stopped.

    Args:
        event_log: to its NATS; None: only processes below this one are seen.
    """

    def __init__(self, event_log: EventLog | None) -> None:
        self._event_log = event_log
        self._watcher = None if event_log is None else Watcher(event_log)
        self._looks = Looks()
        self._before: dict[str, ProcessUse] = {}
        self._streams_before: dict[str, StreamSize] = {}
        self._pids: list[int] = [os.getpid()]

    async def begin(self) -> None:
        """Begin a time anew."""
        self._pids = sorted({os.getpid(), *await self._local_pids()})
        self._streams_before = (await self._look())[1]
        self._before = await asyncio.to_thread(processes_of, self._pids)
        self._looks = Looks()

    async def watch(self) -> None:
        """Look at the queues now and then, until cancelled."""
        while True:
            waiting, streams = await self._look()
            self._looks.queues.append((time.monotonic() - self._looks.began, waiting))
            most = self._looks.stream_consumers
            most.update({name: max(size.consumers, most.get(name, 0)) for name, size in streams.items()})
            await asyncio.sleep(INTERVAL)

    async def end(self) -> Looks:
        """What was seen since `begin`."""
        looks = self._looks
        looks.seconds, looks.load = time.monotonic() - looks.began, os.getloadavg()[0]
        for name, use in (await asyncio.to_thread(processes_of, self._pids)).items():
            before = self._before.get(name)
            looks.cpu_seconds[name] = max(0.0, use.cpu_seconds - (before.cpu_seconds if before else 0.0))
            looks.memory[name] = use.memory
        streams = (await self._look())[1]
        for name, size in streams.items():
            earlier = self._streams_before.get(name)
            looks.stream_bytes[name] = size.bytes - (earlier.bytes if earlier else 0)
            looks.stream_messages[name] = size.messages - (earlier.messages if earlier else 0)
        return looks

    async def _look(self) -> tuple[dict[str, int], dict[str, StreamSize]]:
        """Waiting items by service, and the sizes of the streams."""
        if self._watcher is None:
            return {}, {}
        seen = await self._watcher.look()
        if seen.nats_away_since is not None:
            self._looks.failures += 1
            return {}, {}
        waiting = {one.name: one.waiting for one in seen.services if one.waiting is not None}
        return waiting, {one.name: one for one in seen.streams}

    async def _local_pids(self) -> list[int]:
        """Of the services that run on this machine, and of the `visavis up` above them with all that it started."""
        if self._event_log is None:
            return []
        try:
            found = await discover(self._event_log)
        except BusError:
            return []
        pids = [int(one.metadata["pid"]) for one in found if one.host == socket.gethostname()]
        return [await asyncio.to_thread(_with_up, pid) for pid in pids]


def _with_up(pid: int) -> int:
    """The `visavis up` that started a process, else the process itself."""
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        return parent if name_of(Path(f"/proc/{parent}/cmdline").read_text(), "") == "visavis up" else pid
    except (OSError, IndexError):
        return pid
