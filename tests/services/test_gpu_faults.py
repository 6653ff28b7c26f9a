"""Faults of a graphics card. There is none here: the errors are the libraries' own classes with their real texts, and
some are provoked by asking a machine without a card for one."""

from __future__ import annotations

from collections.abc import Callable

import ctranslate2
import numpy as np
import pytest
import torch

from bus.process.metrics import Metrics
from services.gpu_faults import CAUSES, EARLIEST_RESTART, PAUSES, Cause, GpuFault, GpuUse, cause_of, gpu_faults

NOT_HERE = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card here")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fault(cause: Cause) -> GpuFault:
    return GpuFault(f"the graphics card cannot speak: {cause}", cause=cause)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity"), "full"),
        (torch.AcceleratorError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously"), "full"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), "full"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"), "full"),
        (RuntimeError("CUDA failed with error out of memory"), "full"),  # CTranslate2's
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"), "full"),
        (torch.AcceleratorError("CUDA error: device-side assert triggered"), "lost"),
        (torch.AcceleratorError("CUDA error: unspecified launch failure"), "lost"),
        (torch.AcceleratorError("CUDA error: an illegal memory access was encountered"), "lost"),
        (torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered"), "lost"),
        (RuntimeError("CUDA failed with error unknown error"), "lost"),
        (RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment"), "lost"),
        (torch.AcceleratorError("CUDA error: no CUDA-capable device is detected"), "absent"),
        (torch.AcceleratorError("CUDA error: no kernel image is available for execution on the device"), "absent"),
        (RuntimeError("Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU"), "absent"),
        (RuntimeError("No CUDA GPUs are available"), "absent"),
        (RuntimeError("Library libcublas.so.12 is not found or cannot be loaded"), "absent"),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied (1x2 and 3x4)"), None),
        (RuntimeError("Expected all tensors to be on the same device, but found at least two, cuda:0 and cpu"), None),
        (MemoryError("out of memory"), None),  # the machine's
    ],
)  # fmt: skip
def test_the_errors_of_the_libraries_are_told_apart(error: Exception, cause: Cause | None) -> None:
    assert cause_of(error) == cause
    if cause is None:
        with pytest.raises(type(error)), gpu_faults("speak"):
            raise error
        return
    with pytest.raises(GpuFault, match="the graphics card cannot speak: ") as caught, gpu_faults("speak"):
        raise error
    found = (caught.value.cause, caught.value.code, caught.value.retryable, "\n" in caught.value.detail)
    assert found == (cause, f"gpu_{cause}", cause == "full", False)


def torch_asks_for_a_card() -> object:
    return torch.zeros(1, device="cuda")


def ctranslate2_asks_for_a_card() -> object:
    return ctranslate2.StorageView.from_array(np.zeros(3, np.float32)).to_device(ctranslate2.Device.cuda)


@NOT_HERE
@pytest.mark.parametrize("ask", [torch_asks_for_a_card, ctranslate2_asks_for_a_card])
def test_a_machine_without_a_card_says_so(ask: Callable[[], object]) -> None:
    with pytest.raises(GpuFault) as caught, gpu_faults("answer"):
        ask()
    assert caught.value.cause == "absent"


def test_a_card_that_was_full_is_left_alone_for_longer_each_time_and_then_used_again() -> None:
    clock = Clock()
    use = GpuUse(clock=clock)
    assert use.usable
    for pause in (*PAUSES, PAUSES[-1]):
        use.record(fault("full"))
        use.record(fault("full"))  # two pieces of work at once are one lack of memory
        clock.now += pause - 1
        assert (use.cause, use.usable) == ("full", False)
        assert use.note() == "the graphics card is full, and is tried again in 1 s"
        clock.now += 1
        assert (use.cause, use.usable) == ("full", True)
    use.worked()
    assert (use.cause, use.usable, use.note(), use.metadata()) == (None, True, "", {})
    use.record(fault("full"))
    clock.now += PAUSES[0]
    assert use.usable  # the first pause again


def test_a_lost_card_stays_lost_until_the_process_starts_again_which_is_not_at_once() -> None:
    clock = Clock()
    use = GpuUse(clock=clock)
    use.worked()
    use.record(fault("absent"))  # one that has worked is not absent, it fell off the bus
    use.record(fault("full"))
    use.worked()
    assert (use.cause, use.usable, use.why_restart()) == ("lost", False, None)
    assert use.metadata() == {"gpu_fault": "lost"}
    clock.now += EARLIEST_RESTART
    assert not use.usable
    assert "the graphics card failed" in (use.why_restart() or "")


def test_a_card_that_is_not_there_is_not_looked_for_again() -> None:
    clock = Clock()
    use = GpuUse(clock=clock)
    use.record(fault("absent"))
    clock.now += EARLIEST_RESTART
    assert (use.cause, use.usable, use.why_restart()) == ("absent", False, None)
    assert use.note() == "the graphics card cannot be used: the graphics card cannot speak: absent"


def test_metrics_count_by_cause_and_say_what_serves() -> None:
    use = GpuUse()
    use.record(fault("full"))
    use.record(fault("full"))
    text = Metrics("tts", readings=use.readings).text().decode()
    assert "# TYPE visavis_gpu_fallbacks_total counter" in text
    assert 'visavis_gpu_fallbacks_total{cause="full"} 2.0' in text
    assert [f'visavis_gpu_fallback{{cause="{one}"}} {float(one == "full")}' in text for one in CAUSES] == [True] * 3
