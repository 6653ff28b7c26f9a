"""Coarticulation: the shape of the mouth at a point in time, blended from the visemes around it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from bus.events import SPEECH_RATE, Viseme, VisemeMark
from services.render.easing import clamp, lerp, smoothstep

MOUTH_SHAPES: Mapping[Viseme, Mapping[str, float]] = {
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
"""Shape of the mouth in the middle of each viseme, as fields of a Pose."""

CLOSURES: Mapping[Viseme, str] = {"PP": "press", "FF": "tuck", "TH": "tongue"}
"""The field that closes the mouth in a viseme, and must show however short the viseme is."""

_MS = SPEECH_RATE // 1000
_FADE_BEFORE, _FADE_AFTER = 20 * _MS, 35 * _MS
"""Samples before and after its mark in which a viseme fades in."""
_CLOSURE_BEFORE, _CLOSURE_AFTER, _CLOSURE_STEP = 30 * _MS, 10 * _MS, 10 * _MS
"""A frame shows the closures of the 40 ms around it, so that none falls between two frames."""
LOOK_AHEAD = _FADE_BEFORE + _CLOSURE_AFTER
"""Samples after a point in time that the shape of the mouth at it depends on."""


def mouth_shape(marks: Sequence[VisemeMark], sample: int) -> dict[str, float]:
    """The mouth at a sample, as fields of a Pose: a cross-fade of the visemes around it.

    Args:
        marks: in order of their samples; before the first one there is silence.
    """
    shape: dict[str, float] = {}
    for mark, share in _viseme_shares(marks, sample):
        strength = share * lerp(0.35, 1.0, clamp(mark.weight))
        for name, value in MOUTH_SHAPES[mark.viseme].items():
            shape[name] = shape.get(name, 0.0) + strength * value
    closed = _closures(marks, sample)
    for name, value in closed.items():
        shape[name] = max(shape.get(name, 0.0), value)
    shut = max(closed.get("press", 0.0), 0.85 * closed.get("tuck", 0.0))
    shape["jaw"] = shape.get("jaw", 0.0) * (1.0 - 0.9 * shut)
    return shape


def speaking_weight(marks: Sequence[VisemeMark], sample: int) -> float:
    """Share of all visemes but silence in the mouth at a sample, 0 to 1."""
    return sum(share for mark, share in _viseme_shares(marks, sample) if mark.viseme != "sil")


def _closures(marks: Sequence[VisemeMark], sample: int) -> dict[str, float]:
    """The strongest closures around a sample, as fields of a Pose."""
    closed: dict[str, float] = {}
    for near in range(sample - _CLOSURE_BEFORE, sample + _CLOSURE_AFTER + 1, _CLOSURE_STEP):
        for mark, share in _viseme_shares(marks, near):
            name = CLOSURES.get(mark.viseme)
            if name is not None:
                # A short closure does not reach its full share, so it is amplified.
                closed[name] = max(closed.get(name, 0.0), clamp(1.35 * share) * lerp(0.7, 1.0, clamp(mark.weight)))
    return closed


def _viseme_shares(marks: Sequence[VisemeMark], sample: int) -> list[tuple[VisemeMark, float]]:
    """The marks around a sample and the share of each in the mouth; the rest of 1 is silence."""
    last = bisect_right(marks, sample + _FADE_BEFORE, key=lambda mark: mark.sample)
    shares: list[tuple[VisemeMark, float]] = []
    index = last - 1
    remaining = 1.0
    while index >= 0 and remaining > 0.0:
        mark = marks[index]
        fade_in = smoothstep(sample, mark.sample - _FADE_BEFORE, mark.sample + _FADE_AFTER)
        shares.append((mark, remaining * fade_in))
        remaining *= 1.0 - fade_in
        index -= 1
    return shares
