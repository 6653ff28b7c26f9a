"""Speeches as they are on the log: packets of recorded voices, and pictures of one grey each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bus import subjects
from bus.events import OPUS_FRAME, AudioOut, FrameBatch, Media
from services.audio import OpusEncoder, Samples
from services.render.encoder import H264Encoder

SIZE = 128
"""Pixels."""


def packets_of(samples: Samples) -> tuple[bytes, ...]:
    """Opus packets of a voice.

    Args:
        samples: [n], 16 kHz.
    """
    encoder = OpusEncoder(16_000)
    return (*encoder.push(samples), *encoder.flush())


def audio_of(speech: str, packets: Sequence[bytes], size: int = 7) -> list[Media]:
    """The chunks on the log, of so many packets each; one without packets where nothing is said."""
    starts = range(0, max(len(packets), 1), size)
    return [
        AudioOut(
            conversation="c", speech=speech, index=index, sample=start * OPUS_FRAME,
            packets=tuple(packets[start : start + size]), final=start + size >= len(packets),
        )
        for index, start in enumerate(starts)
    ]  # fmt: skip


def frames_of(speech: str, greys: Sequence[int], size: int = 10) -> list[Media]:
    """The batches on the log, of so many pictures each, of these greys."""
    encoder = H264Encoder(SIZE, SIZE, 25, bitrate=1_000_000)
    batches: list[Media] = []
    for index, start in enumerate(range(0, len(greys), size)):
        pictures = [np.full((SIZE * 3 // 2, SIZE), grey, np.uint8) for grey in greys[start : start + size]]
        for picture in pictures:
            picture[SIZE:] = 128
        batches.append(
            FrameBatch(
                conversation="c", speech=speech, index=index, frame=start, fps=25, phase=0,
                units=encoder.encode(pictures), final=start + size >= len(greys),
            )
        )  # fmt: skip
    return batches


def log_of(*speeches: tuple[str, Sequence[bytes], Sequence[int]]) -> dict[str, list[Media]]:
    """The media on the log by subject, of speeches with their packets and the greys of their pictures."""
    media: dict[str, list[Media]] = {}
    for name, packets, greys in speeches:
        media[subjects.audio_out("c", name)] = audio_of(name, packets)
        if greys:
            media[subjects.frames("c", name)] = frames_of(name, greys)
    return media
