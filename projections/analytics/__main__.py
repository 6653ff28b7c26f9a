"""The process that writes the analytics: `python -m projections.analytics`. `visavis up` starts it after all others."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator, Mapping

from bus import clock
from bus.errors import BusError
from bus.log.event_log import EventLog, connect
from bus.process.discovery import EndpointTotals, ServiceInfo, WorkerStats, discover, worker_stats
from bus.process.lifecycle import run_process, run_until_signalled
from bus.settings import Settings
from projections.analytics.follower import Follower
from projections.analytics.places import analytics_folder
from projections.analytics.store import Store, lock
from projections.analytics.tables import MachineRow

NICENESS = 10
"""Whatever else wants the processor comes first."""


async def serve(settings: Settings) -> None:
    """Write the analytics until cancelled."""
    os.nice(NICENESS)
    folder = analytics_folder(settings)
    with lock(folder):
        async with connect(settings, name="analytics", update_streams=False) as event_log:
            follower = Follower(event_log, Store(folder), sample=lambda: sample(event_log))
            try:
                await follower.run()
            except asyncio.CancelledError:
                follower.flush()
                raise


def machine_rows(found: Iterable[ServiceInfo], stats: Mapping[str, WorkerStats], *, now: int) -> Iterator[MachineRow]:
    """A row for each process, or for each of its GPUs.

    Args:
        stats: of the processes, by their ids.
        now: microseconds since 1970.
    """
    for info in found:
        work = stats[info.id].endpoints[0] if info.id in stats and stats[info.id].endpoints else EndpointTotals()
        count = work.data.get
        gpus: dict[str | None, dict[str, float]] = {}
        for reading in info.gpus:
            gpus.setdefault(reading.labels.get("gpu", "0"), {})[reading.name] = reading.value
        for gpu, readings in (gpus or {None: {}}).items():
            yield MachineRow(
                process=info.id, gpu=gpu, began=now, service=info.name, engine=info.serving, host=info.host,
                held=count("held"), done=count("done"), failed=count("failed"), interrupted=count("interrupted"),
                superseded=count("superseded"), memory=info.memory, cpu_seconds=info.cpu_seconds,
                gpu_busy=readings.get("gpu_utilisation"), gpu_memory=_whole(readings.get("gpu_memory_used_bytes")),
                gpu_memory_total=_whole(readings.get("gpu_memory_total_bytes")), seq=now,
            )  # fmt: skip


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


async def sample(event_log: EventLog) -> list[MachineRow]:
    """What the processes that answer tell of themselves now."""
    try:
        found, stats = await discover(event_log), await worker_stats(event_log)
    except (BusError, OSError):
        return []  # NATS is away; the next sample may find it
    return list(machine_rows(found, stats, now=clock.now()))


async def run(settings: Settings) -> None:
    await run_until_signalled(serve(settings))


if __name__ == "__main__":
    sys.exit(run_process(run))
