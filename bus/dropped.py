"""Counts what this process drops, and says so in the log: one line for each kind, then no more than one in ten seconds.

Whoever drops something, because a queue is full or it cannot be read, does it through `drop`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Literal, TypeAlias

log = logging.getLogger(__name__)

_BETWEEN_LINES = 10.0
"""Seconds."""

Dropped: TypeAlias = Literal["undecodable", "facts", "microphone", "live_events", "subscriptions", "media_packets"]
"""What this version cannot read; facts that a session could not store in time; messages of a microphone; live events
that were not read in time; readers of the feed that were cut off; packets for a slow browser."""

_lock = threading.Lock()
_counts: Counter[str] = Counter()
_logged: dict[str, tuple[float, int]] = {}
"""When a line was written last, and how many there had been by then."""
_REMEMBERED = 10_000
_seen: dict[tuple[object, object], None] = {}
"""Subjects and sequences of messages that cannot be read: many are read again and again, and count once."""


def drop(what: Dropped, **fields: object) -> None:
    """Count one more that is dropped.

    Args:
        fields: of the log line: which one, and why. A message with a `subject` and a `sequence` counts once.
    """
    with _lock:
        if "sequence" in fields:
            message = (fields.get("subject"), fields["sequence"])
            if message in _seen:
                return
            _seen[message] = None
            if len(_seen) > _REMEMBERED:
                del _seen[next(iter(_seen))]
        _counts[what] += 1
        now, count = time.monotonic(), _counts[what]
        at, before = _logged.get(what, (-_BETWEEN_LINES, 0))
        if now - at < _BETWEEN_LINES:
            return
        _logged[what] = now, count
    log.warning("dropped", extra={"what": what, "more": count - before, **fields})


def counts() -> Mapping[str, int]:
    """How many of each kind this process has dropped since it started."""
    with _lock:
        return dict(_counts)
