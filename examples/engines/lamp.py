"""A face that is a lamp: the wider the mouth is open, the brighter it is; its colour is the character's."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from bus.settings import Settings
from services.render.engine import Expressions, Frame
from services.render.pose import Pose


class LampFace:
    """AnimatedFace: poses to frames in planar YUV 4:2:0."""

    version = "1"  # another one whenever a pose would give another frame

    def __init__(self, size: int, look: str) -> None:
        self._dark = np.full((size * 3 // 2, size), 64 + crc32(look.encode()) % 128, np.uint8)

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> Sequence[Frame]:
        frames = [self._dark.copy() for _ in poses]
        for frame, pose in zip(frames, poses, strict=True):
            frame[: frame.shape[1]] = 40 + round(180 * min(pose.jaw, 1.0))
        return frames


class Lamp:
    """Renderer: gives the faces of looks."""

    name = "lamp"

    def __init__(self, settings: Settings) -> None:
        self.width = self.height = settings.video_size

    def face(self, look: str) -> LampFace:
        return LampFace(self.width, look)
