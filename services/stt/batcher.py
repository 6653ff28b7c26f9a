"""Batches the jobs of several conversations for one device: jobs queued while it computes form the next batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")

_SMOOTHING = 0.3
"""Weight of the newest batch in the running mean."""


@dataclass
class _Pending(Generic[J, R]):
    job: J
    urgent: bool
    future: Future[R] = field(default_factory=Future)


class Batcher(Generic[J, R]):
    """Runs batches of queued jobs in a thread of its own, urgent jobs first.

    Args:
        run_batch: maps jobs to results, in the same order.
        max_batch: jobs per batch.
    """

    def __init__(self, run_batch: Callable[[Sequence[J]], Sequence[R]], max_batch: int) -> None:
        self._run_batch = run_batch
        self._max_batch = max_batch
        self._queue: list[_Pending[J, R]] = []
        self._changed = threading.Condition()
        self._closed = False
        self.mean_batch_seconds = 0.0
        """Running mean; 0 before the first batch."""
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    def submit(self, job: J, *, urgent: bool = False) -> Future[R]:
        """Queue a job. Cancelling its future removes it from the queue."""
        pending: _Pending[J, R] = _Pending(job, urgent)
        with self._changed:
            self._queue.append(pending)
            self._changed.notify()
        return pending.future

    def close(self) -> None:
        """Stop after the current batch; queued jobs are cancelled."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            running = [pending for pending in batch if pending.future.set_running_or_notify_cancel()]
            if not running:
                continue
            began = time.monotonic()
            try:
                results = self._run_batch([pending.job for pending in running])
            except Exception as error:  # noqa: BLE001 - the callers that wait for the results handle it
                for pending in running:
                    pending.future.set_exception(error)
                continue
            seconds = time.monotonic() - began
            mean = self.mean_batch_seconds
            self.mean_batch_seconds = seconds if not mean else (1 - _SMOOTHING) * mean + _SMOOTHING * seconds
            for pending, result in zip(running, results, strict=True):
                pending.future.set_result(result)

    def _next_batch(self) -> list[_Pending[J, R]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._queue))
            if self._closed:
                for pending in self._queue:
                    pending.future.cancel()
                return None
            self._queue.sort(key=lambda pending: not pending.urgent)
            batch, self._queue = self._queue[: self._max_batch], self._queue[self._max_batch :]
            return batch
