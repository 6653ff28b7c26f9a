"""The sound of a microphone keeps its position, whatever happens to its packets."""

from __future__ import annotations

import numpy as np

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
