"""Crops a face out of a photo: upright, with eyes and mouth always in the same place.

The crop is LivePortrait's own, so that its networks get faces as in their training; image warping uses the same crop.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.photo.decoding import Pixels
from services.render.photo.face_detector import LEFT_EYE, MOUTH_LEFT, MOUTH_RIGHT, RIGHT_EYE, DetectedFace

SIDE = 512
"""Pixels on a side of a portrait."""
_SCALE, _UP = 2.3, -0.125
"""Side of the square in face sizes, and the shift of its centre towards the mouth, in sides."""

# The 68 of the 468 points that the size of a face is measured by: jaw, brows, nose, eyes, outer and inner lips.
_LANDMARKS_68 = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389, 71, 63, 105, 66, 107, 336, 296,
    334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305, *LEFT_EYE, *RIGHT_EYE, MOUTH_LEFT, 39, 37, 0, 267, 269,
    MOUTH_RIGHT, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)


@dataclass(frozen=True)
class CropSquare:
    """A rotated square in an image, pixels."""

    centre: NDArray[np.float64]
    size: float
    angle: float
    """Clockwise rotation, radians."""

    def matrix(self, side: int) -> NDArray[np.float64]:
        """Affine matrix from the image's pixels to those of the crop, `side` pixels on a side, [2, 3]."""
        scale = side / self.size
        cos, sin = scale * np.cos(self.angle), scale * np.sin(self.angle)
        x, y = self.centre
        return np.array([[cos, sin, side / 2.0 - cos * x - sin * y], [-sin, cos, side / 2.0 + sin * x - cos * y]])


def crop_square(
    points: NDArray[np.floating], eyes: NDArray[np.floating], mouth: NDArray[np.floating], *, scale: float, up: float
) -> CropSquare:
    """The square around a face.

    Args:
        points: all landmarks of the face, [count, 2].
        eyes, mouth: the centre of both eyes, and of the mouth.
        scale: side of the square in face sizes.
        up: shift of the square's centre along the line from the eyes to the mouth, in sides.
    """
    points, down = points.astype(np.float64), (mouth - eyes).astype(np.float64)
    length = float(np.linalg.norm(down))
    down = down / length if length > 1e-3 else np.array((0.0, 1.0))
    right = np.array((down[1], -down[0]))
    middle = points.mean(axis=0)
    within = (points - middle) @ np.stack((right, down), axis=1)
    low, high = within.min(axis=0), within.max(axis=0)
    size = float((high - low).max()) * scale
    across, along = (low + high) / 2.0
    centre = middle + across * right + (along + up * size) * down
    angle = float(np.arccos(np.clip(right[0], -1.0, 1.0)))
    return CropSquare(centre, size, -angle if right[1] < 0.0 else angle)


def portrait_square(face: DetectedFace) -> CropSquare:
    """The square of a face's portrait."""
    mesh = face.mesh[:, :2]
    left, right = (mesh[[eye[0], eye[3]]].mean(axis=0) for eye in (LEFT_EYE, RIGHT_EYE))
    mouth = mesh[[MOUTH_LEFT, MOUTH_RIGHT]].mean(axis=0)
    return crop_square(mesh[list(_LANDMARKS_68)], (left + right) / 2.0, mouth, scale=_SCALE, up=_UP)


def crop_with_blurred_border(image: Pixels, matrix: NDArray[np.float64]) -> Pixels:
    """The crop of a portrait; beyond the edge of the image it continues as a blur."""
    square = crop(image, matrix)
    inside = crop(np.full(image.shape[:2], 255, np.uint8), matrix, border=cv2.BORDER_CONSTANT)
    if inside.min() == 255:
        return square
    outside = cv2.distanceTransform((inside < 255).astype(np.uint8), cv2.DIST_L2, 3)
    blurred = cv2.GaussianBlur(square, (0, 0), SIDE / 20).astype(np.float32)
    share = np.clip(outside / (SIDE / 24), 0.0, 1.0)[..., None]
    return np.asarray(square + (blurred - square) * share + 0.5, np.uint8)


def crop(
    image: Pixels, matrix: NDArray[np.float64], side: int = SIDE, *, border: int = cv2.BORDER_REPLICATE
) -> Pixels:
    """The crop; beyond the edge of the image, by default, it repeats the outermost pixels."""
    return np.asarray(
        cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border), np.uint8
    )
