"""From viseme marks to the shape of the mouth at a point in time: coarticulation."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from bus.events import SPEECH_RATE, Viseme, VisemeMark
from services.render.easing import clamp, mix, ramp

SHAPES: Mapping[Viseme, Mapping[str, float]] = {
    "sil": {},
    "PP": {"press": 1.0},
    "FF": {"tuck": 1.0, "jaw": 0.1, "teeth": 0.8, "upper": 0.35},
    "TH": {"jaw": 0.24, "tongue": 1.0, "teeth": 0.5, "upper": 0.15},
    "DD": {"jaw": 0.24, "tongue": 0.55, "teeth": 0.6, "upper": 0.2, "width": 0.1},
    "kk": {"jaw": 0.3, "teeth": 0.35, "upper": 0.1},
    "CH": {"jaw": 0.2, "pucker": 0.55, "teeth": 0.8, "upper": 0.4, "width": -0.25},
    "SS": {"jaw": 0.1, "teeth": 1.0, "width": 0.35, "upper": 0.35},
    "nn": {"jaw": 0.2, "tongue": 0.6, "teeth": 0.4, "upper": 0.1},
    "RR": {"jaw": 0.24, "pucker": 0.45, "width": -0.2, "teeth": 0.3, "upper": 0.15},
    "aa": {"jaw": 0.85, "teeth": 0.35, "upper": 0.2, "width": 0.1},
    "E": {"jaw": 0.5, "width": 0.5, "teeth": 0.5, "upper": 0.2},
    "ih": {"jaw": 0.3, "width": 0.65, "teeth": 0.7, "upper": 0.25},
    "oh": {"jaw": 0.6, "pucker": 0.6, "width": -0.45},
    "ou": {"jaw": 0.28, "pucker": 1.0, "width": -0.75},
}
"""The mouth in the middle of each viseme, as fields of a Pose."""

CLOSING: Mapping[Viseme, str] = {"PP": "press", "FF": "tuck", "TH": "tongue"}
"""What must be seen of a viseme, however short it is."""

_MS = SPEECH_RATE // 1000
_FADE_BEFORE, _FADE_AFTER = 20 * _MS, 35 * _MS
_SEEN_BEFORE, _SEEN_AFTER, _SEEN_STEP = 30 * _MS, 10 * _MS, 10 * _MS
"""A frame shows the closures of the 40 ms around it, so that none falls between two frames."""
LOOK_AHEAD = _FADE_BEFORE + _SEEN_AFTER
"""Samples after a point in time that must be known to shape the mouth at it."""


def mouth(marks: Sequence[VisemeMark], sample: int) -> dict[str, float]:
    """Fields of a Pose at a sample, a cross-fade of the visemes around it.

    Args:
        marks: in order of their samples; before the first one there is silence.
    """
    shape: dict[str, float] = {}
    for mark, share in _shares(marks, sample):
        strength = share * mix(0.35, 1.0, clamp(mark.weight))
        for name, value in SHAPES[mark.viseme].items():
            shape[name] = shape.get(name, 0.0) + strength * value
    closed = _closures(marks, sample)
    for name, value in closed.items():
        shape[name] = max(shape.get(name, 0.0), value)
    shut = max(closed.get("press", 0.0), 0.85 * closed.get("tuck", 0.0))
    shape["jaw"] = shape.get("jaw", 0.0) * (1.0 - 0.9 * shut)
    return shape


def voiced(marks: Sequence[VisemeMark], sample: int) -> float:
    """How much of the mouth at a sample belongs to anything but silence, 0 to 1."""
    return sum(share for mark, share in _shares(marks, sample) if mark.viseme != "sil")


def _closures(marks: Sequence[VisemeMark], sample: int) -> dict[str, float]:
    closed: dict[str, float] = {}
    for near in range(sample - _SEEN_BEFORE, sample + _SEEN_AFTER + 1, _SEEN_STEP):
        for mark, share in _shares(marks, near):
            name = CLOSING.get(mark.viseme)
            if name is not None:
                # A short closure reaches less than its full share; it must still be seen.
                closed[name] = max(closed.get(name, 0.0), clamp(1.35 * share) * mix(0.7, 1.0, clamp(mark.weight)))
    return closed


def _shares(marks: Sequence[VisemeMark], sample: int) -> list[tuple[VisemeMark, float]]:
    """The marks that are heard around a sample and how much of the mouth each has; what is left of 1 is silence."""
    last = bisect_right(marks, sample + _FADE_BEFORE, key=lambda mark: mark.sample)
    shares: list[tuple[VisemeMark, float]] = []
    index = last - 1
    fading = 1.0
    while index >= 0 and fading > 0.0:
        mark = marks[index]
        risen = ramp(sample, mark.sample - _FADE_BEFORE, mark.sample + _FADE_AFTER)
        shares.append((mark, fading * risen))
        fading *= 1.0 - risen
        index -= 1
    return shares
