"""The H.264 level that a stream needs, by its size, frame rate and bit rate. Pure."""

from __future__ import annotations

IDLE_LOOP_BITRATE = 2_000_000
"""Bits a second that an idle loop may take."""
_LEVELS = (
    (10, 1_485, 99, 64), (11, 3_000, 396, 192), (12, 6_000, 396, 384), (13, 11_880, 396, 768),
    (20, 11_880, 396, 2_000), (21, 19_800, 792, 4_000), (22, 20_250, 1_620, 4_000), (30, 40_500, 1_620, 10_000),
    (31, 108_000, 3_600, 14_000), (32, 216_000, 5_120, 20_000), (40, 245_760, 8_192, 20_000),
)  # fmt: skip
"""level_idc, and the most macroblocks a second, macroblocks in a picture, and thousands of bits a second (ITU-T H.264,
table A-1)."""


def required_level(size: int, *, bitrate: int, fps: int = 25) -> int:
    """The least level_idc for square pictures.

    Args:
        size: width and height in pixels.
        bitrate: bits a second, at most.
        fps: pictures a second.
    """
    blocks = ((size + 15) // 16) ** 2
    return next(
        level
        for level, rate, most, kilobits in _LEVELS
        if blocks <= most and fps * blocks <= rate and bitrate <= 1000 * kilobits
    )
