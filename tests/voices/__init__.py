"""Recorded sentences for tests, of synthetic voices and so free of rights. `make.py` makes them."""

from __future__ import annotations

import functools
from pathlib import Path

import av
import msgspec
import numpy as np

from bus.events import MICROPHONE_RATE
from services.audio import Resampler, Samples, to_int16

FOLDER = Path(__file__).parent


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    """Ogg/Opus in this folder."""
    text: str
    """The transcript of pocketsphinx, word for word."""
    voice: str
    """One of flite's."""

    @property
    def path(self) -> Path:
        return FOLDER / self.file

    @property
    def name(self) -> str:
        return self.path.stem


@functools.cache
def recordings() -> dict[str, Recording]:
    """All recordings by name, e.g. "what_time_is_it_rms"."""
    listed = msgspec.json.decode((FOLDER / "manifest.json").read_bytes(), type=list[Recording])
    return {recording.name: recording for recording in listed}


@functools.cache
def samples(name: str) -> Samples:
    """One recording as 16 kHz mono, without silence around it."""
    resampler = Resampler(48_000, MICROPHONE_RATE)
    with av.open(str(recordings()[name].path)) as container:
        blocks = [resampler.push(to_int16(frame.to_ndarray())) for frame in container.decode(audio=0)]
    return np.concatenate([*blocks, resampler.flush()])


def spoken(name: str, *, before: float = 0.45, after: float = 0.5, noise: float = 3.0) -> bytes:
    """One recording as from a microphone in a quiet room: 16 kHz mono s16.

    Args:
        before, after: seconds of room noise around it.
        noise: standard deviation of the room noise, in sample values.
    """
    voice = samples(name).astype(float)
    room = np.random.default_rng(5).normal(0, noise, len(voice) + round((before + after) * MICROPHONE_RATE))
    start = round(before * MICROPHONE_RATE)
    room[start : start + len(voice)] += voice
    return room.clip(-32768, 32767).astype("<i2").tobytes()
