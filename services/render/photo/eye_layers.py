"""What lies behind and over an eye of a portrait, measured once: its outline, bare skin, the whole eyeball.

All arrays are of one region of the portrait; columns go from corner to corner of the eye, and a little beyond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.photo.crop import SIDE
from services.render.photo.decoding import Pixels
from services.render.photo.face_detector import DetectedFace

Contours: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
Plane: TypeAlias = NDArray[np.float32]
"""[rows, columns] of the region, [columns] for one value of each column, or either with three colours behind."""

LEFT: Contours = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133), (46, 53, 52, 65, 55),
)  # fmt: skip
RIGHT: Contours = (
    (362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263),
    (285, 295, 282, 283, 276),
)  # fmt: skip
"""Upper lid, lower lid and lower edge of the brow from left to right, of the left and the right eye in the image."""
_IRIS_RADIUS = 0.092
"""Radius of a person's iris, in distances between the eyes."""
_BEYOND_CORNERS = 0.2
"""How far the columns reach beyond the corners of the eye, in distances between the eyes."""
_ABOVE, _BELOW = 0.42, 0.30
"""How far the region reaches beyond the eye, in distances between the eyes."""
_LASHES_ABOVE, _LASHES_BELOW = 0.055, 0.03
"""How far lashes may extend from the edges of the lids, in distances between the eyes."""
_MAX_BEYOND = 0.9
"""How far an eye of a drawing may reach below its mesh, in heights of the eye."""
_DRAWN_WIDER = 0.8
"""How much wider than its mesh an eye of a drawing is, for each height that it reaches below it."""
_DRAWN_CONTRAST = 55.0
"""Minimum distance of the colours of an eye from the skin's at such an edge, on average of red, green and blue."""
_USUALLY_SHOWN, _MAX_RAISE = 0.75, 0.4
"""How much of the iris is seen above its centre, in radii; how far an edge rises for that, in heights of the eye."""
_MIN_LASHES, _MAX_LASHES = 0.02, 0.05
"""How far upper lashes, or paint, reach above the edge of the lid, in distances between the eyes."""
_BROW_REACH = 0.1
"""How far below its lower edge a brow may have hair, in distances between the eyes."""
_LASH_DARKNESS = 0.15
"""How much darker lashes are than skin, as a share."""
_SKIN_DARKNESS, _SOCKET_DARKNESS = 0.72, 0.6
"""Luminance below which pixels below and above an eye are hair or paint, as a share of the luminance below it."""
_COVER_DARKNESS = 0.45
"""Luminance below an eye, as a share of that of the cheek, below which it is no skin."""
_GRAY = np.array((0.299, 0.587, 0.114), np.float32)


@dataclass(frozen=True)
class EyeOutline:
    """Where an eye is, pixels of the portrait."""

    x: Plane
    """The columns."""
    upper: Plane
    lower: Plane
    """Edges of the lids in each column."""
    brow: Plane
    """Lower edge of the brow in each column."""
    iris: tuple[float, float, float]
    """x and y of its centre, and its radius."""

    @property
    def height(self) -> Plane:
        """Opening of the eye in each column."""
        return np.maximum(self.lower - self.upper, 0.0)


def eye_outline(pixels: Pixels, face: DetectedFace, contours: Contours, unit: float) -> EyeOutline:
    """The outline of an eye.

    Args:
        unit: distance between the eyes, pixels.
    """
    upper, lower, brow = (_left_to_right(face.mesh[list(line), :2]) for line in contours)
    beyond = _BEYOND_CORNERS * unit
    x0, x1 = (int(np.clip(x, 0, SIDE)) for x in (upper[0, 0] - beyond, upper[-1, 0] + beyond + 1.0))
    x = np.arange(x0, max(x1, x0 + 1), dtype=np.float32)
    top, bottom, to_brow = (np.interp(x, line[:, 0], line[:, 1]) for line in (upper, lower, brow))
    bottom = np.maximum(bottom, top)
    if (below := _beyond_mesh(pixels, x, bottom, bottom - top, unit)) > 0.0:
        # Eyes of drawings are larger than the mesh of any person.
        above = below * 0.8
        middle = float(upper[[0, -1], 0].mean())
        inner = middle + (x - middle) / (1.0 + _DRAWN_WIDER * below)
        height = bottom - top
        top, bottom = (np.interp(inner, x, line) for line in (top - above * height, bottom + below * height))
    smooth = max(round(0.04 * unit), 1)
    top, bottom = (blurred_line(line, smooth) for line in (top, bottom))
    iris = face.iris(contours[0][0])
    if iris is None:
        iris = _darkest_point(pixels, x, top, bottom, unit)
    else:
        top = _raised_over_iris(x, top, bottom, iris)
    return EyeOutline(x, top, bottom, np.asarray(np.minimum(to_brow, top - 0.05 * unit), np.float32), iris)


def is_covered(pixels: Pixels, face: DetectedFace, contours: Contours) -> bool:
    """Whether dark glasses, or something else that is much darker than the cheek, cover an eye."""
    eye = face.mesh[[*contours[0], *contours[1]], :2]
    low, high = eye.min(axis=0), eye.max(axis=0)
    cheek = face.mesh[205 if contours[0][0] == LEFT[0][0] else 425, :2]
    reach = (high[0] - low[0]) / 4.0
    around = _patch(pixels, (low[0], high[1] + 0.3 * reach), (high[0], high[1] + 1.5 * reach))
    beside = _patch(pixels, cheek - reach, cheek + reach)
    return bool(np.median(around) < _COVER_DARKNESS * np.median(beside))


def _patch(pixels: Pixels, low: Sequence[float], high: Sequence[float]) -> NDArray[np.float32]:
    """Luminance in a box, at least one pixel."""
    (x0, y0), (x1, y1) = (np.clip(np.round(corner).astype(int), 0, SIDE - 1) for corner in (low, high))
    return np.asarray(pixels[y0 : y1 + 1, x0 : x1 + 1].astype(np.float32) @ _GRAY, np.float32)


class EyeLayers:
    """The layers of one eye of one portrait.

    Args:
        unit: distance between the eyes, pixels.
    """

    def __init__(self, pixels: Pixels, outline: EyeOutline, unit: float) -> None:
        y0 = int(np.clip(outline.upper.min() - _ABOVE * unit, 0, SIDE - 1))
        y1 = int(np.clip(outline.lower.max() + _BELOW * unit, y0 + 1, SIDE))
        x0 = int(outline.x[0])
        self.region = (slice(y0, y1), slice(x0, x0 + len(outline.x)))
        """Rows and columns of the portrait."""
        self.y = np.arange(y0, y1, dtype=np.float32)[:, None]
        self._photo = pixels[self.region].astype(np.float32)
        self._outline, self._unit = outline, unit
        bare = self._bare_places()
        self.socket = self._socket_shade()
        """Luminance of the skin above the eye, as a share of that of the skin below it."""
        self.skin = self._skin(bare)
        """The region as if there were no eye."""
        self.eyeball = self._eyeball()
        """The region with the eyeball continued beneath the lids."""
        self.lash_height = self._lash_height()
        """How far the upper lashes, or paint, reach above the edge of the lid in each column."""
        self.brow = self._brow()
        """1 where there is hair of the brow, which lies over a falling lid; 0 elsewhere."""

    def _bare_places(self) -> Plane:
        """1 where the portrait shows skin, 0 where it shows the eye, lashes or hair."""
        outline, unit = self._outline, self._unit
        above = (self.y < outline.upper - _LASHES_ABOVE * unit) & (self.y > outline.brow + 0.03 * unit)
        below = self.y > outline.lower + _LASHES_BELOW * unit
        soft = cv2.GaussianBlur(self._photo, (0, 0), 1.0) @ _GRAY
        if not below.any():
            return np.zeros(soft.shape, np.float32)
        usual = float(np.median(soft[below]))
        # Sockets lie in the shade: skin above an eye may be a good deal darker than below it.
        least = usual * np.where(above, _SOCKET_DARKNESS, _SKIN_DARKNESS)
        return np.asarray((above | below) & (soft > least), np.float32)

    def _socket_shade(self) -> float:
        outline, unit = self._outline, self._unit
        above = (self.y < outline.upper - _LASHES_ABOVE * unit) & (self.y > outline.brow + 0.03 * unit)
        below = self.y > outline.lower + _LASHES_BELOW * unit
        if not above.any() or not below.any():
            return 1.0
        return float(np.median(self._photo[above]) / max(np.median(self._photo[below]), 1.0))

    def _skin(self, bare: Plane) -> Plane:
        """The bare skin continued smoothly over everything else, with the grain of the skin below the eye."""
        weight = np.full(bare.shape, 1e-6, np.float32)
        total = self._photo * weight[..., None]
        for scale, share in ((0.06, 1.0), (0.14, 1e-2), (0.4, 1e-4)):
            sigma = scale * self._unit
            weight += share * cv2.GaussianBlur(bare, (0, 0), sigma)
            total += share * cv2.GaussianBlur(self._photo * bare[..., None], (0, 0), sigma)
        smooth = total / weight[..., None]
        return np.asarray(smooth + self._grain(), np.float32)

    def _grain(self) -> Plane:
        """Pores and noise of the skin below the eye, mirrored at its lower lid."""
        detail = self._photo - cv2.GaussianBlur(self._photo, (0, 0), 1.5)
        rows = 2.0 * (self._outline.lower + _LASHES_BELOW * self._unit) - self.y
        rows = np.clip(np.abs(rows - self.y[0]) + self.y[0], self.y[0], self.y[-1]) - self.y[0]
        columns = np.broadcast_to(np.arange(len(self._outline.x), dtype=np.float32), rows.shape)
        grain = cv2.remap(detail, columns.copy(), rows.astype(np.float32), cv2.INTER_LINEAR)
        limit = 2.0 * float(np.median(np.abs(grain))) + 0.5
        return np.asarray(np.clip(grain, -limit, limit), np.float32)

    def _eyeball(self) -> Plane:
        """The eyeball; behind the lids each pixel is one as far from the iris's centre, so that it stays round."""
        outline = self._outline
        cx, cy, iris = outline.iris
        first, last = outline.upper + 1.5, outline.lower - 1.0
        first = np.minimum(first, (first + last) / 2.0)
        last = np.maximum(first, last)
        dx, dy = np.broadcast_arrays(outline.x - cx, self.y - cy)
        radius = np.hypot(dx, dy)
        moved = self._at_radius(np.clip(self.y, first, last), radius, first, last)
        # Highlights are in the upper half of an iris; what is continued beneath a lid is what its middle shows.
        low = self._at_radius(np.clip(np.full_like(radius, cy + 0.2 * iris), first, last), radius, first, last)
        hidden = (radius < iris) & (self.y < first)
        return np.where(hidden[..., None], np.minimum(moved, low), moved)

    def _at_radius(self, row: Plane, radius: Plane, first: Plane, last: Plane) -> Plane:
        """The photo in these rows, in the columns where it is as far from the centre of the iris as each pixel."""
        outline = self._outline
        cx, cy, _ = outline.iris
        dx = np.broadcast_to(outline.x - cx, row.shape)
        across = np.sqrt(np.maximum(radius**2 - (row - cy) ** 2, np.minimum(dx**2, radius**2)))
        column = np.clip(cx + np.where(dx < 0.0, -across, across), outline.x[0], outline.x[-1])
        row = np.clip(row, np.interp(column, outline.x, first), np.interp(column, outline.x, last))
        x, y = column - outline.x[0], row - self.y[0]
        return np.asarray(cv2.remap(self._photo, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR))

    def _brow(self) -> Plane:
        soft = cv2.GaussianBlur(self._photo, (0, 0), 0.7) @ _GRAY
        dark = np.clip((0.8 - soft / np.maximum(self.skin @ _GRAY, 1.0)) / 0.2, 0.0, 1.0)
        outline, unit = self._outline, self._unit
        end = np.minimum(outline.upper - self.lash_height, outline.brow + _BROW_REACH * unit)
        return np.asarray(dark * np.clip((end - self.y) / (0.04 * unit), 0.0, 1.0), np.float32)

    def _lash_height(self) -> Plane:
        outline, unit = self._outline, self._unit
        soft = cv2.GaussianBlur(self._photo, (0, 0), 1.0) @ _GRAY
        dark = 1.0 - soft / np.maximum(self.skin @ _GRAY, 1.0) > _LASH_DARKNESS
        near = (self.y <= outline.upper) & (self.y > outline.upper - _MAX_LASHES * unit)
        # Only the dark that begins at the edge: what is beyond the first gap is a crease.
        gap = np.where(near & ~dark, self.y, self.y[0]).max(axis=0)
        reach = np.clip(outline.upper - gap, _MIN_LASHES * unit, _MAX_LASHES * unit)
        return blurred_line(reach, max(round(0.3 * unit), 1))


def _beyond_mesh(pixels: Pixels, x: Plane, bottom: Plane, height: Plane, unit: float) -> float:
    """How far an eye reaches below its mesh, in heights of the eye: up to a sharp edge to the skin."""
    image, middle = cv2.GaussianBlur(pixels, (0, 0), 1.0).astype(np.float32), height > 0.5 * height.max()

    def colours(rows: NDArray[np.floating]) -> NDArray[np.float32]:
        places = x[middle][None], np.clip(rows[middle], 0, SIDE - 1).astype(np.float32)[None]
        return np.asarray(cv2.remap(image, *places, cv2.INTER_LINEAR)[0], np.float32)

    if not middle.any():
        return 0.0
    skin = np.median(colours(bottom + (1.0 + _MAX_BEYOND) * np.maximum(height, 0.1 * unit)), axis=0)
    shares = np.arange(0.05, _MAX_BEYOND + 0.1, 0.05)
    distance = [float(np.median(np.abs(colours(bottom + share * height) - skin).mean(axis=1))) for share in shares]
    for share, before, after in zip(shares[2:], distance, distance[2:], strict=False):
        if before > _DRAWN_CONTRAST and after < 0.5 * before:
            return float(share)
    return 0.0


def _raised_over_iris(x: Plane, top: Plane, bottom: Plane, iris: tuple[float, float, float]) -> Plane:
    """The upper edge where a lid that covers a usual part of the iris has it; the mesh's cuts into narrow eyes."""
    cx, cy, radius = iris
    height = np.maximum(bottom - top, 0.0)
    opening = float(height.max())
    usual = cy - _USUALLY_SHOWN * radius
    by = min(max(float(np.interp(cx, x, top)) - usual, 0.0), _MAX_RAISE * opening)
    return np.asarray(top - by * np.sqrt(height / max(opening, 1.0)), np.float32)


def _left_to_right(line: NDArray[np.float32]) -> NDArray[np.float32]:
    """The points of a line, none left of the one before."""
    ordered = line.copy()
    ordered[:, 0] = np.maximum.accumulate(line[:, 0])
    return ordered


def blurred_line(line: NDArray[np.floating], width: int) -> Plane:
    return np.asarray(cv2.blur(line.astype(np.float32)[None], (width, 1), borderType=cv2.BORDER_REPLICATE)[0])


def _darkest_point(
    pixels: Pixels, x: Plane, top: Plane, bottom: Plane, unit: float
) -> tuple[float, float, float]:
    """The iris as far as darkness tells, for a portrait whose mesh has none."""
    y0, y1 = int(max(top.min(), 0)), int(min(bottom.max() + 2, SIDE))
    y = np.arange(y0, max(y1, y0 + 1), dtype=np.float32)[:, None]
    part = pixels[y0 : y0 + len(y), int(x[0]) : int(x[0]) + len(x)].astype(np.float32) @ _GRAY
    inside = ((y > top) & (y < bottom))[: len(part)]
    if not inside.any():
        return float(x.mean()), float((top + bottom).mean() / 2.0), _IRIS_RADIUS * unit
    dark = np.where(inside, np.maximum(np.percentile(part[inside], 40) - part, 0.0), 0.0) + 1e-3 * inside
    middle = float((dark.sum(axis=0) * x).sum() / dark.sum())
    row = float(np.interp(middle, x, top) + np.interp(middle, x, bottom)) / 2.0
    return middle, row, _IRIS_RADIUS * unit
