"""What GPUs say of themselves, with and without them."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from services.render.gpu import Gpu, gpus


class Error(Exception):
    pass


def driver(*, shared: bool = False, broken: bool = False) -> SimpleNamespace:
    """As much of NVML as is asked for, with two GPUs."""

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


def test_gpus_state_memory_work_and_temperature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver())
    found = gpus("driver")
    assert found[1] == Gpu("GPU 1", 3 << 30, 80 << 30, 0.4, 61)
    assert str(found[0]) == "GPU 0, 3.0 of 80.0 GiB, 40 % busy, 61 °C"


def test_a_gpu_that_shares_the_machines_memory_states_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver(shared=True))
    assert str(gpus("driver")[0]) == "GPU 0, 40 % busy, 61 °C"


def test_without_a_driver_or_its_package_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "driver", driver(broken=True))
    assert gpus("driver") == []
    assert gpus("no_such_package") == []
