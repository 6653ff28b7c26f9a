"""The level that the gateway checks is one that the encoder's streams keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bus.settings import Settings, read_settings
from services.h264_levels import IDLE_LOOP_BITRATE, required_level
from services.render.encoder import H264Encoder


def encoded_level(size: int, bitrate: int) -> int:
    """The level_idc that a stream says it has."""
    picture: Any = np.full((size * 3 // 2, size), 128, np.uint8)
    unit = H264Encoder(size, size, 25, bitrate=bitrate).encode([picture])[0]
    return unit[unit.index(b"\x00\x00\x01\x67") + 6]


@pytest.mark.parametrize("size", [128, 144, 208, 256, 320, 352, 400, 512, 640, 720, 768, 960])
@pytest.mark.parametrize("bitrate", [100_000, 300_000, 1_000_000, IDLE_LOOP_BITRATE, 4_000_000, 8_000_000])
def test_no_stream_exceeds_the_level_that_is_required_for_it(size: int, bitrate: int) -> None:
    assert encoded_level(size, bitrate) <= required_level(size, bitrate=bitrate)


def test_the_largest_settings_need_no_more_than_what_browsers_offer() -> None:
    largest, most = 960, 8_000_000
    accepted = read_settings({"VISAVIS_VIDEO_SIZE": str(largest), "VISAVIS_VIDEO_BITRATE": str(most)})
    assert (accepted.video_size, accepted.video_bitrate) == (largest, most)
    assert required_level(largest, bitrate=most) == 0x1F
    assert required_level(largest + 16, bitrate=most) > 0x1F


def test_the_required_level_grows_with_the_size_and_the_bitrate() -> None:
    levels = [required_level(size, bitrate=100_000) for size in range(128, 961, 16)]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (11, 31)
    assert required_level(128, bitrate=Settings().video_bitrate) == 20
