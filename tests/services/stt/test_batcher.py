"""Jobs queued during a batch form the next batch."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError

import pytest

from services.stt.batcher import Batcher


class GatedWork:
    """Doubles numbers once the gate `go` is open; records its batches."""

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
def work() -> GatedWork:
    return GatedWork()


@pytest.fixture
def batcher(work: GatedWork) -> Iterator[Batcher[int, int]]:
    made = Batcher(work, 3)
    yield made
    work.go.set()
    made.close()


def test_queued_jobs_form_the_next_batch_urgent_ones_first(batcher: Batcher[int, int], work: GatedWork) -> None:
    first = batcher.submit(1)
    assert work.begun.wait(10)
    later = [batcher.submit(job, urgent=job > 3) for job in (2, 3, 4, 5)]
    work.go.set()
    assert [future.result(10) for future in (first, *later)] == [2, 4, 6, 8, 10]
    assert work.batches == [[1], [4, 5, 2], [3]]
    assert batcher.mean_batch_seconds > 0


def test_a_cancelled_job_is_not_run(batcher: Batcher[int, int], work: GatedWork) -> None:
    batcher.submit(1)
    assert work.begun.wait(10)
    second, third = batcher.submit(2), batcher.submit(3)
    assert second.cancel()
    work.go.set()
    assert third.result(10) == 6
    assert work.batches == [[1], [3]]


def test_an_error_fails_its_batch_only(batcher: Batcher[int, int], work: GatedWork) -> None:
    work.go.set()
    with pytest.raises(ValueError, match="unlucky"):
        batcher.submit(13).result(10)
    assert batcher.submit(4).result(10) == 8


def test_close_cancels_queued_jobs(work: GatedWork) -> None:
    batcher = Batcher(work, 3)
    batcher.submit(1)
    assert work.begun.wait(10)
    waiting = batcher.submit(2)
    threading.Timer(0.05, work.go.set).start()
    batcher.close()
    with pytest.raises(CancelledError):
        waiting.result(10)
