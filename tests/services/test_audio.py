"""Encoding, decoding and resampling keep every sample at its index."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import InvalidInput
from services.audio import (
    SILENCE,
    OpusDecoder,
    OpusEncoder,
    Resampler,
    Samples,
    packet_loudness,
    resample,
    rms,
    samples_from_pcm,
    to_int16,
)
from tests.opus import decode_packets


def noise_burst(length: int, start: int, rate: int = 48_000) -> Samples:
    """Silence with a burst of low-passed noise of 100 ms from `start` on."""
    generator = np.random.default_rng(7)
    sound = np.zeros(length)
    burst = np.convolve(generator.normal(0, 0.5, rate // 10), np.ones(8) / 8, mode="same")
    sound[start : start + len(burst)] = burst
    return to_int16(sound)


def lag(decoded: Samples, original: Samples, span: int = 1000) -> int:
    """By how many samples `decoded` is late against `original`."""
    length = min(len(decoded), len(original)) - 2 * span
    reference = original[span : span + length].astype(float)
    scores = [float(np.dot(decoded[span + k : span + k + length].astype(float), reference)) for k in range(-span, span)]
    return int(np.argmax(scores)) - span


def test_a_decoded_sample_has_the_index_of_the_sample_that_was_encoded() -> None:
    original = noise_burst(24_000, 9_000)
    encoder = OpusEncoder()
    decoded = decode_packets(encoder.push(original) + encoder.flush())
    assert len(decoded) == 24_000
    assert abs(lag(decoded, original)) <= 1  # a fiftieth of a millisecond, from the codec itself


def test_a_stream_at_another_rate_keeps_its_timing() -> None:
    original = noise_burst(11_025, 4_000, 22_050)
    encoder = OpusEncoder(22_050)
    packets: list[bytes] = []
    for start in range(0, len(original), 441):
        packets += encoder.push(original[start : start + 441])
    decoded = decode_packets(packets + encoder.flush())
    assert abs(lag(decoded, resample(original, 22_050, 48_000))) <= 1


@settings(max_examples=25)
@given(st.lists(st.integers(0, 3_000), max_size=6))
def test_there_is_one_packet_for_every_960_samples_or_part_of_them(blocks: list[int]) -> None:
    encoder = OpusEncoder()
    packets: list[bytes] = []
    for size in blocks:
        packets += encoder.push(np.zeros(size, np.int16))
    packets += encoder.flush()
    assert len(packets) == -(-sum(blocks) // 960)


def test_blocks_encode_to_the_same_packets_as_the_whole() -> None:
    original = noise_burst(9_600, 1_000)
    whole = OpusEncoder()
    pieces = OpusEncoder()
    expected = whole.push(original) + whole.flush()
    packets = [packet for start in range(0, 9_600, 377) for packet in pieces.push(original[start : start + 377])]
    assert packets + pieces.flush() == expected


@pytest.mark.parametrize(("source", "target"), [(48_000, 16_000), (16_000, 48_000), (22_050, 48_000), (16_000, 16_000)])
def test_resampling_in_blocks_equals_resampling_the_whole(source: int, target: int) -> None:
    original = noise_burst(source // 2, source // 8, source)
    resampler = Resampler(source, target)
    pieces = [resampler.push(original[start : start + 320]) for start in range(0, len(original), 320)]
    joined = np.concatenate([*pieces, resampler.flush()])
    assert abs(len(joined) - target // 2) <= 1
    assert np.array_equal(joined, resample(original, source, target))


def test_a_flushed_resampler_starts_another_stream() -> None:
    original = noise_burst(9_600, 1_000)
    resampler = Resampler(48_000, 16_000)
    first = np.concatenate([resampler.push(original), resampler.flush()])
    second = np.concatenate([resampler.push(original), resampler.flush()])
    assert np.array_equal(first, second)
    assert len(resampler.push(np.zeros(0, np.int16))) == 0


def test_a_resampler_takes_no_thread() -> None:
    before = list(Path("/proc/self/task").iterdir())
    resamplers = [Resampler(48_000, 16_000) for _ in range(3)]
    assert all(len(one.push(np.zeros(4_800, np.int16))) for one in resamplers)
    assert list(Path("/proc/self/task").iterdir()) == before


def test_the_silence_packet_is_twenty_silent_milliseconds() -> None:
    decoder = OpusDecoder()
    for _ in range(3):
        assert np.array_equal(decoder.decode(SILENCE), np.zeros(960, np.int16))


@pytest.mark.parametrize("packet", [b"", b"\xff\xff\xff\xff"])
def test_an_invalid_packet_is_refused_and_the_next_one_decoded(packet: bytes) -> None:
    decoder = OpusDecoder()
    with pytest.raises(InvalidInput):
        decoder.decode(packet)
    assert len(decoder.decode(SILENCE)) == 960


@pytest.mark.parametrize("packet", [b"\xf8", b"\x78", b"\x08"])
def test_a_packet_without_payload_lasts_20_ms_too(packet: bytes) -> None:
    assert len(OpusDecoder().decode(packet)) == 960


def test_loudness_is_measured_for_each_packet() -> None:
    original = np.concatenate([np.zeros(960, np.int16), np.full(960, 16_384, np.int16), np.full(480, 16_384, np.int16)])
    assert packet_loudness(original) == [0.0, 0.5, round(0.5 / 2**0.5, 5)]
    assert packet_loudness(original[:0]) == []
    assert rms(original[:0]) == 0.0


def test_an_odd_number_of_bytes_is_refused() -> None:
    assert samples_from_pcm(b"\x01\x00\xff\xff").tolist() == [1, -1]
    with pytest.raises(InvalidInput, match="3 bytes"):
        samples_from_pcm(b"abc")


def test_floating_point_is_clipped_and_other_integers_are_refused() -> None:
    assert to_int16([0.0, 1.0, -2.0]).tolist() == [0, 32_767, -32_768]
    with pytest.raises(InvalidInput, match="int64"):
        to_int16(np.zeros(2, np.int64))


def test_decoded_frames_are_resampled_as_their_samples_are() -> None:
    encoder = OpusEncoder()
    packets = [*encoder.push(noise_burst(24_000, 4_000)), *encoder.flush()]
    for target in (16_000, 48_000):
        decoders, resamplers = [OpusDecoder(), OpusDecoder()], [Resampler(48_000, target), Resampler(48_000, target)]
        copied = [resamplers[0].push(decoders[0].decode(packet)) for packet in packets]
        direct = [resamplers[1].push_frames(decoders[1].frames(packet)) for packet in packets]
        assert [block.tolist() for block in direct] == [block.tolist() for block in copied]
