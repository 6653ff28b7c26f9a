"""Recorded sentences for tests: synthetic voices, so free to keep. `make.py` says how they were made."""

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
    """What the embedded recogniser hears in it, word for word."""
    voice: str
    """Of flite."""

    @property
    def path(self) -> Path:
        return FOLDER / self.file

    @property
    def name(self) -> str:
        return self.path.stem


@functools.cache
def recordings() -> dict[str, Recording]:
    """All of them by name, e.g. "what_time_is_it_rms"."""
    listed = msgspec.json.decode((FOLDER / "manifest.json").read_bytes(), type=list[Recording])
    return {recording.name: recording for recording in listed}


@functools.cache
def samples(name: str) -> Samples:
    """One recording as 16 kHz mono, silence on both sides not included."""
    resampler = Resampler(48_000, MICROPHONE_RATE)
    with av.open(str(recordings()[name].path)) as container:
        blocks = [resampler.push(to_int16(frame.to_ndarray())) for frame in container.decode(audio=0)]
    return np.concatenate([*blocks, resampler.flush()])


def spoken(name: str, *, before: float = 0.45, after: float = 0.5, noise: float = 3.0) -> bytes:
    """One recording as a microphone would give it: 16 kHz mono s16, a quiet room round it.

    Args:
        before, after: seconds of the room.
        noise: standard deviation of the room's hiss, in sample values.
    """
    voice = samples(name).astype(float)
    room = np.random.default_rng(5).normal(0, noise, len(voice) + round((before + after) * MICROPHONE_RATE))
    start = round(before * MICROPHONE_RATE)
    room[start : start + len(voice)] += voice
    return room.clip(-32768, 32767).astype("<i2").tobytes()
