"""Moments of the log as people write and read them: a sequence, a time, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec import Struct

from bus import clock
from bus.errors import InvalidInput

TIME_FORMS = "2026-11-22, 2026-11-22T14:05 or 2h (ago; s, m, h, d, w)"
"""What `parse_time` takes, for help texts."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGO = re.compile(r"(\d+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Moment(Struct, frozen=True):
    """A moment of the log: after a sequence, or at a time."""

    sequence: int | None = None
    time: int | None = None
    """By the server's clock, microseconds since 1970: what was stored until then."""


NOW = Moment()


def parse_time(text: str, now: int | None = None) -> int:
    """Microseconds since 1970 of a date or time in ISO 8601, local where no zone is given, or of so long ago.

    Args:
        now: microseconds since 1970; None: the machine's clock.
    Raises:
        InvalidInput: the text is neither.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        length = int(ago[1]) * _SECONDS[ago[2]] * 1_000_000
        return max(0, (clock.now() if now is None else now) - length)
    try:
        return (datetime.fromisoformat(text.strip()).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"expected a time such as {TIME_FORMS}, got {text!r}") from error


def parse_moment(text: str) -> Moment:
    """A sequence such as 118, or what `parse_time` takes.

    Raises:
        InvalidInput: the text is neither.
    """
    if text.strip().isdecimal():
        return Moment(sequence=int(text))
    try:
        return Moment(time=parse_time(text))
    except InvalidInput as error:
        raise InvalidInput(f"expected a sequence such as 118, or a time such as {TIME_FORMS}, got {text!r}") from error


def local_time(at: int, zone: tzinfo | None = None) -> str:
    """A time in microseconds since 1970 as the clock on the wall shows it.

    Args:
        zone: None: the machine's own.
    """
    try:
        return f"{datetime.fromtimestamp(at / 1_000_000).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):  # a log that was brought here may tell any number
        return f"at {at} µs"
