"""Photos for tests: faces drawn by the layered renderer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.models.catalogue import FACE_LANDMARKS
from services.pictures import decoding
from services.render.layered.renderer import LayeredRenderer
from services.render.photo.decoding import Pixels
from services.render.photo.face_detector import FaceDetector
from services.render.photo.portrait import Portrait, portrait_from_photo
from services.render.pose import Pose
from tests import real_models
from tests.pictures import DecoderHere

# OpenMP threads must not spin while they wait: on a busy machine that multiplies the time of the networks. The variable
# is read when torch is loaded, which is later.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

Drawing = Callable[..., Pixels]


@pytest.fixture(autouse=True)
def decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process of its own is for is tested in `tests/services/pictures`."""
    monkeypatch.setattr(decoding, "HelperProcess", DecoderHere)


@pytest.fixture(scope="session")
def face_models() -> Path:
    return real_models.needed(FACE_LANDMARKS)


@pytest.fixture(scope="session")
def detector(face_models: Path) -> FaceDetector:
    return FaceDetector(face_models)


@pytest.fixture(scope="session")
def drawn() -> Drawing:
    """Draws a look, red green blue; keyword arguments are fields of the pose."""

    def draw(look: str = "milo", size: int = 640, **pose: float) -> Pixels:
        pixels = LayeredRenderer(size).face(look).pixels(Pose(**pose))  # type: ignore[arg-type]
        return np.ascontiguousarray(pixels[:, :, 2::-1])

    return draw


@pytest.fixture(scope="session")
def portrait(detector: FaceDetector, drawn: Drawing) -> Portrait:
    return portrait_from_photo(png(drawn("milo", 768)), detector)


def png(pixels: Pixels) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
