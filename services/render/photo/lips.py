"""The lips of a portrait: their edges by column of pixels, measured in the mesh and made exact in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.photo.crop import SIDE
from services.render.photo.decoding import Pixels
from services.render.photo.displacement import eye_distance
from services.render.photo.face_detector import MOUTH_LEFT, MOUTH_RIGHT, DetectedFace

Plane: TypeAlias = NDArray[np.float32]
Line: TypeAlias = NDArray[np.float32]
"""A row for each column of pixels."""
_Lines: TypeAlias = tuple[Line, Line, Line, Line]
"""Outer and inner edge of the upper lip, inner and outer edge of the lower one, from the mesh."""

UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""Inner edges of the lips, from left to right."""
_OUTER_UPPER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
_OUTER_LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
CHIN, _NOSE_BASE = 152, 2

_CLOSED_GAP = 0.03
"""Gap up to which the lips of a portrait count as closed, in distances between the eyes; parted from twice that on."""
_SEARCH = 0.045
"""How far an edge is searched around its place in the mesh, in distances between the eyes."""


LUMA = np.array((0.299, 0.587, 0.114), np.float32)
_GREY = 0.08
"""Saturation up to which a lip is one of a grey photo."""
_STEPS = 65
"""Places in each column at which the end of a lip is looked for."""


def smooth(value: NDArray[np.floating]) -> Plane:
    """`services.render.easing.smoothstep` from 0 to 1, of each value."""
    x = np.clip(value, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), np.float32)


@dataclass(frozen=True)
class Lips:
    """Where the lips of a portrait are, in pixels; lines have a value for each column of the region."""

    unit: float
    """Distance between the eyes."""
    x: Line
    y: Plane
    """Rows of the region, [rows, 1]."""
    offset: Line
    """Columns in half widths of the mouth: -1 at its left corner, 1 at its right one."""
    outer_upper: Line
    upper: Line
    lower: Line
    outer_lower: Line
    parted: float
    """0 lips that touch in the portrait, to 1 lips with teeth or an open mouth between them."""
    philtrum: float
    """From the upper lip to the nose."""
    to_chin: float

    @property
    def region(self) -> tuple[slice, slice]:
        """Rows and columns that a moving mouth changes."""
        rows, columns = self.y[:, 0].astype(int), self.x.astype(int)
        return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)

    @property
    def gap(self) -> Line:
        return self.lower - self.upper

    @classmethod
    def of(cls, pixels: Pixels, face: DetectedFace) -> Lips:
        """The lips of a portrait."""
        mesh, unit = face.mesh, eye_distance(face)
        left, right = float(mesh[MOUTH_LEFT, 0]), float(mesh[MOUTH_RIGHT, 0])
        middle, half = (left + right) / 2.0, max((right - left) / 2.0, 1.0)
        reach = 1.6 * half + 0.3 * unit
        x = np.arange(_within(middle - reach), _within(middle + reach), dtype=np.float32)

        def by_column(points: tuple[int, ...]) -> Line:
            line = mesh[list(points), :2]
            return np.asarray(np.interp(x, np.maximum.accumulate(line[:, 0]), line[:, 1]), np.float32)

        outer_upper, outer_lower = by_column(_OUTER_UPPER), by_column(_OUTER_LOWER)
        upper, lower = by_column((MOUTH_LEFT, *UPPER, MOUTH_RIGHT)), by_column((MOUTH_LEFT, *LOWER, MOUTH_RIGHT))
        offset = np.asarray((x - middle) / half, np.float32)
        within = np.abs(offset) < 0.98
        mesh_lines = (outer_upper, upper, np.maximum(lower, upper), outer_lower)
        upper, lower, parted = _measured(pixels, x, offset, mesh_lines, unit)
        # A lip that the mesh did not find is as thick as one at least is.
        lens = np.maximum(1.0 - offset**2, 0.0)
        outer_lower = np.maximum(outer_lower, lower + parted * 0.08 * unit * lens)
        chin, nose = float(mesh[CHIN, 1]), float(mesh[_NOSE_BASE, 1])
        top = min(float(outer_upper.min()), nose)
        return cls(
            unit=unit, x=x,
            y=np.arange(_within(top - 0.1 * unit), _within(chin + unit), dtype=np.float32)[:, None],
            offset=offset,
            outer_upper=np.minimum(outer_upper, upper), upper=upper,
            lower=lower, outer_lower=np.maximum(outer_lower, lower), parted=parted,
            philtrum=max(float(outer_upper[within].min()) - nose, 0.14 * unit) if within.any() else 0.14 * unit,
            to_chin=max(chin - float(lower[len(x) // 2]), 0.3 * unit),
        )


def _measured(
    pixels: Pixels, x: Line, offset: Line, lines: _Lines, unit: float
) -> tuple[Line, Line, float]:
    """Both inner edges as the picture shows them, and how far the lips are parted, 0 to 1."""
    soft = cv2.GaussianBlur(pixels, (0, 0), 1.0).astype(np.float32)
    upper, lower = lines[1:3]
    ends = _parting(soft, x, offset, lines, unit)
    within = np.abs(offset) < 0.98
    top, bottom = np.where(within, ends[0], upper), np.where(within, ends[1], lower)
    # A shadow at one corner of the mouth does not part the lips.
    opened = float(np.median((bottom - top)[np.abs(offset) < 0.6])) / unit
    parted = float(smooth(np.asarray((opened - _CLOSED_GAP) / _CLOSED_GAP)))
    middle = np.asarray((upper + lower) / 2.0, np.float32)
    seam = np.where(within, _darkest(soft, x, offset, middle, _SEARCH * unit), upper)
    top, bottom = seam + (top - seam) * parted, seam + (bottom - seam) * parted
    return np.asarray(top, np.float32), np.asarray(np.maximum(bottom, top), np.float32), parted


def _parting(soft: NDArray[np.float32], x: Line, offset: Line, lines: _Lines, unit: float) -> tuple[Line, Line]:
    """The ends of both lips: what is lip lies on one side, and what is dark or like teeth on the other."""
    outer_upper, upper, lower, outer_lower = lines
    inside = _insideness(soft, x, offset, lines)
    height = np.maximum(outer_lower - outer_upper, 1.0)
    shares = np.linspace(0.0, 1.0, _STEPS, dtype=np.float32)[:, None]
    rows = outer_upper + shares * height
    found = _sampled(inside, x, rows) - 0.5
    # Neighbouring columns are looked at together: a lip may shine like a tooth in some of them.
    found = np.asarray(cv2.GaussianBlur(found, (0, 0), sigmaX=0.03 * (x[-1] - x[0]), sigmaY=0.01), np.float32)
    gap = lower - upper
    if _is_bright_blur(soft, x, offset, lines, found, rows, unit):
        found += np.float32(0.6) * ((rows > upper) & (rows < lower))
    before = np.cumsum(found, axis=0)
    # A tongue looks like a lip, so in a mouth that is wide open the edges are not looked for within.
    limit = gap * _inward_limit(soft, x, offset, lines, unit)
    ends = []
    for line, sign in ((upper, -1.0), (lower, 1.0)):
        # The sum of evidence for each end, in pixels, less what it costs to leave the mesh.
        away = sign * (rows - line)
        score = sign * before * height / _STEPS - np.where(away > 0.0, 0.006, 0.012) * away**2
        score[away < -limit - 0.51 * height / _STEPS] = -np.inf
        best = rows[score.argmax(axis=0), np.arange(len(x))]
        ends.append(_fitted(best - line, offset) + line)
    middle = (upper + lower) / 2.0
    top, bottom = np.minimum(ends[0], middle), np.maximum(ends[1], middle)
    return np.asarray(top, np.float32), np.asarray(bottom, np.float32)


def _inward_limit(soft: NDArray[np.float32], x: Line, offset: Line, lines: _Lines, unit: float) -> float:
    """How far within the gap of the mesh the edges may be, in shares of the gap."""
    outer_upper, upper, lower, outer_lower = lines
    wide = float((lower - upper).max()) / unit
    between = upper + (lower - upper) * np.linspace(0.2, 0.8, 5, dtype=np.float32)[:, None]
    lips = np.stack((upper + 0.5 * (outer_upper - upper), lower + 0.6 * (outer_lower - lower)))
    middle = np.abs(offset) < 0.6
    dark, light = (float(np.median(_sampled(soft @ LUMA, x, rows)[:, middle])) for rows in (between, lips))
    if wide > 0.15 and dark < 0.85 * light:
        return 0.0
    return 0.5 - 0.2 * float(smooth(np.asarray((wide - 0.09) / 0.04)))


def _is_bright_blur(
    soft: NDArray[np.float32], x: Line, offset: Line, lines: _Lines, found: NDArray[np.floating],
    rows: NDArray[np.floating], unit: float,
) -> bool:
    """Whether teeth cannot be told from lips by their colour, but are as bright as a gap in the mesh should not be."""
    outer_upper, upper, lower, outer_lower = lines
    middle = np.abs(offset) < 0.6
    between = (rows > upper) & (rows < lower) & middle
    if float((lower - upper).max()) < 0.05 * unit or not between.any() or float(found[between].mean()) > -0.2:
        return False
    light = _sampled(soft @ LUMA, x, rows)
    lips = ((rows > outer_upper) & (rows < upper) | (rows > lower) & (rows < outer_lower)) & middle
    return bool(np.median(light[between]) > 0.92 * np.median(light[lips]))


def _insideness(soft: NDArray[np.float32], x: Line, offset: Line, lines: _Lines) -> Plane:
    """How much each pixel looks like teeth or the dark of a mouth rather than like a lip, 0 to 1, [height, width]."""
    outer_upper, upper, lower, outer_lower = lines
    rows = np.concatenate([
        outer_upper + (upper - outer_upper) * np.linspace(0.3, 0.8, 3, dtype=np.float32)[:, None],
        lower + (outer_lower - lower) * np.linspace(0.5, 0.85, 4, dtype=np.float32)[:, None],
    ])  # fmt: skip
    middle = np.abs(offset) < 0.8
    lip = np.median(_sampled(soft, x, rows)[:, middle].reshape(-1, 3), axis=0)
    luma, saturation = np.asarray(soft @ LUMA, np.float32), _saturation(soft)
    light, colour = max(float(lip @ LUMA), 1.0), float(_saturation(lip))
    dark = smooth(((0.68 if colour > _GREY else 0.45) - luma / light) / 0.2)
    bright = smooth((luma / light - (0.8 if colour > _GREY else 1.15)) / 0.2)
    if colour > _GREY:
        bright = bright * smooth((0.8 - saturation / colour) / 0.2)
    return np.asarray(np.maximum(dark, bright), np.float32)


def _saturation(colours: NDArray[np.floating]) -> NDArray[np.float32]:
    high = colours.max(axis=-1)
    return np.asarray((high - colours.min(axis=-1)) / np.maximum(high, 1.0), np.float32)


def _sampled(image: NDArray[np.float32], x: Line, rows: NDArray[np.floating]) -> NDArray[np.float32]:
    """The image at these rows of each column."""
    columns = np.broadcast_to(x, rows.shape).astype(np.float32)
    return np.asarray(
        cv2.remap(image, columns, rows.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def _fitted(shifts: NDArray[np.floating], offset: Line) -> Line:
    """The even curve through the shifts of all columns of a mouth, without outliers; 0 at its corners."""
    inside = np.abs(offset) < 0.95
    lens = np.maximum(1.0 - offset**2, 0.0)
    basis = np.stack([lens, lens * offset, lens * offset**2, lens * offset**3], axis=1)
    wanted, weights = shifts[inside].astype(np.float64), np.ones(int(inside.sum()))
    fit = np.zeros(basis.shape[1])
    for _ in range(4):
        part = basis[inside] * weights[:, None]
        fit = np.linalg.solve(part.T @ basis[inside] + 0.05 * np.eye(len(fit)), part.T @ wanted)
        wrong = np.abs(wanted - basis[inside] @ fit)
        weights = 1.0 / np.maximum(wrong, 0.5)
    return np.asarray(basis @ fit, np.float32)


def _darkest(soft: NDArray[np.float32], x: Line, offset: Line, line: Line, reach: float) -> Line:
    """The dark line between lips that touch."""
    shifts = np.linspace(-1.0, 1.0, 17, dtype=np.float32)[:, None]
    found = -_sampled(soft @ LUMA, x, line + shifts * reach)
    spread = found.max(axis=0) - found.min(axis=0) + 1e-3
    best = shifts[(found / spread - 0.6 * shifts**2).argmax(axis=0), 0]
    return np.asarray(line + _fitted(best * reach, offset), np.float32)


def _within(position: float) -> int:
    return int(min(max(position, 0.0), SIDE))
