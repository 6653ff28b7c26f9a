"""Lids and gaze of a portrait: draws a skin-coloured lid over each eye, and shifts the iris."""

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

Contours: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
_Column: TypeAlias = NDArray[np.float32]
"""One value, or one colour, for each column of pixels."""

LEFT: Contours = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133), (46, 53, 52, 65, 55),
)  # fmt: skip
RIGHT: Contours = (
    (362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263),
    (285, 295, 282, 283, 276),
)  # fmt: skip
"""Upper lid, lower lid and lower edge of the brow from left to right, of the left and the right eye in the image."""
_MARGIN_ABOVE = 0.3
"""How far an eye extends above its mesh, in heights of the eye: lashes, and drawn eyes."""
_LASH_MARGIN = 0.04
"""How far lashes extend above that, in distances between the eyes."""
_MIN_MARGIN_BELOW, _MAX_MARGIN_BELOW = 0.1, 0.6
"""How far an eye extends below its mesh, in heights of the eye; measured in the image between these limits."""
_SKIN_TOLERANCE = 26.0
"""Maximum distance of a colour from the skin's, on average of red, green and blue, to count as skin."""
_EDGE_SHADE = 0.1
"""How much darker a lid is at its edge than the skin below."""
_LASH_WIDTH, _LASH_OPACITY = 1.4, 0.8
"""Pixels; 0 to 1."""
_FADE_IN = 4.0
"""Pixels over which the upper end of a lid fades in."""
_IRIS_SHIFT_X, _IRIS_SHIFT_Y = 0.075, 0.035
"""Shift of the iris at a gaze of 1, in distances between the eyes."""
_EDGE_WIDTH = 1.5
"""Pixels over which the edge of a lid is antialiased."""


class Eye:
    """One eye of one portrait."""

    def __init__(self, pixels: Pixels, face: DetectedFace, contours: Contours) -> None:
        upper, lower, brow = (face.mesh[list(line), :2] for line in contours)
        self._unit = unit = eye_distance(face)
        x0, x1 = (int(np.clip(x, 0, SIDE)) for x in (upper[0, 0], upper[-1, 0] + 1))
        self._x = np.arange(x0, x1, dtype=np.float32)
        across = 2.0 * (self._x - x0) / max(x1 - x0 - 1, 1) - 1.0
        self._lens = np.maximum(1.0 - across**2, 0.0) ** 0.3
        top, bottom, to_brow = (np.interp(self._x, line[:, 0], line[:, 1]) for line in (upper, lower, brow))
        height = np.maximum(bottom - top, 0.0)
        soft = cv2.GaussianBlur(pixels, (0, 0), 0.02 * unit).astype(np.float32)
        below = bottom + (1.0 + _MAX_MARGIN_BELOW) * np.maximum(height, 0.1 * unit)
        skin = self._colours(soft, below)
        margin_below = self._margin_below(pixels, bottom, height, skin)
        self._upper = (top - _MARGIN_ABOVE * height - _LASH_MARGIN * unit * self._lens).astype(np.float32)
        self._lower = (bottom + margin_below * height).astype(np.float32)
        # The lid starts in the colour of the skin above the eye and ends in that of the skin below.
        self._lid_top = self._colours(soft, np.maximum(self._upper, to_brow + 0.02 * unit))
        self._lid_bottom = (1.0 - _EDGE_SHADE) * skin
        self._lash = self._darkest(soft, top)
        y0 = int(np.clip(self._upper.min() - 3.0, 0, SIDE))
        y1 = int(np.clip(self._lower.max() + 0.1 * unit, 0, SIDE))
        self.region = (slice(y0, y1), slice(x0, x1))
        """Rows and columns that the eye occupies."""
        self._y = np.arange(y0, y1, dtype=np.float32)[:, None]
        within = np.clip((self._y - self._upper) / np.maximum(self._lower - self._upper, 1.0), 0.0, 1.0)
        self._iris = np.minimum(1.0, 5.0 * within * (1.0 - within)) * (1.0 - across**2)

    def draw(self, pixels: Pixels, lid: float, gaze_x: float, gaze_y: float) -> None:
        """Draw this eye into the portrait's pixels, in place.

        Args:
            lid: 0 closed, 1 as in the portrait, 1.4 wide.
        """
        shut = clamp(1.0 - lid, -0.35, 1.0)
        if abs(shut) < 0.01 and abs(gaze_x) < 0.01 and abs(gaze_y) < 0.01:
            return
        self._move_iris(pixels, min(shut, 0.0), gaze_x, gaze_y)
        if shut > 0.0:
            self._close(pixels, shut)

    def _move_iris(self, pixels: Pixels, wide: float, gaze_x: float, gaze_y: float) -> None:
        """Shift the iris, and stretch the eye where it opens wide."""
        edge = self._upper + wide * (self._lower - self._upper)  # of the upper lid
        open_height = np.maximum(self._lower - edge, 1.0)
        ball = self._upper + (self._y - edge) * (self._lower - self._upper) / open_height
        ball = np.where((self._y > edge) & (self._y < self._lower), ball, self._y)
        x = np.broadcast_to(self._x, ball.shape) - clamp(gaze_x, -1.5, 1.5) * _IRIS_SHIFT_X * self._unit * self._iris
        y = ball - clamp(gaze_y, -1.5, 1.5) * _IRIS_SHIFT_Y * self._unit * self._iris
        pixels[self.region] = cv2.remap(
            pixels, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )

    def _close(self, pixels: Pixels, shut: float) -> None:
        """Draw the lid, with the lashes at its edge."""
        edge = self._upper + shut * (self._lower - self._upper)
        covered = np.clip((edge - self._y) / _EDGE_WIDTH + 0.5, 0.0, 1.0)
        covered *= np.clip((self._y - self._upper) / _FADE_IN + 0.5, 0.0, 1.0)
        down = np.clip((self._y - self._upper) / np.maximum(self._lower - self._upper, 1.0), 0.0, 1.0)[..., None]
        lid = self._lid_top + (self._lid_bottom - self._lid_top) * (1.0 - (1.0 - down) ** 2)
        lashes = np.exp(-(((self._y - edge) / _LASH_WIDTH) ** 2)) * self._lens * min(3.0 * shut, 1.0)
        part = pixels[self.region].astype(np.float32)
        part += (lid - part) * covered[..., None]
        part += (self._lash - part) * (_LASH_OPACITY * lashes)[..., None]
        pixels[self.region] = np.clip(part + 0.5, 0.0, 255.0).astype(np.uint8)

    # Measured in the portrait once.

    def _colours(self, image: NDArray[np.float32], rows: NDArray[np.floating]) -> _Column:
        """The colours along a line, blurred across columns, [columns, 3]."""
        x, y = self._x[None], np.clip(rows, 0, SIDE - 1).astype(np.float32)[None]
        colours = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.blur(colours, (9, 1))[0], np.float32)

    def _darkest(self, image: NDArray[np.float32], line: NDArray[np.floating]) -> _Column:
        """The darkest colour around a line in each column: the lashes."""
        lines = np.stack([self._colours(image, line + offset) for offset in (-3.0, -1.5, 0.0, 1.5)])
        return np.asarray(lines[lines.sum(axis=2).argmin(axis=0), np.arange(len(self._x))], np.float32)

    def _margin_below(
        self, pixels: Pixels, bottom: NDArray[np.floating], height: NDArray[np.floating], skin: _Column
    ) -> float:
        """How far the eye extends below its mesh, in heights of the eye: up to the first skin."""
        image, middle = pixels.astype(np.float32), slice(len(self._x) // 4, -(len(self._x) // 4) or None)
        reach = _MIN_MARGIN_BELOW
        for share in np.linspace(_MIN_MARGIN_BELOW, _MAX_MARGIN_BELOW, 11):
            different = np.abs(self._colours(image, bottom + share * height) - skin).mean(axis=1)[middle]
            if np.median(different) > _SKIN_TOLERANCE:
                reach = float(share) + 0.05
        return min(reach, _MAX_MARGIN_BELOW)
