"""Moments of the log as people write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from bus.errors import InvalidInput
from projections.moment import Moment, parse_moment, parse_time

NOON = int(datetime.fromisoformat("2026-11-28T12:00:00+00:00").timestamp()) * 1_000_000
HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", NOON - HOUR * 3 // 2),
        ("36h", NOON - 36 * HOUR),
        ("2d", NOON - 48 * HOUR),
        ("4w", NOON - 28 * 24 * HOUR),
        ("9999999999999w", 0),
        ("2026-11-28T14:00+02:00", NOON),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("2026-11-28T12:00:00.000003Z", NOON + 3),
        ("2026-11-28T12:00", int(datetime(2026, 11, 28, 12).timestamp()) * 1_000_000),
    ],
)
def test_a_time_is_a_date_or_so_long_ago(text: str, expected: int) -> None:
    assert parse_time(text, NOON) == expected


def test_a_moment_is_a_sequence_or_a_time() -> None:
    assert parse_moment("118") == Moment(sequence=118)
    assert parse_moment("1970-01-01T00:00:01+00:00") == Moment(time=1_000_000)


@pytest.mark.parametrize("text", ["", "d", "soon", "-1d", "1x", "0001-01-01T00:00+14:00", "²"])
def test_what_is_no_time_is_told_so(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected a time such as 2026-11-22"):
        parse_time(text)
    with pytest.raises(InvalidInput, match="expected a sequence such as 118, or a time"):
        parse_moment(text)
