"""The NVIDIA GPUs of this machine and their load, read through NVML, which allocates nothing on them."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bus.process.metrics import GaugeReading

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gpu:
    """The state of one GPU. An unsupported reading is None."""

    name: str
    memory_used: int | None
    """Bytes, of all processes; those of the machine where the GPU has no memory of its own."""
    memory_total: int | None
    utilisation: float | None
    """Share of the last sampling period in which it was busy, 0 to 1."""
    temperature: int | None
    """Degrees Celsius."""
    index: int = 0
    """Its number for the driver."""
    shares_memory: bool = False
    """Whether its memory is the machine's, as on a DGX Spark."""
    own_memory: int | None = None
    """Bytes that this process takes of it, its CUDA context included; None where the driver does not tell, as in most
    containers, which know their processes by other numbers than the driver."""

    def __str__(self) -> str:
        used, total = self.memory_used, self.memory_total
        memory = "" if used is None or total is None else f", {used / (1 << 30):.1f} of {total / (1 << 30):.1f} GiB"
        memory += " of the machine's memory" if memory and self.shares_memory else ""
        busy = "" if self.utilisation is None else f", {100 * self.utilisation:.0f} % busy"
        return f"{self.name}{memory}{busy}" + ("" if self.temperature is None else f", {self.temperature} °C")


def gpus(module: str = "pynvml", meminfo: Path = Path("/proc/meminfo")) -> list[Gpu]:
    """The GPUs of this machine that answer; none without a driver or without `nvidia-ml-py`.

    Args:
        meminfo: where the machine's memory is read, for GPUs that have none of their own.
    """
    try:
        nvml: Any = importlib.import_module(module)
    except ImportError:
        return []
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return []
    try:
        found = (_optional(nvml, partial(_gpu, nvml, index, meminfo)) for index in range(_count(nvml)))
        return [one for one in found if one is not None]
    finally:
        nvml.nvmlShutdown()


def _count(nvml: Any) -> int:
    return _optional(nvml, nvml.nvmlDeviceGetCount) or 0  # the driver went away in between


def _optional(nvml: Any, read: Callable[[], Any]) -> Any:
    """A reading; None where it is not supported, or its GPU is lost."""
    try:
        return read()
    except nvml.NVMLError:
        return None


def _gpu(nvml: Any, index: int, meminfo: Path) -> Gpu:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    memory = _optional(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    rates = _optional(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
    # GPUs that share the machine's memory report none, or none at all of it, by the driver's version.
    shares_memory = memory is None or not memory.total
    used, total = _machine_memory(meminfo) if shares_memory else (int(memory.used), int(memory.total))
    return Gpu(
        name=str(nvml.nvmlDeviceGetName(handle)),
        memory_used=used,
        memory_total=total,
        utilisation=None if rates is None else rates.gpu / 100.0,
        temperature=_optional(nvml, lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
        index=index,
        shares_memory=shares_memory,
        own_memory=_own_memory(nvml, handle),
    )


def _own_memory(nvml: Any, handle: Any) -> int | None:
    processes = _optional(nvml, lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle)) or ()
    own = [one.usedGpuMemory for one in processes if one.pid == os.getpid() and one.usedGpuMemory is not None]
    return sum(map(int, own)) if own else None


def _machine_memory(meminfo: Path) -> tuple[int | None, int | None]:
    """The machine's memory in use and in all, bytes; None where it is no Linux."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        total, available = (1024 * int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        return None, None
    return total - available, total


def limit_memory(device: str, memory: int) -> None:
    """Limit the memory that torch allocates on a GPU for this process; beyond it torch raises out of memory.

    Args:
        device: torch's name; on the CPU there is no limit.
        memory: bytes.
    """
    if not device.startswith("cuda"):
        return
    import torch

    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, memory / total), torch.device(device))


def warn_of_memory(limit: int, setting: str, module: str = "pynvml") -> None:
    """Log that this process takes more memory of a GPU than it should, for libraries that cannot be limited.

    Args:
        limit: bytes; `setting` is where it comes from.
    """
    for one in gpus(module):
        if one.own_memory is not None and one.own_memory > limit:
            taken = f"{one.own_memory / (1 << 30):.1f} of {limit / (1 << 30):.1f} GiB"
            log.warning("more memory of the graphics card than is wanted", extra={"setting": setting, "takes": taken})


def gpu_readings(module: str = "pynvml") -> Iterator[GaugeReading]:
    """Metrics of a service that may use a GPU: the state of each GPU, and torch's memory in this process."""
    for gpu in gpus(module):
        labels = {"gpu": str(gpu.index), "name": gpu.name}
        readings = (
            ("gpu_memory_used_bytes", "Memory in use, the machine's where it has none.", gpu.memory_used),
            ("gpu_memory_total_bytes", "Total memory.", gpu.memory_total),
            ("gpu_utilisation", "Share of the last sampling period in which it was busy, 0 to 1.", gpu.utilisation),
            ("gpu_temperature_celsius", "Temperature.", gpu.temperature),
            ("gpu_process_memory_bytes", "Memory in use by this process.", gpu.own_memory),
        )
        yield from (GaugeReading(name, about, value, labels) for name, about, value in readings if value is not None)
    torch: Any = sys.modules.get("torch")  # not imported only for its metrics
    if torch is None or not torch.cuda.is_initialized():
        return
    for number in range(torch.cuda.device_count()):
        labels = {"gpu": str(number)}
        used, reserved = torch.cuda.memory_allocated(number), torch.cuda.memory_reserved(number)
        yield GaugeReading("torch_memory_used_bytes", "Memory of this process's tensors.", used, labels)
        yield GaugeReading("torch_memory_reserved_bytes", "Memory reserved by torch for them.", reserved, labels)
