"""The memory and processor time of a process and of the helper processes that it started, read from `/proc`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What a process and its helpers take."""

    memory: int
    """Resident bytes; pages that they share count for each of them."""
    cpu_seconds: float
    """Processor time so far, user and system, of helpers that have ended included."""


def usage(pid: int | None = None) -> Usage | None:
    """What a process and its helpers take; None where the system has no `/proc` as Linux has it.

    Args:
        pid: None: this process.
    """
    top = os.getpid() if pid is None else pid
    memory, ticks = 0, 0
    found = False
    for one in _with_helpers(top):
        try:
            pages = int(Path(f"/proc/{one}/statm").read_text().split()[1])
            # The name before the bracket may have spaces.
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except (OSError, IndexError, ValueError):
            continue  # it has just ended
        found = True
        memory += pages * _PAGE
        ticks += sum(map(int, fields[11:15]))
    return Usage(memory, ticks / _TICK) if found else None


def _with_helpers(pid: int) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                waiting.extend(map(int, children.read_text().split()))
            except OSError:
                continue


class _UsageCollector(Collector):
    """Exposes the usage of this process."""

    def collect(self) -> Iterator[Metric]:
        now = usage()
        if now is None:
            return
        memory = GaugeMetricFamily("visavis_process_memory_bytes", "Resident memory, helper processes included.")
        memory.add_metric([], now.memory)
        yield memory
        seconds = CounterMetricFamily("visavis_process_cpu_seconds", "Processor time, helper processes included.")
        seconds.add_metric([], now.cpu_seconds)
        yield seconds


_REGISTRY = CollectorRegistry()
_REGISTRY.register(_UsageCollector())


def usage_text() -> bytes:
    """The usage of this process in Prometheus' text format."""
    return generate_latest(_REGISTRY)
