"""Properties of the H.264 stream that WebRTC relies on."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from bus.errors import EngineError
from services.render.encoder import H264Encoder, best_codec
from services.render.engine import Frame

SPS, PPS, IDR, SLICE = 7, 8, 5, 1


def frames(count: int, *, size: int = 128, first: int = 0) -> list[Frame]:
    """A disc that moves over a gradient."""
    made = []
    for k in range(first, first + count):
        image = np.zeros((size, size, 3), np.uint8)
        image[:] = np.linspace(60, 220, size, dtype=np.uint8)[None, :, None]
        cv2.circle(image, (30 + 2 * k, 60), 22, (40, 80, 230), -1, cv2.LINE_AA)
        made.append(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8))
    return made


def encoder(size: int = 128, bitrate: int = 1_000_000) -> H264Encoder:
    return H264Encoder(size, size, 25, bitrate=bitrate)


def nal_types(unit: bytes) -> list[int]:
    parts = unit.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")[1:]
    return [part[0] & 31 for part in parts]


def decode(units: tuple[bytes, ...]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    decoded = [frame for unit in units for frame in decoder.decode(av.Packet(unit))]
    return decoded + decoder.decode(None)


def test_each_group_starts_with_a_key_frame_and_its_parameter_sets_and_has_no_other() -> None:
    made = encoder()
    for first in (0, 10, 20):
        units = made.encode(frames(10, first=first))
        kinds = [set(nal_types(unit)) for unit in units]
        assert {SPS, PPS, IDR} <= kinds[0]
        assert all(SLICE in kind and not kind & {SPS, PPS, IDR} for kind in kinds[1:])


def test_the_profile_is_constrained_baseline() -> None:
    unit = encoder().encode(frames(1))[0]
    sps = unit.split(b"\x00\x00\x01")[1]
    assert sps[0] & 31 == SPS
    profile, constraints = sps[1], sps[2]
    assert profile == 66
    assert constraints & 0x40, "constraint_set1: the stream conforms to the main profile too"


def test_every_frame_is_encoded_without_delay_and_every_group_decodes_alone() -> None:
    made = encoder()
    for first in (0, 5, 15):
        source = frames(10, first=first)
        units = made.encode(source)
        assert all(units)
        decoded = decode(units)
        assert len(decoded) == 10
        for frame, output in zip(source, decoded, strict=True):
            error = np.mean((output.to_ndarray().astype(float) - frame) ** 2)
            assert error < 12.0


def test_a_group_may_be_encoded_in_several_calls() -> None:
    made = encoder()
    source = frames(10)
    units = made.encode(source[:5]) + made.encode(source[5:], key=False)
    assert [IDR in nal_types(unit) for unit in units] == [True] + [False] * 9
    assert len(decode(units)) == 10


def test_the_first_key_frame_is_as_good_as_the_later_ones() -> None:
    made = encoder()
    errors = []
    for _ in range(4):
        frame = frames(1)[0]
        decoded = decode(made.encode([frame] * 10))[0]
        errors.append(float(np.mean((decoded.to_ndarray().astype(float) - frame) ** 2)))
    assert errors[0] < 1.6 * min(errors[1:])


def test_the_bitrate_is_kept_for_frames_that_need_more() -> None:
    noise = np.random.default_rng(1)
    wild = [noise.integers(16, 235, (192, 128), np.uint8) for _ in range(100)]
    made = encoder(bitrate=300_000)
    size = sum(len(unit) for start in range(0, 100, 10) for unit in made.encode(wild[start : start + 10]))
    free = H264Encoder(128, 128, 25, bitrate=100_000_000)
    unlimited = sum(len(unit) for start in range(0, 100, 10) for unit in free.encode(wild[start : start + 10]))
    assert size < unlimited / 3


def test_the_same_frames_give_the_same_bytes() -> None:
    assert encoder().encode(frames(12)) == encoder().encode(frames(12))


def test_a_frame_of_another_size_is_refused() -> None:
    made = encoder()
    made.encode(frames(1))
    with pytest.raises(EngineError, match=r"\(192, 128\)"):
        made.encode(frames(1, size=64))


def test_a_stream_that_a_card_does_not_take_is_encoded_by_the_processor(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[str] = []

    def full(self: H264Encoder) -> None:
        opened.append("nvenc")
        raise ValueError("OpenEncodeSessionEx failed: out of memory (10): no more sessions")

    monkeypatch.setattr(H264Encoder, "_nvenc", full)
    made = H264Encoder(128, 128, 25, bitrate=1_000_000, codec="h264_nvenc")
    assert opened == [], "the event loop makes encoders, and does not wait for a card"
    assert made.encode(frames(5)) == encoder().encode(frames(5))
    assert made.encode(frames(2), key=False)
    assert (made.codec, opened) == ("libx264", ["nvenc"])
    assert [one.message for one in caplog.records] == ["the graphics card encodes no further stream"]


@pytest.mark.parametrize("key", [True, False])
def test_a_card_that_does_not_put_key_frames_where_they_are_asked_for_is_not_used(
    monkeypatch: pytest.MonkeyPatch, key: bool
) -> None:
    """x264 stands in for the card's encoder, and is asked for key frames where they belong, or nowhere."""
    encode = H264Encoder.encode
    monkeypatch.setattr(H264Encoder, "_nvenc", H264Encoder._x264)
    monkeypatch.setattr(H264Encoder, "encode", lambda self, pictures, **_: encode(self, pictures, key=key))
    assert best_codec.__wrapped__() == ("h264_nvenc" if key else "libx264")
