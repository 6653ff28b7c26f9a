"""Ogg files with packets, as FFmpeg and a reader of our own find them."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pytest

from bus.events import OPUS_FRAME
from services.audio import SILENCE, OpusDecoder
from services.muxing.ogg import write_ogg_opus
from tests.services.channels.recordings.recordings import speech
from tests.services.channels.sending.speeches import packets_of

SPEECH = packets_of(speech())


def pages(data: bytes) -> list[tuple[int, int, int, list[int]]]:
    """Flags, granule, number and lacing of each page; checks their checksums bit by bit (RFC 3533)."""
    found, start = [], 0
    while start < len(data):
        magic, version, flags, granule, _, number, checksum, count = struct.unpack_from("<4sBBqIIIB", data, start)
        assert (magic, version) == (b"OggS", 0)
        lacing = list(data[start + 27 : start + 27 + count])
        end = start + 27 + count + sum(lacing)
        page = data[start : start + 22] + bytes(4) + data[start + 26 : end]
        assert checksum == crc(page)
        found.append((flags, granule, number, lacing))
        start = end
    return found


def crc(data: bytes) -> int:
    register = 0
    for byte in data:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register & 0x80000000 else 0)) & 0xFFFFFFFF
    return register


def test_the_packets_are_in_the_file_as_they_were() -> None:
    data = write_ogg_opus(SPEECH)
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.audio[0]
        assert (container.format.name, stream.codec_context.name, len(container.streams)) == ("ogg", "opus", 1)
        assert stream.duration == len(SPEECH) * OPUS_FRAME
        found = [(packet.pts, bytes(packet)) for packet in container.demux(stream) if packet.size]
    assert found == [(number * OPUS_FRAME, packet) for number, packet in enumerate(SPEECH)]


def test_another_decoder_makes_the_same_sound_of_the_file() -> None:
    decoder = OpusDecoder()
    expected = np.concatenate([decoder.decode(packet) for packet in SPEECH]).astype(np.float64)
    with av.open(io.BytesIO(write_ogg_opus(SPEECH)), "r") as container:
        found = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(found) == len(expected)
    assert np.corrcoef(found, expected)[0, 1] > 0.95  # FFmpeg's own decoder is two samples late


def test_a_second_is_on_each_page_and_its_position_says_how_much_there_is() -> None:
    packets = [SILENCE] * 120
    (head, tags, *audio) = pages(write_ogg_opus(packets))
    assert head == (2, 0, 0, [19])
    assert tags == (0, 0, 1, [8 + 4 + 7 + 4])
    assert [(flags, granule, number, len(lacing)) for flags, granule, number, lacing in audio] == [
        (0, 50 * 960, 2, 50), (0, 100 * 960, 3, 50), (4, 120 * 960, 4, 20),
    ]  # fmt: skip


def test_the_head_says_that_nothing_is_to_be_skipped() -> None:
    data = write_ogg_opus([SILENCE])
    at = data.index(b"OpusHead")
    assert struct.unpack_from("<8sBBHIhB", data, at) == (b"OpusHead", 1, 1, 0, 48_000, 0, 0)
    assert b"Lav" not in data


@pytest.mark.parametrize("length", [1, 254, 255, 256, 510, 1_275])
def test_packets_of_any_length_are_kept(length: int) -> None:
    packets = [bytes([0xF8]) + bytes(n % 256 for n in range(length - 1)) for _ in range(120)]
    data = write_ogg_opus(packets)
    assert [number for _, _, number, _ in pages(data)] == list(range(len(pages(data))))
    assert pages(data)[-1][:2] == (4, 120 * 960)
    with av.open(io.BytesIO(data), "r") as container:
        found = [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]
    assert found == packets
