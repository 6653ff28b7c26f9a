"""Tells what will look wrong about a face from a photo that is taken nevertheless."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.photo.crop import SIDE
from services.render.photo.decoding import Pixels
from services.render.photo.eye_layers import LEFT, RIGHT, is_covered
from services.render.photo.face_detector import DetectedFace

_SHUT = 0.13
"""Height over width of an eye, below which it counts as closed."""
_DARK = 35.0
"""Median luminance of a face, 0 to 255, below which little of it can be seen."""
_BLURRED, _SHARPNESS_SIDE = 0.036, 192
"""Curvature of the brightness for its slope, below which a face of this many pixels on a side is blurred; twice as much
is sharp, whatever the contrast."""
_LIPS, _AROUND_LIPS, _FOREHEAD = (0, 17, 37, 267, 84, 314), (164, 200, 205, 425, 4), (151, 9, 107, 336)
"""Points on the lips; on upper lip, chin, cheeks and tip of the nose; on the forehead."""
_MASK_LIPS, _MASK_UNEVEN, _MASK_SKIN = 10.0, 20.0, 30.0
"""A mask: lips differ by less than this from what is around them, which is as even as this, and differs by more than
this from the forehead; mean differences of red, green and blue."""


def photo_warnings(pixels: Pixels, face: DetectedFace) -> tuple[str, ...]:
    """What will look wrong, each in words for the person; empty if nothing was seen.

    Args:
        pixels: of the portrait, [512, 512, 3].
    """
    return tuple(_warnings(pixels, face))


def _warnings(pixels: Pixels, face: DetectedFace) -> Iterator[str]:
    low, high = (np.clip(corner, 0, SIDE).astype(int) for corner in (face.mesh[:, :2].min(0), face.mesh[:, :2].max(0)))
    part = np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0]])
    grey = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.uint8)
    if float(np.median(grey)) < _DARK:
        yield "the photo is very dark: little of the face will be seen"
    elif _sharpness(grey) < _BLURRED:
        yield "the photo is blurred: so the face will be"
    if all(is_covered(pixels, face, eye) for eye in (LEFT, RIGHT)):
        yield "dark glasses hide the eyes: they will not blink or look anywhere"
    elif max(face.eye_ratios) < _SHUT:
        yield "the eyes are closed: they will not open"
    if _is_masked(pixels, face):
        yield "a mask hides the mouth: its lips will not be seen to speak"


def _sharpness(grey: NDArray[np.uint8]) -> float:
    resized = cv2.resize(grey, (_SHARPNESS_SIDE, _SHARPNESS_SIDE), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(resized.astype(np.float32), (0, 0), 1.0)  # no noise
    slope = np.hypot(cv2.Sobel(small, cv2.CV_32F, 1, 0).std(), cv2.Sobel(small, cv2.CV_32F, 0, 1).std())
    return float(cv2.Laplacian(small, cv2.CV_32F).std() / max(slope, 1e-3))


def _is_masked(pixels: Pixels, face: DetectedFace) -> bool:
    lips, around, forehead = (
        np.array([_colour(pixels, face.mesh[point]) for point in points])
        for points in (_LIPS, _AROUND_LIPS, _FOREHEAD)
    )
    cover = around.mean(axis=0)
    return (
        float(np.abs(lips.mean(axis=0) - cover).mean()) < _MASK_LIPS
        and float(around.std(axis=0).mean()) < _MASK_UNEVEN
        and float(np.abs(forehead.mean(axis=0) - cover).mean()) > _MASK_SKIN
    )


def _colour(pixels: Pixels, point: NDArray[np.float32], reach: int = 5) -> NDArray[np.float64]:
    """The median colour around a point."""
    x, y = (int(np.clip(value, reach, SIDE - reach - 1)) for value in point[:2])
    return np.asarray(np.median(pixels[y - reach : y + reach + 1, x - reach : x + reach + 1], axis=(0, 1)))
