"""Splits a long text and joins the audio of its parts without clicks or gaps. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt

from services.audio import Samples

PAUSE = 0.15
"""Seconds between two parts."""
FADE = 0.005
"""Seconds of fade at the start and the end of each part."""
_QUIET = 0.004 * 32768
"""Amplitude below which the end of a part is trimmed (-48 dB)."""
# A full stop or comma between digits is part of the number.
_CLAUSE = re.compile(r"(?<=[.!?;:,])\s+|(?<=[。！？；：，、।])\s*")


def split_text(text: str, max_characters: int, first: int | None = None) -> list[str]:
    """The text in parts of limited length, split between clauses where possible, else between words.

    Args:
        first: characters to which the first part grows at the most, so that its audio is there soon; a clause is not
            split for that.
    """
    parts: list[str] = []
    for clause in _CLAUSE.split(text):
        limit = first if first is not None and len(parts) == 1 else max_characters
        if parts and len(parts[-1]) + 1 + len(clause) <= limit:
            parts[-1] = f"{parts[-1]} {clause}".strip()
            continue
        while len(clause) > max_characters:
            place = clause.rfind(" ", 1, max_characters)
            place = max_characters if place < 0 else place
            parts.append(clause[:place])
            clause = clause[place:].strip()
        if clause:
            parts.append(clause)
    return parts


def leading_silence(sound: Samples, rate: int) -> int:
    """Samples before the first sound, less 20 ms: networks begin a speech with some 300 ms of silence."""
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > _QUIET)
    return max(0, int(loud[0]) - rate // 50) if len(loud) else 0


def without_leading_silence(sounds: Iterator[Samples], rate: int) -> tuple[int, Iterator[Samples]]:
    """As `leading_silence` for sound that comes in blocks: its samples, and the blocks from there on."""
    held = np.zeros(0, np.int16)
    for sound in sounds:
        held = np.concatenate([held, sound])
        if np.any(np.abs(held.astype(np.int32)) > _QUIET):
            break
    lead = leading_silence(held, rate)
    return lead, chain([held[lead:]], sounds)


def trim_and_fade(sounds: Iterator[Samples], fade: int) -> Iterator[Samples]:
    """The audio of a part with a fade of `fade` samples at both ends and without the silence at its end.

    Holds back the newest loud sample and all after it, until more audio shows whether they are the end.
    """
    held = np.zeros(0, np.int16)
    begun = False
    for sound in sounds:
        held = np.concatenate([held, sound])
        if not begun and len(held) >= fade:
            held[:fade] = _scale(held[:fade], np.linspace(0.0, 1.0, fade))
            begun = True
        loud = np.flatnonzero(np.abs(held.astype(np.int32)) > _QUIET)
        ready = max(0, int(loud[-1]) - fade) if len(loud) else 0
        if begun and ready:
            yield held[:ready]
            held = held[ready:]
    loud = np.flatnonzero(np.abs(held.astype(np.int32)) > _QUIET)
    held = held[: int(loud[-1]) + 1 + fade] if len(loud) else held[:0]
    end = min(fade, len(held))
    if end:
        held[-end:] = _scale(held[-end:], np.linspace(1.0, 0.0, end))
        yield held


def _scale(samples: Samples, factors: npt.NDArray[np.float64]) -> Samples:
    return np.rint(samples * factors).astype(np.int16)
