"""Packets in order, with a bounded wait."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.listening.reorder_buffer import ReorderBuffer


def run(sequences: list[int], wait: int = 2) -> list[int]:
    reorder = ReorderBuffer(wait)
    ready: list[int] = []
    for sequence in sequences:
        ready += [timestamp for timestamp, _ in reorder.push(sequence & 0xFFFF, sequence, b"")]
    return ready


def test_packets_in_order_go_straight_through() -> None:
    assert run(list(range(10))) == list(range(10))


def test_two_that_changed_places_are_put_right() -> None:
    assert run([0, 2, 1, 3]) == [0, 1, 2, 3]


def test_a_lost_packet_is_waited_for_while_two_later_ones_are_here() -> None:
    assert run([0, 2, 3]) == [0]
    assert run([0, 2, 3, 4]) == [0, 2, 3, 4]


def test_what_comes_too_late_or_twice_is_dropped() -> None:
    assert run([0, 2, 3, 4, 1, 4, 5]) == [0, 2, 3, 4, 5]


def test_numbers_go_round() -> None:
    assert run([65534, 65535, 65536, 65538, 65537]) == [65534, 65535, 65536, 65537, 65538]


def test_a_sender_that_starts_again_is_followed() -> None:
    assert run([0, 1, 5000, 5001]) == [0, 1, 5000, 5001]


@given(st.lists(st.integers(0, 150), min_size=1, max_size=80))
def test_whatever_comes_nothing_leaves_twice_or_backwards(sequences: list[int]) -> None:
    ready = run(sequences)
    assert all(earlier < later for earlier, later in itertools.pairwise(ready))
    assert len(ready) <= len(sequences)
