"""The NVIDIA GPUs of this machine and their load, read through NVML, which allocates nothing on them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bus.process.metrics import GaugeReading


@dataclass(frozen=True)
class Gpu:
    """The state of one GPU. An unsupported reading is None, such as memory on GPUs that share the machine's."""

    name: str
    memory_used: int | None
    """Bytes."""
    memory_total: int | None
    utilisation: float | None
    """Share of the last sampling period in which it was busy, 0 to 1."""
    temperature: int | None
    """Degrees Celsius."""

    def __str__(self) -> str:
        used, total = self.memory_used, self.memory_total
        memory = "" if used is None or total is None else f", {used / (1 << 30):.1f} of {total / (1 << 30):.1f} GiB"
        busy = "" if self.utilisation is None else f", {100 * self.utilisation:.0f} % busy"
        return f"{self.name}{memory}{busy}" + ("" if self.temperature is None else f", {self.temperature} °C")


def gpus(module: str = "pynvml") -> list[Gpu]:
    """The GPUs of this machine; none without a driver or without `nvidia-ml-py`."""
    try:
        nvml: Any = importlib.import_module(module)
    except ImportError:
        return []
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return []
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        return [_gpu(nvml, handle) for handle in handles]
    except nvml.NVMLError:
        return []  # the driver went away in between
    finally:
        nvml.nvmlShutdown()


def _gpu(nvml: Any, handle: Any) -> Gpu:
    def optional(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except nvml.NVMLError:
            return None

    memory = optional(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    rates = optional(lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
    return Gpu(
        name=str(nvml.nvmlDeviceGetName(handle)),
        memory_used=None if memory is None else int(memory.used),
        memory_total=None if memory is None else int(memory.total),
        utilisation=None if rates is None else rates.gpu / 100.0,
        temperature=optional(lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
    )


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


def gpu_readings(module: str = "pynvml") -> Iterator[GaugeReading]:
    """Metrics of a service that may use a GPU: the state of each GPU, and torch's memory in this process."""
    for number, gpu in enumerate(gpus(module)):
        labels = {"gpu": str(number), "name": gpu.name}
        readings = (
            ("gpu_memory_used_bytes", "Memory in use by all processes.", gpu.memory_used),
            ("gpu_memory_total_bytes", "Total memory.", gpu.memory_total),
            ("gpu_utilisation", "Share of the last sampling period in which it was busy, 0 to 1.", gpu.utilisation),
            ("gpu_temperature_celsius", "Temperature.", gpu.temperature),
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
