"""What is told about photos that are taken although something will look wrong."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from services.render.photo.decoding import Pixels
from services.render.photo.face_detector import DetectedFace
from services.render.photo.photo_warnings import photo_warnings
from services.render.photo.portrait import Portrait


def glasses(pixels: Pixels, face: DetectedFace) -> None:
    for corners in ((33, 133), (362, 263)):
        left, right = (face.mesh[corner, :2] for corner in corners)
        centre, width = (left + right) / 2.0, float(np.linalg.norm(right - left))
        size = int(0.9 * width), int(0.75 * width)
        cv2.ellipse(pixels, tuple(centre.astype(int).tolist()), size, 0, 0, 360, (25, 30, 28), -1)


def mask(pixels: Pixels, face: DetectedFace) -> None:
    edge = face.mesh[[234, 117, 195, 346, 454, 435, 397, 378, 152, 149, 172, 215], :2].astype(np.int32)
    cv2.fillPoly(pixels, [edge], (90, 140, 200))


def night(pixels: Pixels, face: DetectedFace) -> None:
    pixels[:] = pixels // 9


def shaken(pixels: Pixels, face: DetectedFace) -> None:
    pixels[:] = cv2.GaussianBlur(pixels, (0, 0), 5.0)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(glasses, "dark glasses"), (mask, "a mask"), (night, "very dark"), (shaken, "blurred")],
)
def test_what_will_look_wrong_is_told(
    portrait: Portrait, spoil: Callable[[Pixels, DetectedFace], None], why: str
) -> None:
    assert photo_warnings(portrait.pixels, portrait.face) == ()
    pixels = portrait.pixels.copy()
    spoil(pixels, portrait.face)
    (warning,) = photo_warnings(pixels, portrait.face)
    assert why in warning


def test_closed_eyes_are_told(portrait: Portrait) -> None:
    mesh = portrait.face.mesh.copy()
    for upper, lower in ((159, 145), (386, 374)):
        mesh[upper, :2] = mesh[lower, :2] - (0.0, 2.0)
    (warning,) = photo_warnings(portrait.pixels, DetectedFace(mesh))
    assert "the eyes are closed" in warning
