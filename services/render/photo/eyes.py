"""Lids and gaze of a portrait: the skin above an eye is drawn over it, and the iris is pushed aside."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np

from services.render.easing import clamp
from services.render.photo.crop import SIDE
from services.render.photo.face import Face
from services.render.photo.fields import eye_distance
from services.render.photo.picture import Pixels

Lines: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

LEFT: Lines = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133), (46, 53, 52, 65, 55),
)  # fmt: skip
RIGHT: Lines = (
    (362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263),
    (285, 295, 282, 283, 276),
)  # fmt: skip
"""Upper lid, lower lid and lower edge of the brow from left to right, in the picture's left and right eye."""
_LEAST_SKIN, _MOST_SKIN = 0.06, 0.26
"""How much of the skin above the eye follows the lid, in distances between the eyes: up to the brow, which does not."""
_SPARE = 0.3, 0.5
"""By how much of its height an eye is taken to be larger than its mesh, above and below: lashes, and large eyes."""
_LOOK_X, _LOOK_Y = 0.075, 0.035
"""How far the iris goes at a gaze of 1."""
_SOFT = 1.5


class Eye:
    """One eye of one portrait."""

    def __init__(self, face: Face, lines: Lines) -> None:
        upper, lower, brow = (face.mesh[list(line), :2] for line in lines)
        self._unit = unit = eye_distance(face)
        x0, x1 = (int(np.clip(x, 0, SIDE)) for x in (upper[0, 0], upper[-1, 0] + 1))
        y0 = int(np.clip(upper[:, 1].min() - (_MOST_SKIN + 0.03) * unit, 0, SIDE))
        y1 = int(np.clip(lower[:, 1].max() + 0.1 * unit, 0, SIDE))
        self.part = (slice(y0, y1), slice(x0, x1))
        """Rows and columns that the eye changes."""
        self._x = np.arange(x0, x1, dtype=np.float32)
        self._y = np.arange(y0, y1, dtype=np.float32)[:, None]
        top, bottom = (np.interp(self._x, lid[:, 0], lid[:, 1]).astype(np.float32) for lid in (upper, lower))
        above, below = (share * (bottom - top) for share in _SPARE)
        self._upper, self._lower = top - above, bottom + below
        to_brow = top - np.interp(self._x, brow[:, 0], brow[:, 1]).astype(np.float32)
        self._skin_top = self._upper - np.clip(to_brow - above, _LEAST_SKIN * unit, _MOST_SKIN * unit)
        across = 2.0 * (self._x - x0) / max(x1 - x0 - 1, 1) - 1.0
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
        edge = self._upper + shut * (self._lower - self._upper)  # where the upper lid ends now
        skin_top = self._skin_top
        skin = skin_top + (self._y - skin_top) * (self._upper - skin_top) / np.maximum(edge - skin_top, 1.0)
        height = np.maximum(self._lower - edge, 1.0)
        stretched = self._upper + (self._y - edge) * (self._lower - self._upper) / height
        ball = stretched if shut < 0.0 else np.broadcast_to(self._y, skin.shape)
        ball = np.where(self._y < self._lower, ball, self._y)
        columns = np.broadcast_to(self._x, skin.shape)
        looked_x = columns - clamp(gaze_x, -1.5, 1.5) * _LOOK_X * self._unit * self._iris
        looked_y = ball - clamp(gaze_y, -1.5, 1.5) * _LOOK_Y * self._unit * self._iris
        over = np.where(self._y > skin_top, skin, self._y)
        open_eye = _sampled(pixels, looked_x, looked_y)
        lid_skin = _sampled(pixels, columns, over)
        uncovered = np.clip((self._y - edge) / _SOFT + 0.5, 0.0, 1.0)[..., None]
        pixels[self.part] = (open_eye * uncovered + lid_skin * (1.0 - uncovered) + 0.5).astype(np.uint8)


def _sampled(pixels: Pixels, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return cv2.remap(pixels, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REPLICATE)
