"""The mouth of a portrait: moves lips, chin and the skin around them, and shows the inside between the lips."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.easing import clamp
from services.render.photo.decoding import Pixels
from services.render.photo.displacement import MOUTH, DisplacementFields, weight
from services.render.photo.face_detector import DetectedFace
from services.render.photo.lips import Line, Lips, Plane, smooth
from services.render.photo.mouth_inside import MouthInside, Opening
from services.render.pose import Pose

JAW_FALL, MAX_JAW_FALL = 0.2, 0.23
"""How far the lower lip falls with the jaw open, and at the most, in distances between the eyes: 13 and 14.5 mm."""
_UPPER_SHARE = 0.42
"""Share of the gap between parted lips that the upper lip closes."""
_THICKER = 0.24
"""How much thicker each lip gets when it closes, in shares of that gap: a smile has drawn it thin."""
_RELAXED, _RELAXED_AT = 0.75, 0.6
"""Share of its gap by which a mouth that is open in the portrait closes between vowels, and the jaw from which not."""
_ROUND_OPEN = 0.5
"""Share by which rounded lips close less in a mouth that is half open."""
_EDGE = 1.4
"""Pixels over which the edges of the lips are antialiased."""


@dataclass(frozen=True)
class _Shape:
    """Edges of the lips in a pose, by column, and how far the jaw has fallen; pixels."""

    outer_upper: Line
    upper: Line
    lower: Line
    outer_lower: Line
    fall: float
    moved: float
    """0 for lips as in the portrait, to 1."""
    closed: float
    """How far parted lips are closed, 0 to 1."""


class Mouth:
    """The mouth of one portrait, with the chin."""

    def __init__(self, pixels: Pixels, face: DetectedFace, fields: DisplacementFields) -> None:
        self._lips = lips = Lips.of(pixels, face)
        self.region = lips.region
        self._between = slice(*np.searchsorted(lips.offset, (-1.05, 1.05)))
        """Columns of the region that the inside can be seen in."""
        self._inside = MouthInside(pixels, face, lips.columns(self._between))
        self._later = fields.along(MOUTH, lips.x, np.asarray((lips.upper + lips.lower) / 2.0, np.float32))

    def draw(self, pixels: Pixels, pose: Pose) -> None:
        """Draw the mouth in a pose into the portrait's pixels, in place."""
        relaxed = pose.speaking * self._lips.parted
        controls = (pose.jaw, pose.press, pose.tuck, pose.pucker, pose.teeth, abs(pose.upper), relaxed)
        if max(controls) < 0.01:
            return
        shape = self._shape(pose)
        part = pixels[self.region]
        source = self._source(shape)
        columns = np.broadcast_to(self._lips.x, source.shape).astype(np.float32)
        moved = cv2.remap(pixels, columns, source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        part[:] = moved
        self._draw_inside(part, pose, shape)
        self._draw_seam(part, shape)

    def _shape(self, pose: Pose) -> _Shape:
        lips, unit = self._lips, self._lips.unit
        jaw, press, tuck = max(pose.jaw, 0.0), clamp(pose.press), clamp(pose.tuck)
        pucker, teeth, upper = clamp(pose.pucker), clamp(pose.teeth), clamp(pose.upper, -0.5, 1.2)
        gap, apart, parted = lips.gap, 1.0 - press, lips.parted
        half_open = clamp(jaw / _RELAXED_AT)
        relaxed = _RELAXED * clamp(pose.speaking) * (1.0 - half_open)
        lens = np.maximum(1.0 - (lips.offset / 0.88) ** 2, 0.0)
        opening = np.maximum(1.0 - (lips.offset / (0.97 - 0.48 * pucker)) ** 2, 0.0) ** (0.75 - 0.27 * pucker)
        # An open mouth opens further as it is shaped, so that its corners remain where they are.
        even = cv2.GaussianBlur(gap[None], (0, 0), 0.06 * unit)[0]
        own = np.minimum(even, np.interp(-lips.offset, lips.offset, even))
        own = (own / max(float(own.max()), 1.0)) ** 0.75
        opening = opening + parted * (np.minimum(opening, own) - opening)
        # A mouth that is open in the portrait has less far to go.
        room = 0.3 / (0.3 + float(gap.max()) / unit)
        fall = unit * room * min(JAW_FALL * jaw, MAX_JAW_FALL)
        rounded = unit * min(4.0 * jaw, 1.0) * pucker
        closed = 1.0 - (1.0 - press) * (1.0 - 0.9 * pucker * (1.0 - _ROUND_OPEN * half_open)) * (1.0 - relaxed)
        shown = teeth * (1.0 - 0.7 * parted)
        rise = unit * apart * (0.02 * jaw * opening + lens * (0.035 * upper + 0.03 * shown))
        covering = 0.012 * rounded * opening * apart
        # Lips that are pushed forward hide the upper teeth.
        width = max(float(gap.max()), 1.0)
        share = min(_UPPER_SHARE + 0.3 * pucker * apart, (0.07 + 0.03 * pucker) * unit / width)
        # A mouth that is wide open closes by its jaw.
        raised = closed * max((1.0 - share) * width - 0.1 * unit, 0.0)
        top = lips.upper + closed * share * gap - rise + covering
        lower_drop = (fall + 0.07 * rounded + 0.02 * unit * clamp(pose.tongue) * min(4.0 * jaw, 1.0)) * opening
        drop = apart * (1.0 - 0.9 * tuck) * (lower_drop + unit * 0.022 * shown * lens)
        bottom = lips.lower - closed * (1.0 - share) * gap + drop - 0.02 * unit * tuck * lens
        bottom = np.maximum(bottom, top)
        thicker, squeezed = closed * _THICKER * gap, 0.2 * press * (1.0 - parted)
        upper_height = (lips.upper - lips.outer_upper) * (1.0 - squeezed + 0.12 * pucker) + thicker
        lower_height = (lips.outer_lower - lips.lower) * (1.0 - squeezed - 0.4 * tuck + 0.12 * pucker) + thicker
        upper_height = upper_height + 0.025 * unit * max(upper, 0.0) * lens * apart
        steps = float(np.abs(top - lips.upper).max()), float((bottom - lips.lower).max())
        moved = max(closed * parted, max(steps) / 2.0)
        # The outside of a lip moves in a broader curve than its inside.
        outer_upper = np.minimum(0.5 * (top + self._broad(top - lips.upper) + lips.upper) - upper_height, top)
        outer_lower = np.maximum(0.5 * (bottom + self._broad(bottom - lips.lower) + lips.lower) + lower_height, bottom)
        return _Shape(
            np.asarray(outer_upper, np.float32), np.asarray(top, np.float32), np.asarray(bottom, np.float32),
            np.asarray(outer_lower, np.float32), fall - raised, min(moved, 1.0), closed,
        )

    def _broad(self, shift: NDArray[np.floating]) -> Line:
        """A shift of columns, spread over the neighbouring ones."""
        blurred = cv2.GaussianBlur(shift.astype(np.float32)[None], (0, 0), 0.11 * self._lips.unit)[0]
        return np.asarray(blurred, np.float32)

    def _source(self, shape: _Shape) -> Plane:
        """The rows of the portrait that the rows of the region show, [rows, columns]."""
        lips, y = self._lips, self._lips.y
        # The edge itself is left out: its pixels are half tooth, half lip.
        margin = shape.moved * lips.parted * 0.022 * lips.unit
        upper_edge = lips.upper - np.minimum(margin, 0.3 * (lips.upper - lips.outer_upper))
        lower_edge = lips.lower + np.minimum(1.4 * margin, 0.35 * (lips.outer_lower - lips.lower))
        lifted, sunk = shape.outer_upper - lips.outer_upper, shape.outer_lower - lips.outer_lower
        first, source = float(y[0, 0]), np.empty((len(y), len(lips.x)), np.float32)
        # Most rows are only skin above the lips, or only chin below them.
        end = int(np.clip(shape.outer_lower.max() - first + 2.0, 1, len(y)))
        start = int(np.clip(shape.outer_lower.min() - first, 0, end))
        head = y[:end]
        above = shape.outer_upper - head
        upper_lip = _between(head, shape.outer_upper, shape.upper, lips.outer_upper, upper_edge)
        lower_lip = _between(head, shape.lower, shape.outer_lower, lower_edge, lips.outer_lower)
        skin = head - lifted * (1.0 - smooth(above / lips.philtrum))
        source[:end] = np.where(above < 0.0, upper_lip, skin)
        source[:end] = np.where(head > (shape.upper + shape.lower) / 2.0, lower_lip, source[:end])
        chin = y[start:]
        below = chin - shape.outer_lower
        moved = chin - self._chin(shape.fall, below / np.float32(lips.unit), sunk)
        source[start:end] = np.where(below[: end - start] > 0.0, moved[: end - start], source[start:end])
        source[end:] = moved[end - start :]
        return source

    def _chin(self, fall: float, depth: Plane, sunk: Line) -> Plane:
        """How far pixels at a depth below the lower lip move down; the jaw is broader than the mouth."""
        broad, near = smooth(depth / 0.55), smooth(depth / 0.2)
        side = np.maximum(1.0 - (self._lips.offset / (1.0 + 0.9 * broad)) ** 2, 0.0)
        side *= np.sqrt(side)
        fade = 1.0 - smooth((depth - 0.75 * self._lips.to_chin / self._lips.unit) / 0.75)
        sunk = sunk + (self._broad(sunk) - sunk) * near
        return np.asarray((sunk * (1.0 - broad) + 0.85 * fall * side * broad) * fade, np.float32)

    def _draw_inside(self, part: Pixels, pose: Pose, shape: _Shape) -> None:
        lips, across = self._lips, self._between
        upper, lower = shape.upper[across], shape.lower[across]
        open_by = lower - upper
        if float(open_by.max()) < 0.3:
            return
        first = float(lips.y[0, 0])
        band = slice(max(int(upper.min() - first) - 1, 0), max(int(lower.max() - first) + 3, 0))
        y = lips.y[band]
        seen = np.clip((y - upper) / _EDGE + 0.5, 0.0, 1.0) * np.clip((lower - y) / _EDGE + 0.5, 0.0, 1.0)
        seen *= np.clip(open_by / _EDGE, 0.0, 1.0)
        weights = np.array([weight(pose, name) for name in MOUTH], np.float32)
        x, sink = np.tensordot(weights, self._later[..., across], 1)
        opening = Opening(y, upper, lower, np.asarray(lips.x[across] + x, np.float32), sink)
        painted = self._inside.paint(pose, opening)
        shown = part[band, across]
        shown[:] = (shown + (painted - shown) * seen[..., None] + 0.5).astype(np.uint8)

    def _draw_seam(self, part: Pixels, shape: _Shape) -> None:
        """The shadow between lips that touch in the pose and not in the portrait."""
        lips = self._lips
        touching = np.clip(1.0 - (shape.lower - shape.upper) / (0.02 * lips.unit), 0.0, 1.0) * lips.parted
        touching *= np.clip(lips.gap / (0.08 * lips.unit), 0.0, 1.0) * shape.closed
        if float(touching.max()) < 0.02:
            return
        line = (shape.upper + shape.lower) / 2.0
        rows = slice(max(int(line.min() - lips.y[0, 0]) - 5, 0), int(line.max() - lips.y[0, 0]) + 6)
        near = lips.y[rows] - line
        width = 0.009 * lips.unit
        dark = 0.4 * np.exp(-((near / width) ** 2)) + 0.16 * np.exp(-((near / (3.0 * width)) ** 2))
        part[rows] = (part[rows] * (1.0 - dark * touching)[..., None] + 0.5).astype(np.uint8)


def _between(
    y: Plane, top: Line, bottom: Line, source_top: NDArray[np.floating], source_bottom: NDArray[np.floating]
) -> Plane:
    """Rows from `top` to `bottom` as rows of the portrait from `source_top` to `source_bottom`."""
    share = (y - top) / np.maximum(bottom - top, 0.5)
    return np.asarray(source_top + share * (source_bottom - source_top), np.float32)
