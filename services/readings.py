"""The gauges and the note of a service that runs an engine: its GPUs, and the models that it is fetching."""

from __future__ import annotations

from collections.abc import Iterator

from bus.process.metrics import GaugeReading
from services.gpu import gpu_readings
from services.gpu_faults import GPU_USE
from services.models.progress import DOWNLOADS


def engine_readings() -> Iterator[GaugeReading]:
    yield from gpu_readings()
    yield from GPU_USE.readings()
    yield from DOWNLOADS.readings()


def engine_note(*more: str) -> str:
    """What a person should know of a service that runs an engine, in one line; "" for nothing.

    Args:
        more: what else there is to say, "" for nothing.
    """
    return "; ".join(filter(None, (DOWNLOADS.note(), GPU_USE.note(), *more)))
