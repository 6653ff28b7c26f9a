"""The built-in renderer: draws faces as layers of vector graphics, on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from bus.errors import NotFound
from services.render.engine import Expressions, Frame
from services.render.layered.looks import LOOKS, Look, RobotLook
from services.render.layered.person import Person
from services.render.layered.picture import Matrix, Nodes
from services.render.layered.robot import Robot
from services.render.layered.stage import Stage
from services.render.layered.thorvg import Pixels
from services.render.pose import Pose

_SIDE = 512
"""Side of the drawing in its own units, which are scaled to any size of frame."""


class Drawing(Protocol):
    """A character as nodes of a picture of _SIDE x _SIDE."""

    def backdrop(self) -> Nodes:
        """What does not move."""
        ...

    def draw(self, pose: Pose) -> Nodes:
        """What is in front of it: the same nodes in every pose, with other paths, transforms and opacities."""
        ...


def drawing(look: Look | RobotLook) -> Drawing:
    return Robot(look) if isinstance(look, RobotLook) else Person(look)


class LayeredFace:
    """One drawing, animated by poses.

    Args:
        pixels: drawn on; may be shared with other faces of the thread.
    """

    def __init__(self, look: Look | RobotLook, pixels: Pixels) -> None:
        self._drawing = drawing(look)
        self._pixels = pixels
        height, width = pixels.shape[:2]
        scale: Matrix = (width / _SIDE, 0.0, 0.0, height / _SIDE, 0.0, 0.0)
        pixels[:] = 255
        backdrop = self._drawing.backdrop()
        Stage(pixels, scale, backdrop).draw(backdrop)
        self.backdrop = pixels.copy()
        """The frame without the character."""
        self._stage = Stage(pixels, scale, self._drawing.draw(Pose()))
        self.version = blake2b(f"{look}{drawing_version()}".encode(), digest_size=8).hexdigest()

    def pixels(self, pose: Pose) -> Pixels:
        """The frame, [height, width, 4], blue green red alpha; valid until the next call."""
        self._pixels[:] = self.backdrop
        self._stage.draw(self._drawing.draw(pose))
        return self._pixels

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> list[Frame]:
        return [np.asarray(cv2.cvtColor(self.pixels(pose), cv2.COLOR_BGRA2YUV_I420), np.uint8) for pose in poses]


class LayeredRenderer:
    """Draws the looks of `looks.py`, at about 3 ms a frame of 512 x 512 on one core."""

    name = "layered"

    def __init__(self, size: int) -> None:
        self.width = self.height = size
        self._of_thread = threading.local()
        """Pixels for each thread: its faces are drawn one after the other."""

    def face(self, look: str) -> LayeredFace:
        if look not in LOOKS:
            raise NotFound(f"look must be one of {', '.join(LOOKS)}, got {look!r}")
        if not hasattr(self._of_thread, "pixels"):
            self._of_thread.pixels = np.zeros((self.height, self.width, 4), np.uint8)
        return LayeredFace(LOOKS[look], self._of_thread.pixels)


def drawing_version(folder: Path = Path(__file__).parent) -> str:
    """Hash of the code that draws, so that no stored idle loop outlives a change of it."""
    sources = sorted(folder.glob("*.py"))
    return blake2b(b"".join(source.read_bytes() for source in sources), digest_size=8).hexdigest()
