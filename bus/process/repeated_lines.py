"""Keeps a process that is attacked, or broken, from filling the disk with lines of one kind."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from cachetools import LRUCache

_KINDS = 1000
_MINUTE = 60.0
_TRACEBACK = 20
"""Lines that a traceback counts as."""


class RepeatedLines(logging.Filter):
    """Lets through so many lines of one kind in a minute; the next one that is printed says how many were left out.

    Lines are of one kind if they come from the same place with the same words: what differs is in their fields.

    Args:
        per_minute: lines of one kind.
        clock: seconds that never go back.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._per_minute, self._clock = per_minute, clock
        self._kinds: LRUCache[tuple[str, int, str], tuple[float, int, int]] = LRUCache(_KINDS)
        """Since when a kind is counted, how many lines were printed since, and how many left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = (record.name, record.levelno, str(record.msg)), self._clock()
        since, printed, left_out = self._kinds.get(kind, (now, 0, 0))
        if now - since >= _MINUTE:
            since, printed = now, 0
        is_shown = printed < self._per_minute
        if is_shown:
            printed += _TRACEBACK if record.exc_info else 1
            if left_out:
                record.left_out = left_out
                left_out = 0
        else:
            left_out += 1
        self._kinds[kind] = (since, printed, left_out)
        return is_shown
