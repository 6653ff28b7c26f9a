"""Lids and gaze of a portrait: a lid in the colours of the skin is drawn over an eye, and the iris is pushed aside."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.easing import clamp
from services.render.photo.crop import SIDE
from services.render.photo.decoding import Pixels
from services.render.photo.displacement import eye_distance
from services.render.photo.face_detector import DetectedFace

Lines: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
_Column: TypeAlias = NDArray[np.float32]
"""One value, or one colour, for each column."""

LEFT: Lines = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133), (46, 53, 52, 65, 55),
)  # fmt: skip
RIGHT: Lines = (
    (362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263),
    (285, 295, 282, 283, 276),
)  # fmt: skip
"""Upper lid, lower lid and lower edge of the brow from left to right, in the picture's left and right eye."""
_SPARE = 0.3
"""By how much of its height an eye is taken to be larger than its mesh above: lashes, and drawn eyes."""
_RIM = 0.04
"""How high lashes stand over that, in distances between the eyes."""
_LEAST_BELOW, _MOST_BELOW = 0.1, 0.6
"""The same below, where it is looked for in the picture."""
_LIKE_SKIN = 26.0
"""How far a colour may be from the skin's, on average of red, green and blue, and still be skin."""
_SHADE = 0.1
"""How much darker a lid is at its edge than the skin below."""
_LASHES, _DARK = 1.4, 0.8
"""Pixels, and how much of what is below they hide."""
_FADE = 4.0
"""Pixels over which a lid begins."""
_LOOK_X, _LOOK_Y = 0.075, 0.035
"""How far the iris goes at a gaze of 1."""
_SOFT = 1.5


class Eye:
    """One eye of one portrait."""

    def __init__(self, pixels: Pixels, face: DetectedFace, lines: Lines) -> None:
        upper, lower, brow = (face.mesh[list(line), :2] for line in lines)
        self._unit = unit = eye_distance(face)
        x0, x1 = (int(np.clip(x, 0, SIDE)) for x in (upper[0, 0], upper[-1, 0] + 1))
        self._x = np.arange(x0, x1, dtype=np.float32)
        across = 2.0 * (self._x - x0) / max(x1 - x0 - 1, 1) - 1.0
        self._lens = np.maximum(1.0 - across**2, 0.0) ** 0.3
        top, bottom, to_brow = (np.interp(self._x, line[:, 0], line[:, 1]) for line in (upper, lower, brow))
        height = np.maximum(bottom - top, 0.0)
        soft = cv2.GaussianBlur(pixels, (0, 0), 0.02 * unit).astype(np.float32)
        below = bottom + (1.0 + _MOST_BELOW) * np.maximum(height, 0.1 * unit)
        skin = self._colours(soft, below)
        spare = self._found_below(pixels, bottom, height, skin)
        self._upper = (top - _SPARE * height - _RIM * unit * self._lens).astype(np.float32)
        self._lower = (bottom + spare * height).astype(np.float32)
        # The lid goes on where the skin above the eye ends, in its light, and comes into the light of the skin below.
        self._lid_top = self._colours(soft, np.maximum(self._upper, to_brow + 0.02 * unit))
        self._lid_bottom = (1.0 - _SHADE) * skin
        self._lash = self._darkest(soft, top)
        y0 = int(np.clip(self._upper.min() - 3.0, 0, SIDE))
        y1 = int(np.clip(self._lower.max() + 0.1 * unit, 0, SIDE))
        self.part = (slice(y0, y1), slice(x0, x1))
        """Rows and columns that the eye changes."""
        self._y = np.arange(y0, y1, dtype=np.float32)[:, None]
        within = np.clip((self._y - self._upper) / np.maximum(self._lower - self._upper, 1.0), 0.0, 1.0)
        self._iris = np.minimum(1.0, 5.0 * within * (1.0 - within)) * (1.0 - across**2)

    def draw(self, pixels: Pixels, lid: float, gaze_x: float, gaze_y: float) -> None:
        """Open or close this eye in these pixels.

        Args:
            lid: 0 closed, 1 as in the portrait, 1.4 wide.
        """
        shut = clamp(1.0 - lid, -0.35, 1.0)
        if abs(shut) < 0.01 and abs(gaze_x) < 0.01 and abs(gaze_y) < 0.01:
            return
        self._look(pixels, min(shut, 0.0), gaze_x, gaze_y)
        if shut > 0.0:
            self._close(pixels, shut)

    def _look(self, pixels: Pixels, wide: float, gaze_x: float, gaze_y: float) -> None:
        """Move the iris, and stretch the eye where it opens wide."""
        edge = self._upper + wide * (self._lower - self._upper)  # where the upper lid ends now
        open_height = np.maximum(self._lower - edge, 1.0)
        ball = self._upper + (self._y - edge) * (self._lower - self._upper) / open_height
        ball = np.where((self._y > edge) & (self._y < self._lower), ball, self._y)
        x = np.broadcast_to(self._x, ball.shape) - clamp(gaze_x, -1.5, 1.5) * _LOOK_X * self._unit * self._iris
        y = ball - clamp(gaze_y, -1.5, 1.5) * _LOOK_Y * self._unit * self._iris
        pixels[self.part] = cv2.remap(
            pixels, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )

    def _close(self, pixels: Pixels, shut: float) -> None:
        """Draw the lid, down to its edge with the lashes."""
        edge = self._upper + shut * (self._lower - self._upper)
        covered = np.clip((edge - self._y) / _SOFT + 0.5, 0.0, 1.0)
        covered *= np.clip((self._y - self._upper) / _FADE + 0.5, 0.0, 1.0)
        down = np.clip((self._y - self._upper) / np.maximum(self._lower - self._upper, 1.0), 0.0, 1.0)[..., None]
        lid = self._lid_top + (self._lid_bottom - self._lid_top) * (1.0 - (1.0 - down) ** 2)
        lashes = np.exp(-(((self._y - edge) / _LASHES) ** 2)) * self._lens * min(3.0 * shut, 1.0)
        part = pixels[self.part].astype(np.float32)
        part += (lid - part) * covered[..., None]
        part += (self._lash - part) * (_DARK * lashes)[..., None]
        pixels[self.part] = np.clip(part + 0.5, 0.0, 255.0).astype(np.uint8)

    # what is taken from the portrait, once

    def _colours(self, picture: NDArray[np.float32], rows: NDArray[np.floating]) -> _Column:
        """The colours along a line, smooth from column to column, [columns, 3]."""
        places = self._x, np.clip(rows, 0, SIDE - 1).astype(np.float32)
        found = cv2.remap(picture, places[0][None], places[1][None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.blur(found, (9, 1))[0], np.float32)

    def _darkest(self, picture: NDArray[np.float32], line: NDArray[np.floating]) -> _Column:
        """Of what is around a line, each column's darkest colour: the lashes."""
        lines = np.stack([self._colours(picture, line + offset) for offset in (-3.0, -1.5, 0.0, 1.5)])
        return np.asarray(lines[lines.sum(axis=2).argmin(axis=0), np.arange(len(self._x))], np.float32)

    def _found_below(
        self, pixels: Pixels, bottom: NDArray[np.floating], height: NDArray[np.floating], skin: _Column
    ) -> float:
        """How far an eye reaches below its mesh, in its heights: to where the skin begins."""
        picture, middle = pixels.astype(np.float32), slice(len(self._x) // 4, -(len(self._x) // 4) or None)
        reach = _LEAST_BELOW
        for share in np.linspace(_LEAST_BELOW, _MOST_BELOW, 11):
            different = np.abs(self._colours(picture, bottom + share * height) - skin).mean(axis=1)[middle]
            if np.median(different) > _LIKE_SKIN:
                reach = float(share) + 0.05
        return min(reach, _MOST_BELOW)
