"""What NVIDIA GPUs are here, and how busy they are; through NVML, so that nothing is loaded on them for asking."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bus.process.metrics import GaugeReading


@dataclass(frozen=True)
class Gpu:
    """One GPU now. What it does not tell is None: those that share the machine's memory state none of their own."""

    name: str
    memory_used: int | None
    """Bytes."""
    memory_total: int | None
    utilisation: float | None
    """Share of the last moments in which it worked, 0 to 1."""
    temperature: int | None
    """Degrees Celsius."""

    def __str__(self) -> str:
        used, total = self.memory_used, self.memory_total
        memory = "" if used is None or total is None else f", {used / (1 << 30):.1f} of {total / (1 << 30):.1f} GiB"
        busy = "" if self.utilisation is None else f", {100 * self.utilisation:.0f} % busy"
        return f"{self.name}{memory}{busy}" + ("" if self.temperature is None else f", {self.temperature} °C")


def gpus(module: str = "pynvml") -> list[Gpu]:
    """The GPUs of this machine; none where there is no driver, or `nvidia-ml-py` is not installed."""
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
        return []  # it went away while it was asked
    finally:
        nvml.nvmlShutdown()


def _gpu(nvml: Any, handle: Any) -> Gpu:
    def told(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except nvml.NVMLError:
            return None

    memory = told(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    rates = told(lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
    return Gpu(
        name=str(nvml.nvmlDeviceGetName(handle)),
        memory_used=None if memory is None else int(memory.used),
        memory_total=None if memory is None else int(memory.total),
        utilisation=None if rates is None else rates.gpu / 100.0,
        temperature=told(lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
    )


def limit_memory(device: str, memory: int) -> None:
    """Let torch take no more of a GPU for this process; what goes beyond is an error of the work that wants it.

    Args:
        device: as torch names it; of the processor nothing is bounded.
        memory: bytes.
    """
    if not device.startswith("cuda"):
        return
    import torch

    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, memory / total), torch.device(device))


def gpu_readings(module: str = "pynvml") -> Iterator[GaugeReading]:
    """For the metrics of a service that may work on a GPU: each as a whole, and what torch holds for this process."""
    for number, gpu in enumerate(gpus(module)):
        which = {"gpu": str(number), "name": gpu.name}
        told = (
            ("gpu_memory_used_bytes", "Memory in use, by whatever process.", gpu.memory_used),
            ("gpu_memory_total_bytes", "Memory that there is.", gpu.memory_total),
            ("gpu_utilisation", "Share of the last moments in which it worked, 0 to 1.", gpu.utilisation),
            ("gpu_temperature_celsius", "Temperature.", gpu.temperature),
        )
        yield from (GaugeReading(name, about, value, which) for name, about, value in told if value is not None)
    torch: Any = sys.modules.get("torch")  # not loaded for asking
    if torch is None or not torch.cuda.is_initialized():
        return
    for number in range(torch.cuda.device_count()):
        which = {"gpu": str(number)}
        used, reserved = torch.cuda.memory_allocated(number), torch.cuda.memory_reserved(number)
        yield GaugeReading("torch_memory_used_bytes", "What tensors of this process take.", used, which)
        yield GaugeReading("torch_memory_reserved_bytes", "What torch holds for this process.", reserved, which)
