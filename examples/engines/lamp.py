"""A face that is a lamp: the wider the mouth is open, the brighter it is; its colour is the character's."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from bus.settings import Settings
from services.render.engine import Frame
from services.render.pose import Pose


class LampFace:
    """AnimatedFace: poses to frames in planar YUV 4:2:0."""

    version = "1"  # another one whenever a pose would give another frame

    def __init__(self, size: int, look: str) -> None:
        self._size, self._colour = size, crc32(look.encode())

    def render(self, poses: Sequence[Pose]) -> Sequence[Frame]:
        frames = np.full((len(poses), self._size * 3 // 2, self._size), 64 + self._colour % 128, np.uint8)
        for frame, pose in zip(frames, poses, strict=True):
            frame[: self._size] = 40 + round(180 * min(pose.jaw, 1.0))
        return list(frames)


class Lamp:
    """Renderer: gives the faces of looks."""

    name = "lamp"

    def __init__(self, size: int) -> None:
        self.width = self.height = size

    def face(self, look: str) -> LampFace:
        return LampFace(self.width, look)


def load(settings: Settings) -> Lamp:
    return Lamp(settings.video_size)
