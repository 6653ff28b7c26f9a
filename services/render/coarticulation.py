"""Coarticulation: the shape of the mouth at a point in time, blended from the visemes around it.

Each field follows its targets as a low-pass filter does, so its speed is bounded: no articulator crosses its whole
range in less than 80 ms. Closures are ramps of two frames that reach their end in at least one frame each.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence

from bus.events import FRAMES_PER_SECOND, SPEECH_RATE, Viseme, VisemeMark
from services.render.easing import clamp, lerp, smoothstep

MOUTH_SHAPES: Mapping[Viseme, Mapping[str, float]] = {
    "sil": {},
    "PP": {"press": 1.0, "jaw": 0.18},
    "FF": {"tuck": 1.0, "jaw": 0.14, "teeth": 0.9, "upper": 0.35},
    "TH": {"jaw": 0.28, "tongue": 1.0, "teeth": 0.55, "upper": 0.15},
    "DD": {"jaw": 0.26, "tongue": 0.7, "teeth": 0.65, "upper": 0.2, "width": 0.1},
    "kk": {"jaw": 0.34, "teeth": 0.35, "upper": 0.1},
    "CH": {"jaw": 0.2, "pucker": 0.6, "teeth": 0.95, "upper": 0.45, "width": -0.25},
    "SS": {"jaw": 0.12, "teeth": 1.0, "width": 0.35, "upper": 0.4},
    "nn": {"jaw": 0.24, "tongue": 0.8, "teeth": 0.4, "upper": 0.1},
    "RR": {"jaw": 0.26, "pucker": 0.45, "width": -0.2, "teeth": 0.3, "upper": 0.15, "tongue": 0.25},
    "aa": {"jaw": 0.95, "teeth": 0.35, "upper": 0.2, "width": 0.1},
    "E": {"jaw": 0.58, "width": 0.5, "teeth": 0.6, "upper": 0.25},
    "ih": {"jaw": 0.34, "width": 0.7, "teeth": 0.8, "upper": 0.3},
    "oh": {"jaw": 0.68, "pucker": 0.65, "width": -0.45},
    "ou": {"jaw": 0.32, "pucker": 1.0, "width": -0.75},
}
"""Shape of the mouth in the middle of each viseme, as fields of a Pose."""

CLOSURES: Mapping[Viseme, str] = {"PP": "press", "FF": "tuck", "TH": "tongue"}
"""The field that closes the mouth in a viseme, and must show however short the viseme is."""
ROUNDING = frozenset({"pucker", "width"})
"""Fields of the lips that consonants without a shape of their own take from the vowels around them."""
_JAW = frozenset({"jaw"})
_INSIDE = frozenset({"teeth", "upper", "tongue"})

FRAME = SPEECH_RATE // FRAMES_PER_SECOND
"""Samples."""
MOST = 0.5
"""Largest step of a frame, as a share of the range: the whole range takes 80 ms."""
_MS = SPEECH_RATE // 1000
_BEFORE, _AFTER = 52 * _MS, 68 * _MS
"""Samples before and after its mark in which a viseme fades in. The steepest step of this fade is 1 in 80 ms."""
_ANTICIPATION = 70 * _MS
"""Samples by which lips round before a vowel, while consonants let them."""
_SHUT_AFTER, _SHUT_UNTIL = 10 * _MS, 45 * _MS
"""A closure is whole from so long after its mark to so long before the next one, and for a frame in any case."""
LOOK_AHEAD = 2 * FRAME + max(_BEFORE, _SHUT_UNTIL)
"""Samples after a frame that the mouth in it depends on: its own and the two next frames bound its speed."""

_NO_SHAPE_OF_LIPS: frozenset[Viseme] = frozenset({"PP", "FF", "TH", "DD", "kk", "nn"})


class VisemeTrack:
    """The visemes of a speech in the order of their samples; before the first one there is silence."""

    def __init__(self) -> None:
        self.marks: list[VisemeMark] = []
        self._lips: list[VisemeMark] = []
        """The visemes that shape the lips, from where they begin to do so."""
        self._lips_held = 0
        """Sample until which the last of them holds the lips for itself."""

    def add(self, mark: VisemeMark) -> None:
        """Append a viseme; marks must come in order."""
        if self.marks and self.marks[-1].viseme not in _NO_SHAPE_OF_LIPS:
            self._lips_held = mark.sample
        self.marks.append(mark)
        if mark.viseme not in _NO_SHAPE_OF_LIPS:
            begins = min(mark.sample, max(mark.sample - _ANTICIPATION, self._lips_held))
            self._lips.append(VisemeMark(begins, mark.viseme, mark.weight))

    def jaw(self, sample: int) -> float:
        """How far the visemes open the jaw at a sample."""
        return self._blended(self.marks, sample, _JAW).get("jaw", 0.0)

    def lips(self, sample: int) -> dict[str, float]:
        """Lips, teeth and tongue at a sample, without closures, as fields of a Pose."""
        return self._blended(self.marks, sample, _INSIDE) | self._blended(self._lips, sample, ROUNDING)

    @staticmethod
    def _blended(marks: Sequence[VisemeMark], sample: int, fields: Collection[str]) -> dict[str, float]:
        shape: dict[str, float] = {}
        for mark, share in viseme_shares(marks, sample):
            weight = share * lerp(0.35, 1.0, clamp(mark.weight))
            for name, value in MOUTH_SHAPES[mark.viseme].items():
                if name in fields and name != CLOSURES.get(mark.viseme):
                    shape[name] = shape.get(name, 0.0) + weight * value
        return shape

    def closures(self, sample: int) -> dict[str, float]:
        """What shuts the mouth in the frame at a sample, as fields of a Pose: whole or not at all.

        Frames are 40 ms apart, so each closure is whole in at least one.
        """
        last = bisect_right(self.marks, sample - _SHUT_AFTER, key=lambda mark: mark.sample) - 1
        closed: dict[str, float] = {}
        for index in range(last, -1, -1):
            mark = self.marks[index]
            within = sample < mark.sample + _SHUT_AFTER + FRAME
            if within or (index == last and not self._ends(index, sample + _SHUT_UNTIL)):
                if (name := CLOSURES.get(mark.viseme)) is not None:
                    # However softly a p, b or m is spoken, the lips meet.
                    level = 1.0 if name == "press" else lerp(0.7, 1.0, clamp(mark.weight))
                    closed[name] = max(closed.get(name, 0.0), level)
            elif not within:
                break
        return closed

    def _ends(self, index: int, sample: int) -> bool:
        """Whether the next viseme has begun by a sample."""
        return index + 1 < len(self.marks) and self.marks[index + 1].sample <= sample

    def speaking(self, sample: int) -> float:
        """Share of all visemes but silence in the mouth at a sample, 0 to 1."""
        return sum(share for mark, share in viseme_shares(self.marks, sample) if mark.viseme != "sil")


def viseme_shares(marks: Sequence[VisemeMark], sample: int) -> list[tuple[VisemeMark, float]]:
    """The marks around a sample and the share of each in the mouth; the rest of 1 is silence."""
    shares: list[tuple[VisemeMark, float]] = []
    following = 0.0
    for index in range(bisect_right(marks, sample + _BEFORE, key=lambda mark: mark.sample) - 1, -1, -1):
        mark = marks[index]
        reached = smoothstep(sample, mark.sample - _BEFORE, mark.sample + _AFTER)
        shares.append((mark, reached - following))
        if reached >= 1.0:
            break
        following = reached
    return shares


def shut(press: float, tuck: float) -> float:
    """Share of the opening that closed lips, or a lip under the teeth, take away."""
    return max(clamp(press), 0.85 * clamp(tuck))


def ramped(before: float, now: float, after: float) -> float:
    """A closure in a frame, of whether it is whole in the frame before, in it and in the one after it."""
    return max(now, before - MOST, after - MOST)


def limited(before: float, now: float, after: float) -> float:
    """An opening in a frame that no neighbour can be too far below: it closes earlier and opens later for that."""
    return min(now, before + MOST, after + MOST)
