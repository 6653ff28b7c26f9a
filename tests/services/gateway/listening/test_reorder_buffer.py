"""RTP packets are put in order with a bounded wait."""

from __future__ import annotations

import itertools

from hypothesis import assume, given
from hypothesis import strategies as st

from services.gateway.listening.reorder_buffer import ReorderBuffer


def run(sequences: list[int]) -> list[int]:
    """The order in which packets leave that arrive in this one."""
    reorder = ReorderBuffer()
    ready: list[int] = []
    for sequence in sequences:
        ready += [timestamp for timestamp, _ in reorder.push(sequence & 0xFFFF, sequence, b"")]
    return ready


def test_packets_in_order_go_straight_through() -> None:
    assert run(list(range(10))) == list(range(10))


def test_two_swapped_packets_are_put_in_order() -> None:
    assert run([0, 2, 1, 3]) == [0, 1, 2, 3]


def test_a_missing_packet_is_lost_once_three_later_ones_have_arrived() -> None:
    assert run([0, 2, 3]) == [0]
    assert run([0, 2, 3, 4]) == [0, 2, 3, 4]


def test_late_and_duplicate_packets_are_dropped() -> None:
    assert run([0, 2, 3, 4, 1, 4, 5]) == [0, 2, 3, 4, 5]


def test_sequence_numbers_wrap_around() -> None:
    assert run([65534, 65535, 65536, 65538, 65537]) == [65534, 65535, 65536, 65537, 65538]


def test_a_sender_that_restarts_is_followed() -> None:
    assert run([0, 1, 5000, 5001]) == [0, 1, 5000, 5001]


@given(st.lists(st.integers(0, 150), min_size=1, max_size=49))
def test_no_packet_leaves_twice_or_out_of_order(sequences: list[int]) -> None:
    ready = run(sequences)
    assert all(earlier < later for earlier, later in itertools.pairwise(ready))
    assert len(ready) <= len(sequences)


def test_a_sender_that_starts_again_further_back_is_followed_after_ten_packets() -> None:
    assert run([*range(40000, 40050), *range(9000, 9100)]) == [*range(40000, 40050), *range(9009, 9100)]


def test_late_packets_between_others_do_not_bring_the_past_back() -> None:
    stale = [number for later in range(100, 130) for number in (later, later - 60)]
    assert run(stale) == list(range(100, 130))


@given(st.lists(st.integers(0, 0xFFFF), max_size=60), st.integers(0, 0xFFFF))
def test_whatever_came_before_a_hundred_packets_in_order_are_heard_again(noise: list[int], start: int) -> None:
    # A number that the noise has taken counts as heard, so its second packet is a duplicate.
    assume(all((sequence - start) & 0xFFFF >= 100 for sequence in noise))
    reorder = ReorderBuffer()
    for sequence in noise:
        reorder.push(sequence, 0, b"noise")
    heard = [
        payload
        for number in range(100)
        for _, payload in reorder.push((start + number) & 0xFFFF, 0, number.to_bytes(1, "big"))
        if payload != b"noise"
    ]
    assert [*map(int.from_bytes, heard)][-45:] == list(range(55, 100))


def test_a_sender_that_starts_again_is_followed_though_its_packets_come_in_another_order() -> None:
    swapped = [number ^ 1 for number in range(9000, 9100)]
    assert run([*range(40000, 40050), *swapped])[-90:] == list(range(9010, 9100))


def test_duplicates_of_late_packets_do_not_bring_the_past_back() -> None:
    assert run([*range(100, 130), *[60, 61, 62] * 30, *range(130, 140)]) == list(range(100, 140))


def test_a_sender_that_starts_again_a_little_further_back_is_followed_after_a_second() -> None:
    assert run([*range(1000, 1150), *range(1010, 1110)])[150:] == [*range(1059, 1110)]


def test_packets_that_a_network_held_back_do_not_come_after_those_that_overtook_them() -> None:
    assert run([*range(100, 110), *range(130, 135), *range(110, 130), *range(135, 140)])[-10:] == [*range(130, 140)]
