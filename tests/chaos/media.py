"""Decodes what was recorded: the packets of a sound, the pictures of a video.

Imports nothing of Visavis, as the audit.
"""

from __future__ import annotations

from collections.abc import Iterable

import av
import numpy as np

OPUS_RATE = 48_000


def decoded_sound(packets: Iterable[bytes]) -> tuple[int, float]:
    """Decode Opus packets.

    Returns:
        The samples at 48 kHz, and the loudest of them, 0 to 1.
    Raises:
        av.FFmpegError: they cannot be decoded.
    """
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate, decoder.layout = OPUS_RATE, av.AudioLayout("mono")
    samples, peak = 0, 0.0
    for packet in packets:
        for frame in decoder.decode(av.Packet(packet)):
            block = frame.to_ndarray()
            scale = 32768 if block.dtype == np.int16 else 1
            samples += frame.samples
            peak = max(peak, float(np.abs(block.astype(np.float32)).max(initial=0)) / scale)
    return samples, peak


def decoded_pictures(units: Iterable[bytes]) -> tuple[int, set[tuple[int, int]]]:
    """Decode H.264 access units.

    Returns:
        The number of pictures, and the sizes that they have: width and height.
    Raises:
        av.FFmpegError: they cannot be decoded.
    """
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    pictures, sizes = 0, set()
    for unit in (*units, None):
        for frame in decoder.decode(av.Packet(unit) if unit is not None else None):
            assert isinstance(frame, av.VideoFrame)
            pictures += 1
            sizes.add((frame.width, frame.height))
    return pictures, sizes
