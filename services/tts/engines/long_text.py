"""A text that is too long to be said at once, in parts that join without a click or a gap. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from services.audio import Samples

PAUSE = 0.15
"""Seconds between two parts."""
FADE = 0.005
"""Seconds over which each part begins and ends."""
_QUIET = 0.004 * 32768
"""Height below which the end of a part is cut away (-48 dB)."""
# A point or a comma between digits belongs to the number.
_CLAUSE = re.compile(r"(?<=[.!?;:,])\s+|(?<=[。！？；：，、।])\s*")


def split_text(text: str, longest: int) -> list[str]:
    """The text in parts of at most so many characters, between clauses where that can be, else between words."""
    parts: list[str] = []
    for clause in _CLAUSE.split(text):
        if parts and len(parts[-1]) + 1 + len(clause) <= longest:
            parts[-1] = f"{parts[-1]} {clause}".strip()
            continue
        while len(clause) > longest:
            place = clause.rfind(" ", 1, longest)
            place = longest if place < 0 else place
            parts.append(clause[:place])
            clause = clause[place:].strip()
        if clause:
            parts.append(clause)
    return parts


def trim_and_fade(sounds: Iterator[Samples], fade: int) -> Iterator[Samples]:
    """A part that begins and ends in silence: faded over so many samples, the quiet at its end cut away.

    The last loud sample and what follows is held back, so all that is given out stays.
    """
    held = np.zeros(0, np.int16)
    begun = False
    for sound in sounds:
        held = np.concatenate([held, sound])
        if not begun and len(held) >= fade:
            held[:fade] = _scaled(held[:fade], np.linspace(0.0, 1.0, fade))
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
        held[-end:] = _scaled(held[-end:], np.linspace(1.0, 0.0, end))
        yield held


def _scaled(samples: Samples, by: npt.NDArray[np.float64]) -> Samples:
    return np.rint(samples * by).astype(np.int16)
