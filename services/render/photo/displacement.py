"""Displacement fields of a portrait: how far each point moves for each control of a pose; the fields add up.

Each control pushes the surroundings of a few points of the face's mesh, weighted by Gaussians around them. Head
movement follows the mesh's depth: nearer points move further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.photo.crop import SIDE
from services.render.photo.face_detector import LEFT_EYE, MOUTH_LEFT, MOUTH_RIGHT, RIGHT_EYE, DetectedFace
from services.render.pose import Pose

CELLS = 128
"""Resolution of the fields, which are interpolated when they are used."""
_CELL = SIDE / CELLS

Field = NDArray[np.float32]
"""[2, CELLS, CELLS], x and y, in pixels of the portrait."""


@dataclass(frozen=True)
class PointDisplacement:
    """A movement of some points of the mesh; lengths in distances between the eyes."""

    points: tuple[int, ...]
    x: float
    y: float
    radius: float


_BROW_RAISE, _WIDE_LID = 0.13, 0.05
"""How far brows rise, and how far above their place upper lids may be, in distances between the eyes."""
_LEFT_BROW, _RIGHT_BROW = (70, 63, 105, 66, 107), (336, 296, 334, 293, 300)
_LEFT_INNER, _RIGHT_INNER = (107, 55), (336, 285)
_POINT_DISPLACEMENTS: Mapping[str, tuple[PointDisplacement, ...]] = {
    "smile": (
        PointDisplacement((MOUTH_LEFT,), -0.05, -0.09, 0.3), PointDisplacement((MOUTH_RIGHT,), 0.05, -0.09, 0.3),
        PointDisplacement((50,), -0.01, -0.04, 0.3), PointDisplacement((280,), 0.01, -0.04, 0.3),
    ),
    # Cheeks go along: what moved the corners alone would press the folds beside them, and beards, into waves.
    "width": (PointDisplacement((MOUTH_LEFT,), -0.10, 0.0, 0.32), PointDisplacement((MOUTH_RIGHT,), 0.10, 0.0, 0.32)),
    "pucker": (PointDisplacement((MOUTH_LEFT,), 0.12, 0.0, 0.32), PointDisplacement((MOUTH_RIGHT,), -0.12, 0.0, 0.32)),
    "jaw": (PointDisplacement((MOUTH_LEFT,), 0.025, 0.04, 0.34), PointDisplacement((MOUTH_RIGHT,), -0.025, 0.04, 0.34)),
    "brow_left": (PointDisplacement(_LEFT_BROW, 0.0, -_BROW_RAISE, 0.24),),
    "brow_right": (PointDisplacement(_RIGHT_BROW, 0.0, -_BROW_RAISE, 0.24),),
    "furrow": (PointDisplacement(_LEFT_INNER, 0.05, 0.06, 0.16), PointDisplacement(_RIGHT_INNER, -0.05, 0.06, 0.16)),
    "sorrow": (PointDisplacement(_LEFT_INNER, 0.01, -0.1, 0.16), PointDisplacement(_RIGHT_INNER, -0.01, -0.1, 0.16)),
    "squint": (PointDisplacement((145,), 0.0, -0.035, 0.14), PointDisplacement((374,), 0.0, -0.035, 0.14)),
    "nose": (PointDisplacement((98, 2, 327), 0.0, -0.05, 0.17),),
}
_ABOVE_LIDS = ("brow_left", "brow_right", "furrow", "sorrow")
_UPPER_LIDS = (33, 160, 159, 158, 133, 362, 385, 386, 387, 263)
_LOWER_BROWS = (46, 53, 52, 65, 55, 285, 295, 282, 283, 276)
"""From left to right."""
_AXIS_DEPTH_YAW, _AXIS_DEPTH_PITCH = 0.1, 0.3
"""Distance of the axes that the head turns and nods about behind the edge of the face, in widths of the face: an axis
through the head leaves its outline, and the background, in place; a nod is from the neck."""
_PARALLAX = 1.35
"""Exaggeration of the mesh's depth, which is flatter than a face."""
_NECK = 0.9
"""From the chin to the shoulders, in distances between the eyes."""
MOUTH = ("smile", "width", "pucker", "jaw")
"""Controls that move the corners of the mouth."""


def eye_distance(face: DetectedFace) -> float:
    """Distance between the centres of the eyes, pixels; the unit of lengths in a face."""
    left, right = (face.mesh[[eye[0], eye[3]], :2].mean(axis=0) for eye in (LEFT_EYE, RIGHT_EYE))
    return float(np.linalg.norm(right - left))


def weight(pose: Pose, name: str) -> float:
    """How much of a control's field a pose has. Corners of a mouth go up further than they go down."""
    value = float(getattr(pose, name))
    return 0.65 * value if name == "smile" and value < 0.0 else value


class DisplacementFields:
    """The displacement fields of one portrait."""

    def __init__(self, face: DetectedFace) -> None:
        unit = eye_distance(face)
        centres = (np.arange(CELLS, dtype=np.float32) + 0.5) * _CELL - 0.5
        self._x, self._y = np.meshgrid(centres, centres)
        zero = np.zeros((2, CELLS, CELLS), np.float32)
        above_lids = self._above_lids(face, unit)
        fields = {
            name: sum((self._point_field(face, part, unit) for part in parts), zero)
            * (above_lids if name in _ABOVE_LIDS else np.float32(1.0))
            for name, parts in _POINT_DISPLACEMENTS.items()
        }
        within = self._within_face(face, unit)
        fields |= {name: fields[name] * within for name in MOUTH}
        fields |= self._head_fields(face, unit) | self._body_fields(face, unit)
        self._names = tuple(fields)
        self._stack = np.stack([fields[name].ravel() for name in self._names])

    def displacement(self, pose: Pose) -> Field:
        """The displacement of each cell from the portrait in a pose."""
        weights = np.array([weight(pose, name) for name in self._names], np.float32)
        return np.asarray((weights @ self._stack).reshape(2, CELLS, CELLS), np.float32)

    def along(self, names: Sequence[str], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
        """The fields of some controls along a line of the portrait, [names, 2, points], in pixels."""
        cells = (np.stack((x, y)) + 0.5) / _CELL - 0.5
        planes = self._stack.reshape(-1, 2, CELLS, CELLS)
        return np.stack([
            [cv2.remap(plane, cells[0][None], cells[1][None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
             for plane in planes[self._names.index(name)]] for name in names
        ])  # fmt: skip

    def _point_field(self, face: DetectedFace, part: PointDisplacement, unit: float) -> Field:
        """The field of one displacement: full at its points, fading around them."""
        radius = part.radius * unit
        near = np.zeros((CELLS, CELLS), np.float32)
        for x, y in face.mesh[list(part.points), :2]:
            near = np.maximum(near, np.exp(-0.5 * ((self._x - x) ** 2 + (self._y - y) ** 2) / (0.6 * radius) ** 2))
        if len(part.points) > 1:
            near = np.asarray(cv2.GaussianBlur(near, (0, 0), 0.25 * radius / _CELL), np.float32)
        return np.stack((part.x * unit * near, part.y * unit * near)).astype(np.float32)

    def _above_lids(self, face: DetectedFace, unit: float) -> NDArray[np.float32]:
        """1 from the brows up to 0 at the upper lids, so that brows move without stretching the eyes."""
        points = face.mesh[[*_UPPER_LIDS, *_LOWER_BROWS], :2]
        lids, brows = points[: len(_UPPER_LIDS)], points[len(_UPPER_LIDS) :]
        lid = np.interp(self._x[0], lids[:, 0], lids[:, 1]) - _WIDE_LID * unit
        # A point moves by the field where it arrives, so the field is full where raised brows arrive.
        raised = np.interp(self._x[0], brows[:, 0], brows[:, 1]) - _BROW_RAISE * unit
        return np.asarray(np.clip((lid - self._y) / np.maximum(lid - raised, 0.1 * unit), 0.0, 1.0), np.float32)

    def _within_face(self, face: DetectedFace, unit: float) -> NDArray[np.float32]:
        """1 inside of the face, fading to 0 at its outline: what is behind a cheek does not move with the mouth."""
        outline = cv2.convexHull(face.mesh[:, :2] / _CELL).astype(np.int32)
        inside = cv2.fillConvexPoly(np.zeros((CELLS, CELLS), np.uint8), outline, 1)
        share = np.clip(cv2.distanceTransform(inside, cv2.DIST_L2, 5) * _CELL / (0.25 * unit), 0.0, 1.0)
        return np.asarray(share * share * (3.0 - 2.0 * share), np.float32)

    def _head_fields(self, face: DetectedFace, unit: float) -> dict[str, Field]:
        """Fields of yaw, pitch and roll, for one degree each."""
        mesh = face.mesh
        low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
        half_width, half_height = (high - low) / 2.0
        middle_x, middle_y = (low + high) / 2.0
        # The mesh ends at the forehead; the hair above it moves with the head.
        distance = np.hypot(
            (self._x - middle_x) / (1.15 * half_width), (self._y - middle_y + 0.25 * half_height) / (1.35 * half_height)
        )
        share = np.clip((2.2 - distance) / 1.3, 0.0, 1.0)
        # The neck bends between the chin and the shoulders, which stay, and so does hair that lies on them.
        bent = np.clip((high[1] + _NECK * unit - self._y) / (_NECK * unit), 0.0, 1.0)
        head = share * share * (3.0 - 2.0 * share) * bent * bent * (3.0 - 2.0 * bent)
        elevation = _PARALLAX * self._elevation(face)
        aside, forward = ((elevation + depth * face.width) * head for depth in (_AXIS_DEPTH_YAW, _AXIS_DEPTH_PITCH))
        degree = np.pi / 180.0
        neck = high[1] + 0.35 * half_height
        zero = np.zeros_like(head)
        return {
            "yaw": np.stack((degree * aside, zero)).astype(np.float32),
            "pitch": np.stack((zero, degree * forward)).astype(np.float32),
            "roll": np.stack((degree * (neck - self._y) * head, degree * (self._x - middle_x) * head)).astype(
                np.float32
            ),
        }

    def _elevation(self, face: DetectedFace) -> NDArray[np.float32]:
        """How far each cell of the face stands out from its edge, pixels; smooth, and 0 outside of the face."""
        radius = 0.035 * SIDE
        total = np.zeros((CELLS, CELLS), np.float32)
        weight = np.full((CELLS, CELLS), 1e-2, np.float32)
        edge = float(np.percentile(face.mesh[:, 2], 90))
        for x, y, z in face.mesh[::3]:
            gaussian = np.exp(-0.5 * ((self._x - x) ** 2 + (self._y - y) ** 2) / radius**2)
            total += gaussian * max(edge - z, 0.0)
            weight += gaussian
        return np.asarray(total / weight, np.float32)

    def _body_fields(self, face: DetectedFace, unit: float) -> dict[str, Field]:
        """Fields of breathing and shrugging, which raise everything below the chin."""
        chin = float(face.mesh[152, 1])
        share = np.clip((self._y - chin - 0.1 * unit) / (1.2 * unit), 0.0, 1.0)
        up = -(share * share * (3.0 - 2.0 * share))
        zero = np.zeros_like(up)
        return {
            "breath": np.stack((zero, 0.035 * unit * up)).astype(np.float32),
            "shoulders": np.stack((zero, 0.10 * unit * up)).astype(np.float32),
        }
