"""The readings of GPUs, with a fake of NVML and without any GPU."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from bus.process.metrics import Metrics
from services.gpu import Gpu, gpu_readings, gpus, limit_memory


class Error(Exception):
    pass


def driver(*, shared: bool = False, broken: bool = False) -> SimpleNamespace:
    """The used part of NVML, with two GPUs."""

    def memory(handle: int) -> SimpleNamespace:
        if shared:
            raise Error("not supported")
        return SimpleNamespace(used=3 << 30, total=80 << 30)

    def start() -> None:
        if broken:
            raise Error("no driver")

    return SimpleNamespace(
        NVMLError=Error, NVML_TEMPERATURE_GPU=0, nvmlInit=start, nvmlShutdown=lambda: None,
        nvmlDeviceGetCount=lambda: 2, nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda handle: f"GPU {handle}", nvmlDeviceGetMemoryInfo=memory,
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=40),
        nvmlDeviceGetTemperature=lambda handle, sensor: 61,
    )


def test_gpus_have_memory_utilisation_and_temperature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver())
    found = gpus("driver")
    assert found[1] == Gpu("GPU 1", 3 << 30, 80 << 30, 0.4, 61)
    assert str(found[0]) == "GPU 0, 3.0 of 80.0 GiB, 40 % busy, 61 °C"


def test_a_gpu_that_shares_the_machines_memory_has_no_memory_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver(shared=True))
    assert str(gpus("driver")[0]) == "GPU 0, 40 % busy, 61 °C"


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


def test_an_unsupported_reading_has_no_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver(shared=True))
    names = {one.name for one in gpu_readings("driver")}
    assert names == {"gpu_utilisation", "gpu_temperature_celsius"}


def test_torchs_memory_has_metrics_once_cuda_is_initialised(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        device_count=lambda: 1,
        memory_allocated=lambda gpu: 5,
        memory_reserved=lambda gpu: 9,
    )
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
