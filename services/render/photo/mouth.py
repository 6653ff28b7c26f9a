"""The mouth of a portrait: moves lips and chin, and paints the inside of the mouth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.photo.crop import SIDE
from services.render.photo.decoding import Pixels
from services.render.photo.displacement import eye_distance
from services.render.photo.face_detector import MOUTH_LEFT, MOUTH_RIGHT, DetectedFace
from services.render.pose import Pose

UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""Inner edges of the lips, from left to right."""
_CHIN = 152

_LOWER_DROP, _UPPER_RISE = 0.36, 0.05
"""How far the lower lip drops and the upper one rises with the jaw open, in distances between the eyes."""
_CLOSED_GAP = 0.035
"""Gap up to which the lips of a portrait count as closed, in distances between the eyes; parted from twice that on."""
_UPPER_SHARE = 0.4
"""Share of the gap that the upper lip moves when parted lips close."""
_THROAT, _TEETH, _TONGUE = (38.0, 14.0, 18.0), (228.0, 221.0, 212.0), (150.0, 72.0, 76.0)
_TOOTH_LENGTH, _MIN_TEETH = 0.115, 0.35
"""Length of the teeth in distances between the eyes, and the minimum share of it that an open mouth shows."""
_EDGE_WIDTH = 1.6
"""Pixels over which the edges of the lips are antialiased."""

Plane = NDArray[np.float32]


def _smoothstep_array(value: NDArray[np.float32]) -> Plane:
    """`services.render.easing.smoothstep` from 0 to 1, of each value."""
    x = np.clip(value, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), np.float32)


class Mouth:
    """The mouth of one portrait, with the chin."""

    def __init__(self, face: DetectedFace) -> None:
        mesh = face.mesh
        self._unit = unit = eye_distance(face)
        left, right = float(mesh[MOUTH_LEFT, 0]), float(mesh[MOUTH_RIGHT, 0])
        middle, half = (left + right) / 2.0, (right - left) / 2.0
        upper, lower = mesh[list(UPPER), :2], mesh[list(LOWER), :2]
        # Between parted lips the portrait shows the upper teeth, which do not move.
        gap = float((lower - upper)[:, 1].max()) / unit
        self._parted = float(_smoothstep_array(np.asarray((gap - _CLOSED_GAP) / _CLOSED_GAP, np.float32)))
        seam = (upper + lower) / 2.0 + self._parted * (lower - upper) / 2.0
        x0, x1 = _clamp_to_side(middle - 1.6 * half - 0.3 * unit), _clamp_to_side(middle + 1.6 * half + 0.3 * unit)
        y0 = _clamp_to_side(float(seam[:, 1].min()) - 0.35 * unit)
        self.region = (slice(y0, _clamp_to_side(float(mesh[_CHIN, 1]) + 1.0 * unit)), slice(x0, x1))
        """Rows and columns that a moving jaw changes."""
        self._x = np.arange(x0, x1, dtype=np.float32)
        self._y = np.arange(y0, self.region[0].stop, dtype=np.float32)[:, None]
        self._seam = self._by_column(seam)
        self._upper, self._lower = self._by_column(upper), np.maximum(self._by_column(lower), self._by_column(upper))
        across = (self._x - middle) / (0.94 * half)
        self._lens = np.maximum(1.0 - across**2, 0.0) ** 0.75
        """How far the lips part in each column: 0 at the corners of the mouth, 1 in its middle."""
        self._offset = (self._x - middle) / half
        self._to_chin = (float(mesh[_CHIN, 1]) - float(seam[5, 1])) / unit

    def _by_column(self, line: NDArray[np.float32]) -> Plane:
        return np.asarray(np.interp(self._x, line[:, 0], line[:, 1]), np.float32)

    def draw(self, pixels: Pixels, pose: Pose) -> None:
        """Draw the mouth in a pose into the portrait's pixels, in place."""
        raised = self._close(pixels, min(max(pose.press, 0.0), 1.0) * self._parted)
        unit, jaw = self._unit, max(pose.jaw, 0.0)
        if jaw * _LOWER_DROP * unit < 0.5:
            return
        fall, rise = jaw * _LOWER_DROP * unit * self._lens, jaw * _UPPER_RISE * unit * self._lens
        seam = self._seam - raised
        top, bottom = seam - rise, seam + fall  # edges of the lips, by column
        below, above = self._y - bottom, top - self._y  # pixels beyond them
        source = self._y - np.where(below > 0.0, self._chin(jaw, below / unit, fall), 0.0)
        source += np.where(above > 0.0, rise * (1.0 - _smoothstep_array(above / (0.3 * unit))), 0.0)
        part = pixels[self.region]
        columns = np.broadcast_to(self._x, source.shape).astype(np.float32)
        moved = cv2.remap(pixels, columns, source.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        inside = np.clip(-below / _EDGE_WIDTH, 0.0, 1.0) * np.clip(-above / _EDGE_WIDTH, 0.0, 1.0)
        rows = np.flatnonzero(inside.any(axis=1))
        part[:] = moved
        if len(rows):
            band = slice(rows[0], rows[-1] + 1)
            opaque = inside[band, :, None]
            painted = self._inside(pose, self._y[band], top, bottom)
            part[band] = (part[band] * (1.0 - opaque) + painted * opaque).astype(np.uint8)

    def _close(self, pixels: Pixels, amount: float) -> Plane:
        """Close lips that are parted in the portrait; returns how far the lower one was raised, by column."""
        # Closed a little beyond their edges, so that no tooth remains visible.
        margin = amount * _EDGE_WIDTH * self._lens
        upper, lower = self._upper - margin, self._lower + margin
        gap = amount * (lower - upper)
        sunk, raised = _UPPER_SHARE * gap, (1.0 - _UPPER_SHARE) * gap
        if float(gap.max()) < 0.5:
            return np.zeros_like(raised)
        top, bottom = upper + sunk, lower - raised
        below, above = (self._y - bottom) / self._unit, (top - self._y) / self._unit
        source = upper + (self._y - top) * (lower - upper) / np.maximum(bottom - top, 0.01)
        source = np.where(below >= 0.0, self._y + raised * (1.0 - _smoothstep_array(below / 0.6)), source)
        source = np.where(above >= 0.0, self._y - sunk * (1.0 - _smoothstep_array(above / 0.3)), source)
        columns = np.broadcast_to(self._x, source.shape).astype(np.float32)
        pixels[self.region] = cv2.remap(
            pixels, columns, source.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(raised, np.float32)

    def _chin(self, jaw: float, depth: Plane, fall: NDArray[np.float32]) -> Plane:
        """How far pixels at a depth below the lower lip move down; the jaw is broader than the mouth."""
        broad = _smoothstep_array(depth / 0.55)
        side = np.maximum(1.0 - (self._offset / (1.0 + 0.9 * broad)) ** 2, 0.0) ** 1.3
        fade = 1.0 - _smoothstep_array((depth - 0.75 * self._to_chin) / 0.75)
        whole = 0.85 * jaw * _LOWER_DROP * self._unit * side
        return np.asarray((fall * (1.0 - broad) + whole * broad) * fade, np.float32)

    def _inside(self, pose: Pose, y: Plane, top: NDArray[np.float32], bottom: NDArray[np.float32]) -> Plane:
        """Throat, tongue and upper teeth, [rows, columns, 3]."""
        gap = np.maximum(bottom - top, 1.0)
        deep = np.clip((y - top) / gap, 0.0, 1.0)
        light = (0.6 + 0.4 * self._lens)[None, :, None]
        painted = np.asarray(_THROAT, np.float32) * light
        raised = 0.35 * min(max(pose.tongue, 0.0), 1.0)
        tongue = _smoothstep_array((deep - 0.72 + raised) / 0.25)[..., None]
        painted = painted + (np.asarray(_TONGUE, np.float32) * light - painted) * 0.8 * tongue
        # No teeth are painted where the portrait shows its own. Fewer teeth are shorter ones, not greyer ones.
        shown = min(max(_MIN_TEETH + pose.teeth, 0.0), 1.0) * (1.0 - self._parted)
        length = np.minimum(_TOOTH_LENGTH * self._unit, 0.5 * gap) * shown
        teeth = np.clip((top + length - y) / _EDGE_WIDTH, 0.0, 1.0)[..., None]
        shade = (0.7 + 0.3 * np.clip((y - top) / np.maximum(length, 1.0), 0.0, 1.0))[..., None]  # by the upper lip
        return np.asarray(painted + (np.asarray(_TEETH, np.float32) * light * shade - painted) * teeth, np.float32)


def _clamp_to_side(position: float) -> int:
    return int(min(max(position, 0.0), SIDE))
