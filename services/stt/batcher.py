"""One device that several conversations share: what waits for it is worked on together."""

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
"""Share of the newest batch in the running cost."""


@dataclass
class _Waiting(Generic[J, R]):
    job: J
    urgent: bool
    future: Future[R] = field(default_factory=Future)


class Device(Generic[J, R]):
    """Works in a thread of its own. While a batch runs jobs gather; the next batch takes them all, urgent ones first.

    Args:
        work: from jobs to their results, in the same order.
        batch: jobs at once.
    """

    def __init__(self, work: Callable[[Sequence[J]], Sequence[R]], batch: int) -> None:
        self._work = work
        self._batch = batch
        self._waiting: list[_Waiting[J, R]] = []
        self._changed = threading.Condition()
        self._closed = False
        self.cost = 0.0
        """Seconds that a batch takes, a running mean; 0 before the first."""
        self._thread = threading.Thread(target=self._run, name="device", daemon=True)
        self._thread.start()

    def submit(self, job: J, *, urgent: bool = False) -> Future[R]:
        """Have a job done. Cancelling its future takes it back while it waits."""
        waiting: _Waiting[J, R] = _Waiting(job, urgent)
        with self._changed:
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting.future

    def close(self) -> None:
        """Stop after the batch under way; what waits is cancelled."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (batch := self._next()) is not None:
            running = [one for one in batch if one.future.set_running_or_notify_cancel()]
            if not running:
                continue
            began = time.monotonic()
            try:
                results = self._work([one.job for one in running])
            except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for the result
                for one in running:
                    one.future.set_exception(error)
                continue
            taken = time.monotonic() - began
            self.cost = taken if not self.cost else (1 - _SMOOTHING) * self.cost + _SMOOTHING * taken
            for one, result in zip(running, results, strict=True):
                one.future.set_result(result)

    def _next(self) -> list[_Waiting[J, R]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._waiting))
            if self._closed:
                for one in self._waiting:
                    one.future.cancel()
                return None
            self._waiting.sort(key=lambda one: not one.urgent)
            batch, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
            return batch
