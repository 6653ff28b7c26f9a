"""Animates a portrait without networks: redraws eyes and mouth, then warps the image by displacement fields."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path

import cv2
import numpy as np

from services.render.engine import Expressions, Frame
from services.render.photo.crop import SIDE
from services.render.photo.decoding import Pixels
from services.render.photo.displacement import DisplacementFields
from services.render.photo.eye_layers import LEFT, RIGHT
from services.render.photo.eyes import Eye
from services.render.photo.mouth import Mouth
from services.render.photo.portrait import Portrait
from services.render.pose import Pose


class WarpedFace:
    """One portrait, animated by poses, at about 10 ms a frame of 512 x 512 on one core.

    Args:
        size: width and height of the frames, pixels.
    """

    def __init__(self, portrait: Portrait, size: int) -> None:
        self.version = blake2b(f"{portrait.look}{code_version()}".encode(), digest_size=8).hexdigest()
        self._portrait = portrait.pixels
        self._size = size
        self._left, self._right = (Eye(portrait.pixels, portrait.face, contours) for contours in (LEFT, RIGHT))
        self._fields = DisplacementFields(portrait.face)
        self._mouth = Mouth(portrait.pixels, portrait.face, self._fields)
        positions = (np.arange(size, dtype=np.float32) + 0.5) * SIDE / size - 0.5
        self._x, self._y = np.meshgrid(positions, positions)

    def pixels(self, pose: Pose) -> Pixels:
        """The frame, [size, size, 3], red green blue."""
        drawn = self._portrait.copy()
        self._left.draw(drawn, pose.lid_left, pose)
        self._right.draw(drawn, pose.lid_right, pose)
        self._mouth.draw(drawn, pose)
        displacement = self._fields.displacement(pose)
        # Backward warp: for movements as small as these, the inverse of the field is its negative.
        x, y = (cv2.resize(field, (self._size, self._size), interpolation=cv2.INTER_LINEAR) for field in displacement)
        warped = cv2.remap(drawn, self._x - x, self._y - y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, np.uint8)

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> list[Frame]:
        return [np.asarray(cv2.cvtColor(self.pixels(pose), cv2.COLOR_RGB2YUV_I420), np.uint8) for pose in poses]


@cache
def code_version() -> str:
    """Hash of the code that warps, so that no stored idle loop outlives a change of it."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return blake2b(b"".join(source.read_bytes() for source in sources), digest_size=8).hexdigest()
