"""What waits while the device works is worked on together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError

import pytest

from services.stt.batcher import Device


class Gate:
    """Doubles numbers, the first batch only once it is let go; remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, jobs: Sequence[int]) -> list[int]:
        self.batches.append(list(jobs))
        self.begun.set()
        assert self.go.wait(10)
        if 13 in jobs:
            raise ValueError("unlucky")
        return [2 * job for job in jobs]


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def device(gate: Gate) -> Iterator[Device[int, int]]:
    made = Device(gate, 3)
    yield made
    gate.go.set()
    made.close()


def test_jobs_that_come_meanwhile_are_one_batch_urgent_ones_first(device: Device[int, int], gate: Gate) -> None:
    first = device.submit(1)
    assert gate.begun.wait(10)
    later = [device.submit(job, urgent=job > 3) for job in (2, 3, 4, 5)]
    gate.go.set()
    assert [one.result(10) for one in (first, *later)] == [2, 4, 6, 8, 10]
    assert gate.batches == [[1], [4, 5, 2], [3]]
    assert device.cost > 0


def test_a_job_taken_back_is_not_done(device: Device[int, int], gate: Gate) -> None:
    device.submit(1)
    assert gate.begun.wait(10)
    second, third = device.submit(2), device.submit(3)
    assert second.cancel()
    gate.go.set()
    assert third.result(10) == 6
    assert gate.batches == [[1], [3]]


def test_an_error_goes_to_its_batch_and_the_device_goes_on(device: Device[int, int], gate: Gate) -> None:
    gate.go.set()
    with pytest.raises(ValueError, match="unlucky"):
        device.submit(13).result(10)
    assert device.submit(4).result(10) == 8


def test_what_waits_when_it_is_closed_is_cancelled(gate: Gate) -> None:
    device = Device(gate, 3)
    device.submit(1)
    assert gate.begun.wait(10)
    waiting = device.submit(2)
    threading.Timer(0.05, gate.go.set).start()
    device.close()
    with pytest.raises(CancelledError):
        waiting.result(10)
