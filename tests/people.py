"""Recordings of people reading aloud, from Debian's package `pocketsphinx-testdata` (LibriVox, public domain)."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import numpy as np
import pytest

from services.audio import Samples

FOLDER = Path("/usr/share/pocketsphinx/test/data/librivox")
needs_people = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="Debian's pocketsphinx-testdata is not installed; `make test` installs it where it may"
)


def sentences() -> dict[str, str]:
    """What is said in each recording, in lower case without punctuation."""
    found: dict[str, str] = {}
    for line in (FOLDER / "transcription").read_text().splitlines():
        text, name = re.fullmatch(r"<s> (.*?)\s*</s> \((.*)\)", line).groups()  # type: ignore[union-attr]
        found[name] = text
    return found


def samples(name: str) -> Samples:
    """A recording: [n], 16 kHz mono."""
    with wave.open(str(FOLDER / f"{name}.wav")) as recording:
        return np.frombuffer(recording.readframes(recording.getnframes()), np.int16)


def speech_span(sound: Samples) -> tuple[int, int]:
    """First sample of the speech and the one after the last."""
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > 500)
    return int(loud[0]), int(loud[-1]) + 1
