"""Times as people type them: so long ago, or a date or time in ISO 8601."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta, tzinfo

from bus.errors import InvalidInput

_AGO = re.compile(r"(\d{1,9})([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = "2h (ago; s, m, h, d, w), 2026-11-22 or 2026-11-22T14:05"
"""Examples, for the help of commands."""


def parse_time(text: str, now: datetime | None = None, *, zone: tzinfo | None = None) -> int:
    """Microseconds since 1970 of a time.

    Args:
        now: what "2h" is before; None: asks the clock.
        zone: of a time that names none; None: the machine's.
    Raises:
        InvalidInput: it is no time.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            now = now or datetime.now(UTC)
            at = now - min(timedelta(seconds=int(ago[1]) * _UNITS[ago[2]]), now - _FIRST)
        else:
            at = datetime.fromisoformat(text.strip())
            at = at.astimezone() if at.tzinfo or zone is None else at.replace(tzinfo=zone)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"expected a time such as {TIMES}, got {text!r}") from error
    return int(at.timestamp() * 1_000_000)


def time_argument(text: str) -> int:
    """`parse_time` for argparse."""
    try:
        return parse_time(text)
    except InvalidInput as error:
        raise argparse.ArgumentTypeError(error.detail) from error
