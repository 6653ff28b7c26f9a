"""Samples what every process tells of itself: its work, memory and graphics cards. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bus.process.discovery import EndpointTotals, ServiceInfo, WorkerStats
from projections.analytics.tables import MachineRow


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
