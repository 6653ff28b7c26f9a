"""Progress of downloads: lines in the log for services, lines on standard error for people."""

from __future__ import annotations

import logging
import sys
import time

log = logging.getLogger(__name__)

_REPORT_SECONDS = 5.0
"""Between two lines in the log."""


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
