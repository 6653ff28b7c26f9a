"""Shared by the benchmarks: description of the machine, processor time, percentiles, tables."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

_TICK = os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """This machine and the date, as one line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {len(names)} × {names[0] if names else platform.machine()}, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, load before {load:.1f}"
    )


def percentiles(values: Sequence[float], *points: int) -> list[float]:
    """The percentiles of the values at these points, 0 to 100."""
    return [float(np.percentile(values, point)) for point in points]


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time that these processes have used so far, user and system."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICK


def descendants(pid: int) -> list[int]:
    """Ids of a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, ()))
    return found


def share_of_core(pid: int, seconds: float) -> float:
    """Share of one core that a process and its descendants use, measured over some seconds.

    Blocks meanwhile: run it in a thread.
    """
    pids = descendants(pid)
    before, began = cpu_seconds(pids), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(pids) - before) / (time.monotonic() - began)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(map(line, [head, ["---"] * len(head), *rows]))


def line(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(cells)} |"
