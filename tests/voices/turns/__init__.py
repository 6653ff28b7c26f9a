"""Recordings of turns with pauses, fillers and noises, with the expected phrases. `../make_turns.py` makes them."""

from __future__ import annotations

import functools
from pathlib import Path

import av
import msgspec
import numpy as np

from bus.events import MICROPHONE_RATE
from services.audio import Resampler, Samples, to_int16

FOLDER = Path(__file__).parent
RATE = MICROPHONE_RATE


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Speech without a longer pause."""

    start: int
    """First audible sample, at 16 kHz."""
    end: int
    text: str


class TurnRecording(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    language: str
    phrases: int
    """Number of phrases to be detected."""
    heard: tuple[Heard, ...]

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.ogg"

    def samples(self) -> Samples:
        """16 kHz mono: one second of a quiet room, the turn, two more seconds of the room."""
        resampler = Resampler(48_000, RATE)
        with av.open(str(self.path)) as container:
            blocks = [resampler.push(to_int16(frame.to_ndarray())) for frame in container.decode(audio=0)]
        return np.concatenate([*blocks, resampler.flush()])


@functools.cache
def turn_recordings() -> dict[str, TurnRecording]:
    """All recordings by name."""
    listed = msgspec.json.decode((FOLDER / "manifest.json").read_bytes(), type=list[TurnRecording])
    return {recording.name: recording for recording in listed}
