"""The clock. No other module reads it.

Facts are compared with one another and with the times at which NATS stored them, and the clocks of machines differ. So
a process whose clock is off goes by that of the NATS server, as soon as it is connected (`bus.log.log_watch`).
"""

from __future__ import annotations

import time

TOLERANCE = 1_000_000
"""Microseconds by which a clock may differ: less than that comes from slow answers, too."""
_STEP = 250_000
"""Microseconds by which the correction is not changed, and within which a server answers that is not slow."""
_SLOWEST = 10_000_000
"""Microseconds after which an answer tells nothing: the clock was set meanwhile, perhaps."""

_correction = 0


def now() -> int:
    """Microseconds since 1970, UTC: by this machine's clock, or by the NATS server's where they differ."""
    return wall() + _correction


def wall() -> int:
    """Microseconds since 1970 by this machine's clock alone: for the times of its files, and to compare the clocks."""
    return time.time_ns() // 1000


def ahead() -> float:
    """Seconds by which this machine's clock is ahead of the server's, negative where it is behind; 0 where it is right,
    or no server has told the time."""
    return -_correction / 1_000_000


def learn(server: int, asked: int, answered: int) -> bool:
    """Go by the server's clock where this machine's is off.

    Args:
        server: what the server said the time was, microseconds since 1970.
        asked, answered: when it was asked, and its answer arrived, by `wall`.
    Returns:
        Whether `now` goes by another clock than before, or by another difference.
    """
    global _correction
    took = answered - asked
    if not 0 <= took < _SLOWEST:
        return False
    behind = server - (asked + answered) // 2
    if took >= _STEP:
        # The server may have said so at any moment of a slow answer: only what is certain is corrected.
        least, most = behind - took // 2, behind + took // 2
        behind = min(max(_correction, least), most)
        if abs(behind - _correction) <= TOLERANCE:
            return False
    wanted = behind if abs(behind) > TOLERANCE else 0
    if abs(wanted - _correction) < _STEP:
        return False
    _correction = wanted
    return True
