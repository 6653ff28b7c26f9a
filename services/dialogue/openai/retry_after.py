"""Reads from a refusal how long the server asks to wait (`Retry-After` and its like). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_TRY_AGAIN = re.compile(
    r"(?:try again|retry|wait)[^.\d]{0,30}?(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?)\b",
    re.IGNORECASE,
)


def retry_after(headers: Mapping[str, str], message: str = "", *, now: datetime | None = None) -> float | None:
    """Seconds to wait by the headers of an answer, or else by the words of its error; None where neither says so.

    Args:
        headers: of the answer; names in any case, if the mapping ignores it, else in small letters.
        now: for dates, where the answer itself has none; by default the clock's.
    """
    seconds = _number(headers.get("retry-after-ms"), 0.001)
    if seconds is None:
        seconds = _number(headers.get("retry-after"), 1.0)
    if seconds is None:
        seconds = _until(headers.get("retry-after"), headers.get("date"), now)
    if seconds is None and (match := _TRY_AGAIN.search(message)):
        unit = match[2].lower()
        seconds = _number(match[1], 0.001 if unit.startswith(("ms", "milli")) else 60 if unit.startswith("m") else 1)
    return seconds


def _number(value: str | None, factor: float) -> float | None:
    try:
        seconds = float((value or "").strip().removesuffix("s")) * factor
    except ValueError:
        return None
    return max(0.0, seconds) if seconds < float("inf") else None


def _until(value: str | None, date: str | None, now: datetime | None) -> float | None:
    """Seconds until a date, by the server's own clock where it sent the time."""
    then = _date(value)
    if then is None:
        return None
    return max(0.0, (then - (_date(date) or now or datetime.now(UTC))).total_seconds())


def _date(value: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime((value or "").strip())
    except (ValueError, TypeError, IndexError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
