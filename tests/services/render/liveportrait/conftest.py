"""Small networks and a portrait for them."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import torch

from bus.ids import PHOTO_LOOK
from services.render.liveportrait.weights import Networks
from services.render.photo.face_detector import DetectedFace
from services.render.photo.portrait import Portrait
from tests.services.render.liveportrait.small import noise, small_networks


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Networks as small as these run slower in several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def networks() -> Networks:
    return small_networks()


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    """A random portrait, with its mouth a little open."""
    pixels = cv2.resize((255 * noise(8, 8, 3).sigmoid()).numpy().astype(np.uint8), (512, 512))
    mesh = 200.0 + 20.0 * noise(468, 3).numpy()
    mesh[[13, 14, 61, 291], :2] = (256, 300), (256, 302), (220, 301), (292, 301)
    mesh[[159, 145, 33, 133], :2] = (200, 180), (200, 192), (180, 186), (216, 186)
    mesh[[386, 374, 362, 263], :2] = (310, 180), (310, 192), (290, 186), (326, 186)
    return Portrait(PHOTO_LOOK + "0" * 32, np.asarray(pixels, np.uint8), DetectedFace(mesh.astype(np.float32)))
