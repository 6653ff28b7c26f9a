"""The readings of GPUs, with a fake of NVML and without any GPU."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bus.process.metrics import Metrics
from services.gpu import Gpu, gpu_readings, gpus, limit_memory


class Error(Exception):
    pass


def driver(*, shared: str = "", broken: bool = False, lost: tuple[int, ...] = ()) -> SimpleNamespace:
    """The used part of NVML, with two GPUs, the first of which this process uses.

    Args:
        shared: what GPUs say that share the machine's memory: "not supported", or "none".
        lost: the numbers of those that fell off the bus.
    """

    def memory(handle: int) -> SimpleNamespace:
        if shared == "not supported":
            raise Error(shared)
        return SimpleNamespace(used=0, total=0) if shared else SimpleNamespace(used=3 << 30, total=80 << 30)

    def handle(index: int) -> int:
        if index in lost:
            raise Error("GPU is lost")
        return index

    def processes(handle: int) -> list[SimpleNamespace]:
        own = [SimpleNamespace(pid=os.getpid(), usedGpuMemory=2 << 30)]
        return [SimpleNamespace(pid=1, usedGpuMemory=None), *(own if handle == 0 else [])]

    def start() -> None:
        if broken:
            raise Error("no driver")

    return SimpleNamespace(
        NVMLError=Error, NVML_TEMPERATURE_GPU=0, nvmlInit=start, nvmlShutdown=lambda: None,
        nvmlDeviceGetCount=lambda: 2, nvmlDeviceGetHandleByIndex=handle,
        nvmlDeviceGetName=lambda handle: f"GPU {handle}", nvmlDeviceGetMemoryInfo=memory,
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=40),
        nvmlDeviceGetTemperature=lambda handle, sensor: 61, nvmlDeviceGetComputeRunningProcesses=processes,
    )


def torch_with_a_gpu() -> SimpleNamespace:
    """What is asked of torch for metrics."""
    return SimpleNamespace(
        cuda=SimpleNamespace(
            is_initialized=lambda: True,
            device_count=lambda: 1,
            memory_allocated=lambda gpu: 5,
            memory_reserved=lambda gpu: 9,
        )
    )


def test_gpus_have_memory_utilisation_and_temperature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver())
    found = gpus("driver")
    assert found[1] == Gpu("GPU 1", 3 << 30, 80 << 30, 0.4, 61, index=1)
    assert str(found[0]) == "GPU 0, 3.0 of 80.0 GiB, 40 % busy, 61 °C"


@pytest.mark.parametrize("answer", ["not supported", "none"])
def test_of_a_gpu_that_shares_the_machines_memory_the_machines_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str
) -> None:
    """As on a GB10, by what its users report of NVML there."""
    monkeypatch.setitem(sys.modules, "driver", driver(shared=answer))
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       125829120 kB\nMemFree: 1 kB\nMemAvailable:   94371840 kB\nHugePages: 0\n")
    found = gpus("driver", meminfo)
    assert found[1] == Gpu("GPU 1", 30 << 30, 120 << 30, 0.4, 61, index=1, shares_memory=True)
    assert str(found[0]) == "GPU 0, 30.0 of 120.0 GiB of the machine's memory, 40 % busy, 61 °C"
    assert str(gpus("driver", tmp_path / "nothing")[0]) == "GPU 0, 40 % busy, 61 °C"


def test_a_lost_gpu_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver(lost=(0,)))
    assert [(one.index, one.name) for one in gpus("driver")] == [(1, "GPU 1")]
    monkeypatch.setitem(sys.modules, "driver", driver(lost=(0, 1)))
    assert gpus("driver") == []


def test_without_a_driver_or_the_package_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver(broken=True))
    assert gpus("driver") == []
    assert gpus("no_such_package") == []


def test_each_gpu_has_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver())
    text = Metrics("render", readings=lambda: gpu_readings("driver")).text().decode()
    assert 'visavis_gpu_memory_used_bytes{gpu="1",name="GPU 1"} 3.221225472e+09' in text
    assert 'visavis_gpu_memory_total_bytes{gpu="0",name="GPU 0"}' in text
    assert 'visavis_gpu_utilisation{gpu="0",name="GPU 0"} 0.4' in text
    assert 'visavis_gpu_temperature_celsius{gpu="0",name="GPU 0"} 61.0' in text


def test_the_memory_of_this_process_is_told_where_the_driver_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver())
    assert [one.own_memory for one in gpus("driver")] == [2 << 30, None]
    found = [(one.value, one.labels) for one in gpu_readings("driver") if one.name == "gpu_process_memory_bytes"]
    assert found == [(2 << 30, {"gpu": "0", "name": "GPU 0"})]


def test_torchs_memory_has_metrics_once_cuda_is_initialised(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = torch_with_a_gpu().cuda
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    found = {one.name: one.value for one in gpu_readings("no_such_package")}
    assert found == {"torch_memory_used_bytes": 5, "torch_memory_reserved_bytes": 9}
    cuda.is_initialized = lambda: False
    assert list(gpu_readings("no_such_package")) == []


@pytest.mark.parametrize(("device", "memory", "share"), [("cuda", 6, [0.75]), ("cuda:1", 20, [1.0]), ("cpu", 6, [])])
def test_torchs_memory_is_limited_to_a_share_of_the_gpu(
    monkeypatch: pytest.MonkeyPatch, device: str, memory: int, share: list[float]
) -> None:
    given: list[float] = []
    cuda = SimpleNamespace(
        get_device_properties=lambda name: SimpleNamespace(total_memory=8),
        set_per_process_memory_fraction=lambda fraction, on: given.append(fraction),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, device=str))
    limit_memory(device, memory)
    assert given == share
