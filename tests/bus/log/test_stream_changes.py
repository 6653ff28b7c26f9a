"""Whether a stream is still the same one, told from two states of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.log.stream_answers import microseconds
from bus.log.stream_changes import Mark, StreamState, replacement

BEFORE = StreamState(created="monday", first=1, last=10, last_time=10_000_000)
NEWEST = Mark(10, 10_000_000)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (StreamState("monday", 1, 10, 10_000_000), ""),
        (StreamState("monday", 1, 12, 12_000_000), ""),
        (StreamState("monday", 1, 10, 10_000_001), ""),  # rounded differently
        (StreamState("tuesday", 1, 0, 0), "stream S was made again"),
        (StreamState("tuesday", 1, 12, 12_000_000), "stream S was made again"),
        (StreamState("monday", 1, 7, 7_000_000), "stream S ends at message 7, and message 10 has been read"),
        (StreamState("monday", 1, 10, 13_000_000), "message 10 of stream S is another one than before"),
        (StreamState("monday", 13, 12, 12_000_000), "stream S was emptied up to message 12"),
    ],
)
def test_a_stream_is_another_one_where_it_lost_what_was_read(now: StreamState, reason: str) -> None:
    assert replacement("S", BEFORE, NEWEST, now, kept=True) == reason


def test_old_messages_may_leave_a_stream_that_does_not_keep_them() -> None:
    assert replacement("S", BEFORE, NEWEST, StreamState("monday", 13, 12, 12_000_000), kept=False) == ""


def test_nothing_is_another_one_for_who_has_seen_nothing() -> None:
    assert replacement("S", None, None, BEFORE, kept=True) == ""


@given(st.lists(st.integers(1, 5), max_size=20), st.booleans())
def test_a_stream_that_only_grows_stays_the_same(growth: list[int], kept: bool) -> None:
    before, newest, last = BEFORE, NEWEST, BEFORE.last
    for more in growth:
        last += more
        now = StreamState("monday", 1, last, last * 1_000_000)
        assert replacement("S", before, newest, now, kept=kept) == ""
        before, newest = now, Mark(last, now.last_time)


def test_times_of_the_server_are_read_to_the_microsecond() -> None:
    assert microseconds("2026-11-22T10:00:00.123456789Z") == 1_795_341_600_123_456
    assert microseconds("0001-01-01T00:00:00Z") == 0


def test_an_emptied_stream_is_another_one_once() -> None:
    emptied = StreamState("monday", 13, 12, 12_000_000)
    assert replacement("S", emptied, Mark(12, 12_000_000), emptied, kept=True) == ""
