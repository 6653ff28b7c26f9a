"""How a face is cut out: upright, the eyes and the mouth always in the same place.

The frame is LivePortrait's own, so that its networks see faces as they did in their training; the warped photo is
framed alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.photo.decoding import Pixels
from services.render.photo.face_detector import LEFT_EYE, MOUTH_LEFT, MOUTH_RIGHT, RIGHT_EYE, DetectedFace

SIDE = 512
_SCALE, _UP = 2.3, -0.125
"""Side of the frame in faces, and how far its middle is moved towards the mouth, in frames."""

# The 68 points that the size of a face is measured by, of the 468: jaw, brows, nose, eyes, outer and inner lips.
_SIXTY_EIGHT = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389, 71, 63, 105, 66, 107, 336, 296,
    334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305, *LEFT_EYE, *RIGHT_EYE, MOUTH_LEFT, 39, 37, 0, 267, 269,
    MOUTH_RIGHT, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)


@dataclass(frozen=True)
class CropSquare:
    """A square in a picture."""

    centre: NDArray[np.float64]
    size: float
    angle: float
    """Radians by which it is turned clockwise."""

    def matrix(self, side: int) -> NDArray[np.float64]:
        """From the picture's pixels to those of the square with so many on a side, [2, 3]."""
        scale = side / self.size
        cos, sin = scale * np.cos(self.angle), scale * np.sin(self.angle)
        x, y = self.centre
        return np.array([[cos, sin, side / 2.0 - cos * x - sin * y], [-sin, cos, side / 2.0 + sin * x - cos * y]])


def crop_square(
    points: NDArray[np.floating], eyes: NDArray[np.floating], mouth: NDArray[np.floating], *, scale: float, up: float
) -> CropSquare:
    """The frame around a face.

    Args:
        points: all that belongs to the face, [count, 2].
        eyes, mouth: the middle of both eyes, and of the mouth.
        scale: side of the frame in faces.
        up: how far the frame's middle is moved along the line from the eyes to the mouth, in frames.
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
    """The frame that a face's portrait is cut out with."""
    mesh = face.mesh[:, :2]
    left, right = (mesh[[eye[0], eye[3]]].mean(axis=0) for eye in (LEFT_EYE, RIGHT_EYE))
    mouth = mesh[[MOUTH_LEFT, MOUTH_RIGHT]].mean(axis=0)
    return crop_square(mesh[list(_SIXTY_EIGHT)], (left + right) / 2.0, mouth, scale=_SCALE, up=_UP)


def crop_with_blurred_border(picture: Pixels, matrix: NDArray[np.float64]) -> Pixels:
    """The square of a portrait; where it reaches beyond the picture, the picture goes on out of focus."""
    square = crop(picture, matrix)
    inside = crop(np.full(picture.shape[:2], 255, np.uint8), matrix, border=cv2.BORDER_CONSTANT)
    if inside.min() == 255:
        return square
    outside = cv2.distanceTransform((inside < 255).astype(np.uint8), cv2.DIST_L2, 3)
    blurred = cv2.GaussianBlur(square, (0, 0), SIDE / 20).astype(np.float32)
    share = np.clip(outside / (SIDE / 24), 0.0, 1.0)[..., None]
    return np.asarray(square + (blurred - square) * share + 0.5, np.uint8)


def crop(
    picture: Pixels, matrix: NDArray[np.float64], side: int = SIDE, *, border: int = cv2.BORDER_REPLICATE
) -> Pixels:
    """The square; where it reaches beyond the picture, the picture's edge goes on."""
    return np.asarray(
        cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border), np.uint8
    )
