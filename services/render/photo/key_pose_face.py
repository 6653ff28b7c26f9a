"""Animates a portrait by pictures of its key poses: blends them region by region, then warps the blend.

Each picture is first bent back to the shape of the portrait at rest, by the fields that bend the blend to the pose that
is wanted: so lips that move are blended in one place, and at a key pose its own picture comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.engine import Expressions, Frame
from services.render.photo.crop import SIDE
from services.render.photo.decoding import Pixels
from services.render.photo.displacement import CELLS, DisplacementFields, eye_distance
from services.render.photo.face_detector import LEFT_EYE, MOUTH_LEFT, MOUTH_RIGHT, RIGHT_EYE, DetectedFace
from services.render.photo.key_poses import key_poses, key_poses_version
from services.render.photo.portrait import Portrait
from services.render.photo.warp import code_version
from services.render.pose import Pose

_LEAST = 0.04
"""Weight below which a picture is left out: what is blended of many is blurred."""
_STEPS = 4
"""Of the iteration that inverts a displacement."""
_MOUTH, _EYES, _BROWS = 0.75, 0.42, 0.45
"""Sizes of the regions, in distances between the eyes."""

Map = NDArray[np.float32]
"""[SIDE, SIDE] or [size, size]"""


@dataclass(frozen=True)
class _Region:
    """A part of the face that is blended by some fields of the pose."""

    fields: Mapping[str, float]
    """Each with the difference that counts as one step."""
    mask: Map
    """Its share of each pixel of the portrait."""


class _Blend:
    """The pictures of one region, and how they are weighted."""

    pictures: list[Pixels]
    """Of `names`, the region's part of each; to be set."""

    def __init__(self, region: _Region) -> None:
        self._values = attrgetter(*region.fields)
        self._steps = np.array(list(region.fields.values()), np.float32)
        poses = key_poses()
        places: dict[tuple[float, ...], str] = {}
        for name in poses:  # the first one is at rest; those that change other regions only are in its place
            places.setdefault(tuple(self._place(poses[name])), name)
        self._places = np.array(list(places), np.float32)
        rows, columns = (np.flatnonzero(region.mask.max(axis=axis) > 1e-3) for axis in (1, 0))
        self.part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        self._mask = region.mask[self.part][..., None]
        self.names = list(places.values())
        self.pictures = []

    def weights(self, pose: Pose) -> NDArray[np.float32]:
        """Of each picture; their sum is 1. Inverse-distance weighting, which gives a key pose its own picture."""
        distances = ((self._places - self._place(pose)) ** 2).sum(axis=1)
        near = (distances + 1e-4) ** -3.0
        near = np.maximum(near / near.sum() - _LEAST, 0.0)
        return np.asarray(near / near.sum(), np.float32)

    def draw(self, image: Pixels, pose: Pose) -> None:
        """Add to an image, in place, by how much the blend differs from the picture at rest."""
        weights = self.weights(pose)
        used = np.flatnonzero(weights[1:]) + 1
        if not len(used):
            return
        part = image[self.part]
        change = np.multiply(self.pictures[0], np.float32(weights[0] - 1.0))
        for index in used:
            change += np.multiply(self.pictures[index], weights[index])
        change *= self._mask
        part[:] = cv2.add(part, change, dtype=cv2.CV_8U)

    def _place(self, pose: Pose) -> NDArray[np.float32]:
        return np.asarray(self._values(pose), np.float32) / self._steps


class KeyPoseFace:
    """One portrait, animated by pictures of its key poses.

    Args:
        pictures: of all key poses by name, [512, 512, 3].
        size: width and height of the frames, pixels.
    """

    def __init__(self, portrait: Portrait, pictures: Mapping[str, Pixels], size: int) -> None:
        identity = f"{portrait.look}{code_version()}{key_poses_version()}"
        self.version = blake2b(identity.encode(), digest_size=8).hexdigest()
        self._size = size
        self._fields = DisplacementFields(portrait.face)
        self._portrait = _positions(SIDE)
        self._blends = [_Blend(region) for region in _regions(portrait.face)]
        for name, pose in key_poses().items():
            x, y = self._bent_back(pose)
            for blend in (one for one in self._blends if name in one.names):
                blend.pictures.append(_sampled(pictures[name], x[blend.part], y[blend.part]))
        self._rest = self._blends[0].pictures[0]
        self._x, self._y = _positions(size)

    def pixels(self, pose: Pose) -> Pixels:
        """The frame, [size, size, 3], red green blue."""
        blended = self._rest.copy()
        for blend in self._blends:
            blend.draw(blended, pose)
        x, y = (cv2.resize(field, (self._size, self._size)) for field in self._fields.displacement(pose))
        # Backward warp: for movements as small as these, the inverse of the field is its negative.
        return _sampled(blended, self._x - x, self._y - y)

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> list[Frame]:
        return [np.asarray(cv2.cvtColor(self.pixels(pose), cv2.COLOR_RGB2YUV_I420), np.uint8) for pose in poses]

    def _bent_back(self, pose: Pose) -> tuple[Map, Map]:
        """Where each pixel of the face at rest is in a picture of a pose: the inverse of the displacement."""
        own, field = _positions(CELLS), self._fields.displacement(pose)
        moved = field
        for _ in range(_STEPS):  # where each cell goes, from where it has gone so far
            x, y = ((at + by + 0.5) * CELLS / SIDE - 0.5 for at, by in zip(own, moved, strict=True))
            moved = np.stack([_sampled(part, x, y) for part in field])
        x, y = (at + cv2.resize(part, (SIDE, SIDE)) for at, part in zip(self._portrait, moved, strict=True))
        return x, y


def _sampled(image: NDArray[Any], x: Map, y: Map) -> NDArray[Any]:
    """An image at these places, and beyond its edge at the edge."""
    return np.asarray(
        cv2.remap(image, np.asarray(x, np.float32), np.asarray(y, np.float32), cv2.INTER_LINEAR,
                  borderMode=cv2.BORDER_REPLICATE)
    )  # fmt: skip


def _positions(size: int) -> tuple[Map, Map]:
    """Where in the portrait each pixel of a frame is."""
    positions = (np.arange(size, dtype=np.float32) + 0.5) * SIDE / size - 0.5
    x, y = np.meshgrid(positions, positions)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _regions(face: DetectedFace) -> list[_Region]:
    """The head, all of it; brows, eyes and mouth."""
    unit = eye_distance(face)
    mesh = face.mesh[:, :2]
    left, right = (mesh[list(eye)].mean(axis=0) for eye in (LEFT_EYE, RIGHT_EYE))
    mouth = mesh[[MOUTH_LEFT, MOUTH_RIGHT]].mean(axis=0)
    down = np.array((0.0, 1.0))

    def spot(centre: NDArray[np.floating], width: float, height: float) -> Map:
        """1 within three quarters of an ellipse, 0 outside."""
        x, y = _positions(SIDE)
        distance = np.hypot((x - centre[0]) / (width * unit), (y - centre[1]) / (height * unit))
        share = np.clip((1.0 - distance) / 0.25, 0.0, 1.0)
        return np.asarray(share * share * (3.0 - 2.0 * share), np.float32)

    def eye(side: str, centre: NDArray[np.floating]) -> _Region:
        return _Region({f"lid_{side}": 0.7, "squint": 1.0, "gaze_x": 1.0, "gaze_y": 1.0}, spot(centre, _EYES, 0.3))

    brows = np.maximum(*(spot(centre - 0.38 * unit * down, _BROWS, 0.28) for centre in (left, right)))
    return [
        _Region({"yaw": 12.0, "pitch": 10.0}, np.ones((SIDE, SIDE), np.float32)),
        _Region({"brow_left": 1.0, "brow_right": 1.0, "furrow": 1.0, "sorrow": 1.0}, brows),
        eye("left", left),
        eye("right", right),
        _Region(
            {"jaw": 0.8, "width": 1.0, "pucker": 1.0, "press": 1.0, "upper": 1.0, "tuck": 1.0, "smile": 1.0},
            spot(mouth + 0.2 * unit * down, _MOUTH, 0.85),
        ),
    ]
