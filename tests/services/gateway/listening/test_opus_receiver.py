"""The sound of a microphone keeps its position, whatever happens to its packets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audio import SILENCE, OpusEncoder
from services.gateway.listening.opus_receiver import OpusReceiver

PACKET = 320
"""Samples of a packet at 16 kHz."""


def received(packets: dict[int, bytes]) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """The samples of packets by their sequence number; each packet is 20 ms."""
    receiver = OpusReceiver()
    pcm = b"".join(receiver.push(sequence, 960 * sequence, payload) for sequence, payload in packets.items())
    return np.frombuffer(pcm, np.int16)


def tone() -> bytes:
    samples = (8000 * np.sin(np.arange(1920) * 2 * np.pi * 440 / 48_000)).astype(np.int16)
    return OpusEncoder().push(samples)[-1]


def onset(packets: dict[int, bytes]) -> float:
    """The packet in which sound becomes loud, counted from 0."""
    return float(np.flatnonzero(np.abs(received(packets).astype(int)) > 1000)[0]) / PACKET


def test_lost_packets_are_replaced_by_silence() -> None:
    whole = dict.fromkeys(range(10), SILENCE) | {10: tone(), 11: tone()}
    lossy = {sequence: packet for sequence, packet in whole.items() if sequence not in (3, 4)}
    assert abs(onset(lossy) - onset(whole)) < 0.1
    assert len(received(lossy)) == len(received(whole))


def test_an_undecodable_packet_after_lost_ones_is_replaced_once() -> None:
    whole = dict.fromkeys(range(10), SILENCE) | {10: tone(), 11: tone()}
    broken = {sequence: packet for sequence, packet in whole.items() if sequence not in (3, 4)} | {5: b""}
    broken = dict(sorted(broken.items()))
    assert abs(onset(broken) - onset(whole)) < 0.1


def test_a_pause_of_the_sender_is_not_filled() -> None:
    later = {0: SILENCE, 1: SILENCE, 100: SILENCE, 101: SILENCE, 102: SILENCE}
    assert len(received(later)) < 6 * PACKET


TONE = OpusEncoder().push((8000 * np.sin(np.arange(2 * 48_000) * 2 * np.pi * 440 / 48_000)).astype(np.int16))
"""Two seconds: a hundred packets."""


def loud_packets(pcm: bytes) -> float:
    """How much of a sound is loud, in packets."""
    samples = np.abs(np.frombuffer(pcm, np.int16).astype(int))
    whole = samples[: len(samples) // PACKET * PACKET].reshape(-1, PACKET)
    return float((whole.max(axis=1) > 4000).sum())


def heard_of_tone(receiver: OpusReceiver, sequence: int, timestamp: int, ssrc: int) -> float:
    """How many of a hundred good packets are heard."""
    return loud_packets(
        b"".join(
            receiver.push((sequence + number) & 0xFFFF, (timestamp + 960 * number) & 0xFFFFFFFF, packet, ssrc)
            for number, packet in enumerate(TONE)
        )
    )


@pytest.mark.parametrize(
    ("sequence", "timestamp", "ssrc", "lost"),
    [
        (9000, 77, 2, 0),  # a new SSRC
        (9000, 77, 1, 10),  # further back, by the same SSRC
        (39_900, 0, 1, 50),  # a little further back
        (40_400, 3_000_000_000, 1, 0),  # ahead, and the clock is another
        (40_050, 2_000_000_000, 1, 0),  # the clock alone jumps back
    ],
)
def test_a_sender_that_starts_again_is_heard(sequence: int, timestamp: int, ssrc: int, lost: int) -> None:
    receiver = OpusReceiver()
    for number in range(50):
        receiver.push(40_000 + number, 2_900_000_000 + 960 * number, SILENCE, 1)
    assert heard_of_tone(receiver, sequence, timestamp, ssrc) >= 97 - lost


def test_late_packets_of_the_stream_before_are_not_heard_and_do_not_disturb() -> None:
    receiver = OpusReceiver()
    for number in range(20):
        receiver.push(number, 960 * number, SILENCE, 1)
    pcm = b""
    for number, packet in enumerate(TONE):
        pcm += receiver.push(500 + number, 960 * number, packet, 2)
        pcm += receiver.push(20 + number, 960 * (20 + number), SILENCE, 1) if number < 60 else b""
    assert len(pcm) <= 2 * PACKET * len(TONE)
    assert loud_packets(pcm) >= 97


def test_a_sender_that_returns_to_its_former_ssrc_is_heard() -> None:
    receiver = OpusReceiver()
    for ssrc in (1, 2):
        for number in range(20):
            receiver.push(number, 960 * number, SILENCE, ssrc)
    assert heard_of_tone(receiver, 20, 960 * 20, 1) >= 85


PACKETS = st.tuples(
    st.integers(0, 0xFFFF) | st.integers(990, 1010),  # sequence numbers, often near one another
    st.integers(0, 0xFFFFFFFF),
    st.sampled_from([SILENCE, b"", b"\xff", b"no opus at all", TONE[5]]),
    st.integers(0, 3),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PACKETS, max_size=60), PACKETS)
def test_whatever_came_before_a_hundred_good_packets_are_heard(
    noise: list[tuple[int, int, bytes, int]], first: tuple[int, int, bytes, int]
) -> None:
    receiver = OpusReceiver()
    for sequence, timestamp, payload, ssrc in noise:
        receiver.push(sequence, timestamp, payload, ssrc)
    sequence, timestamp, _, ssrc = first
    assert heard_of_tone(receiver, sequence, timestamp, ssrc) >= 45
