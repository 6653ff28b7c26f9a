"""Progress of downloads: in the log and the state of a service, and on standard error for people."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bus.process.metrics import GaugeReading

log = logging.getLogger(__name__)

_REPORT_SECONDS = 5.0
"""Between two lines in the log."""


@dataclass(frozen=True)
class Download:
    """A model that this process is fetching, or waits for while another process fetches it."""

    model: str
    have: int
    """Bytes."""
    total: int
    """Bytes; 0 where that is not known yet."""

    def __str__(self) -> str:
        share = f"{100 * min(self.have, self.total) // self.total} %" if self.total else f"{self.have / 1e6:.0f} MB"
        return f"fetching {self.model}, {share}"


class Downloads:
    """What one process is fetching now. May be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: dict[object, Download] = {}

    def current(self) -> tuple[Download, ...]:
        """The downloads in progress, the oldest first."""
        with self._lock:
            return tuple(self._current.values())

    @contextmanager
    def shown(self, model: str) -> Iterator[Callable[[int, int], None]]:
        """Show a download while the context lasts; what it gives takes the bytes that are there and their total."""
        key = object()

        def update(have: int, total: int) -> None:
            with self._lock:
                if key in self._current:  # a library's thread may report later
                    self._current[key] = Download(model, have, total)

        with self._lock:
            self._current[key] = Download(model, 0, 0)
        try:
            yield update
        finally:
            with self._lock:
                del self._current[key]

    def note(self) -> str:
        """All of them in one line for people, "" for none."""
        return "; ".join(map(str, self.current()))

    def readings(self) -> Iterator[GaugeReading]:
        """All of them as metrics."""
        for one in self.current():
            labels = {"model": one.model}
            yield GaugeReading("model_download_bytes", "Bytes of a model that have arrived.", one.have, labels)
            yield GaugeReading("model_download_total_bytes", "Bytes of that model, 0: unknown.", one.total, labels)


DOWNLOADS = Downloads()
"""Of this process."""


class LogProgress:
    """Writes a line to the log every few seconds, since services have no terminal."""

    def __init__(self) -> None:
        self._reported = time.monotonic() - _REPORT_SECONDS

    def __call__(self, name: str, have: int, total: int) -> None:
        if time.monotonic() - self._reported >= _REPORT_SECONDS or have == total:
            self._reported = time.monotonic()
            share = f"{100 * have // total} %" if total else f"{have >> 20} MiB"
            log.info("downloading", extra={"file": name, "done": share, "megabytes": total >> 20})


class PrintProgress:
    """Prints a line for each tenth of a file."""

    def __init__(self) -> None:
        self._printed: tuple[str, int] = ("", -1)

    def __call__(self, name: str, have: int, total: int) -> None:
        tenth = 10 * min(have, total) // total if total else -1
        if (name, tenth) > self._printed or name != self._printed[0]:
            self._printed = (name, tenth)
            size = f"{have / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{have / 1e6:.1f} MB"
            print(f"— {name}: {size}", file=sys.stderr, flush=True)
