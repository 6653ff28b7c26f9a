"""Detects the face in an image and fits a mesh to it, or refuses the image with a reason.

The networks are MediaPipe's detector, its mesh of 468 points and its irises, which OpenCV runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from bus.errors import InvalidInput
from services.models.catalogue import FACE_LANDMARKS
from services.models.verification import verify
from services.render.photo.decoding import Pixels
from services.render.photo.eye_finder import EyeFinder
from services.render.photo.networks import forward, network_input

_DETECTOR, _MESH, _IRISES = FACE_LANDMARKS.files

Points: TypeAlias = NDArray[np.float32]
"""[count, 2 or 3], x y (z) in pixels; z grows away from the viewer."""

MIN_WIDTH = 72
"""Minimum width of a face from cheek to cheek, pixels."""
_MAX_YAW = 35.0
"""Degrees to the side; beyond it half of the face is not visible enough to be animated."""
_MIN_SCORE = 0.6
"""Minimum confidence of the networks, 0 to 1."""
_SECOND_FACE_SIZE = 0.5
"""A second face of at least this share of the largest one's size counts; a smaller one is in the background."""
_EDGE_TOLERANCE, _MAX_OUTSIDE = 0.03, 0.02
"""A face is cut off if more than this share of its mesh lies outside of the image by more than the mesh's error, in
widths of the face."""
_MAX_OVERLAP = 0.3
"""Intersection over union from which two detections are the same face."""
_DETECTOR_SIDE, _MESH_SIDE = 256, 192
"""Pixels on a side of the networks' inputs."""
_MARGIN = 1.5
"""Side of the mesh network's crop, in face sizes."""

LEFT_CHEEK, RIGHT_CHEEK = 234, 454
LEFT_EYE = (33, 160, 158, 133, 153, 144)
"""Outer corner, two points of the upper lid, inner corner, two points of the lower lid; left in the image."""
RIGHT_EYE = (362, 385, 387, 263, 373, 380)
_FACE_POINTS, _WITH_IRISES = 468, 478
MOUTH_LEFT, MOUTH_RIGHT, LIP_TOP, LIP_BOTTOM = 61, 291, 13, 14


@dataclass(frozen=True)
class DetectedFace:
    """One face in an image."""

    mesh: Points
    """MediaPipe's 468 points, and five of each iris, [478, 3]; older portraits have no irises, [468, 3]."""

    @property
    def yaw(self) -> float:
        """Degrees that the head is turned to the side."""
        x, _, z = self.mesh[RIGHT_CHEEK] - self.mesh[LEFT_CHEEK]
        return float(np.degrees(np.arctan2(z, x)))

    @property
    def width(self) -> float:
        """From cheek to cheek, pixels."""
        return float(np.linalg.norm(self.mesh[RIGHT_CHEEK, :2] - self.mesh[LEFT_CHEEK, :2]))

    @property
    def lip_ratio(self) -> float:
        """Opening of the lips: height over width of the mouth."""
        return self._ratio((LIP_TOP, LIP_BOTTOM), (MOUTH_LEFT, MOUTH_RIGHT))

    @property
    def eye_ratios(self) -> tuple[float, float]:
        """Opening of the eyes, left and right in the image: height over width."""
        return self._ratio((159, 145), (33, 133)), self._ratio((386, 374), (362, 263))

    def iris(self, corner: int) -> tuple[float, float, float] | None:
        """x and y of the centre of an iris, and its radius, pixels; None where the mesh has no irises.

        Args:
            corner: of the eye that it is in, the left one in the image.
        """
        if len(self.mesh) < _WITH_IRISES:
            return None
        first = _FACE_POINTS + (0 if corner == LEFT_EYE[0] else 5)
        centre, *around = self.mesh[first : first + 5, :2]
        radius = float(np.mean([np.linalg.norm(point - centre) for point in around]))
        return float(centre[0]), float(centre[1]), radius

    def _ratio(self, height: tuple[int, int], width: tuple[int, int]) -> float:
        a, b, c, d = (self.mesh[i, :2] for i in (*height, *width))
        return float(np.linalg.norm(a - b) / (np.linalg.norm(c - d) + 1e-6))


@dataclass(frozen=True)
class _Detection:
    score: float
    box: NDArray[np.float64]
    """left, top, right, bottom"""
    eyes: NDArray[np.float64]
    """[2, 2]"""

    @property
    def side(self) -> float:
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    @property
    def centre(self) -> NDArray[np.float64]:
        return (self.box[:2] + self.box[2:]) / 2.0


class FaceDetector:
    """Detects the one face that an image shows.

    Args:
        folder: of the models.
    Raises:
        ConfigurationError: a model is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        # OpenCV's newer engine returns only one of several outputs.
        engine = cv2.dnn.ENGINE_CLASSIC
        self._detector = cv2.dnn.readNetFromTFLite(str(verify(_DETECTOR, folder)), engine)
        self._mesh = cv2.dnn.readNetFromTFLite(str(verify(_MESH, folder)), engine)
        self._eyes = EyeFinder(_IRISES, folder)
        cells = [(side, x, y) for side, boxes in ((16, 2), (8, 6)) for y in range(side) for x in range(side)
                 for _ in range(boxes)]
        self._anchors = np.array([((x + 0.5) / side, (y + 0.5) / side) for side, x, y in cells])

    def detect(self, image: Pixels) -> DetectedFace:
        """The face, with its mesh.

        Raises:
            InvalidInput: there is no face, several, or one that cannot be animated; the detail says which and why.
        """
        detections = self._detections(image)
        if not detections:
            raise InvalidInput("no face was found; it should look into the camera and fill a good part of the picture")
        largest, *others = sorted(detections, key=lambda one: -one.side)
        rivals = [one for one in others if one.side >= _SECOND_FACE_SIZE * largest.side]
        if rivals:
            raise InvalidInput(f"there are {1 + len(rivals)} faces in the picture; cut out the one that shall speak")
        face = self._fit_mesh(image, largest)
        if face.width < MIN_WIDTH:
            raise InvalidInput(
                f"the face is only {face.width:.0f} pixels wide, at least {MIN_WIDTH} are needed; take a larger picture"
            )
        if abs(face.yaw) > _MAX_YAW:
            raise InvalidInput(
                f"the face looks {abs(face.yaw):.0f} degrees to the side, at most {_MAX_YAW:.0f} can be moved; "
                "take a picture from the front"
            )
        low, high = -_EDGE_TOLERANCE * face.width, np.array(image.shape[1::-1]) + _EDGE_TOLERANCE * face.width
        if float(((face.mesh[:, :2] < low) | (face.mesh[:, :2] > high)).any(axis=1).mean()) > _MAX_OUTSIDE:
            raise InvalidInput("part of the face is outside of the picture; take one that shows all of it")
        return face

    def _detections(self, image: Pixels) -> list[_Detection]:
        height, width = image.shape[:2]
        side = max(height, width)
        left, top = (side - width) // 2, (side - height) // 2
        square = np.zeros((side, side, 3), np.uint8)
        square[top : top + height, left : left + width] = image
        small = cv2.resize(square, (_DETECTOR_SIDE, _DETECTOR_SIDE), interpolation=cv2.INTER_AREA)
        self._detector.setInput(network_input(small / np.float32(127.5) - np.float32(1.0)))
        boxes, scores = forward(self._detector, ("regressors", "classificators"))
        confidence = 1.0 / (1.0 + np.exp(-np.clip(scores[0, :, 0], -50.0, 50.0)))
        detections = []
        for index in np.flatnonzero(confidence > _MIN_SCORE):
            box = boxes[0, index].reshape(8, 2) / _DETECTOR_SIDE
            centre, size, points = box[0] + self._anchors[index], box[1], box[2:] + self._anchors[index]
            corners = np.concatenate((centre - size / 2.0, centre + size / 2.0)) * side - (left, top, left, top)
            detections.append(_Detection(float(confidence[index]), corners, points[:2] * side - (left, top)))
        return _without_overlaps(detections)

    def _fit_mesh(self, image: Pixels, detection: _Detection) -> DetectedFace:
        """The mesh, fitted twice: the second time in a crop around the first one."""
        across = detection.eyes[1] - detection.eyes[0]
        mesh, score = self._run_mesh(image, detection.centre, _MARGIN * detection.side, across)
        if score > _MIN_SCORE:
            low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
            across = mesh[263, :2] - mesh[33, :2]
            mesh, score = self._run_mesh(image, (low + high) / 2.0, _MARGIN * float((high - low).max()), across)
        if score <= _MIN_SCORE:
            raise InvalidInput("no face can be seen clearly enough; take a picture from the front, in good light")
        return DetectedFace(self._eyes.refine(image, mesh).astype(np.float32))

    def _run_mesh(
        self, image: Pixels, centre: NDArray[np.floating], side: float, across: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], float]:
        """The mesh in a crop of the image, [468, 3], and its score.

        Args:
            side: of the crop, pixels of the image.
            across: from one eye to the other; this direction is horizontal in the crop.
        """
        angle = float(np.degrees(np.arctan2(across[1], across[0])))
        scale = _MESH_SIDE / side
        matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), angle, scale)
        matrix[:, 2] = matrix[:, 2] + _MESH_SIDE / 2.0 - centre
        square = cv2.warpAffine(image, matrix, (_MESH_SIDE, _MESH_SIDE))
        self._mesh.setInput(network_input(square / np.float32(255.0)))
        points, logit = forward(self._mesh, ("conv2d_20", "conv2d_30"))
        mesh = points.reshape(468, 3).astype(np.float64)
        back = cv2.invertAffineTransform(matrix)
        mesh[:, :2] = mesh[:, :2] @ back[:, :2].T + back[:, 2]
        mesh[:, 2] /= scale
        return mesh, float(1.0 / (1.0 + np.exp(-np.clip(logit.ravel()[0], -50.0, 50.0))))


def _without_overlaps(detections: list[_Detection]) -> list[_Detection]:
    """Non-maximum suppression: the best detection of each face, which several cells of the detector may find."""
    kept: list[_Detection] = []
    for one in sorted(detections, key=lambda one: -one.score):
        if all(_overlap(one.box, other.box) < _MAX_OVERLAP for other in kept):
            kept.append(one)
    return kept


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Intersection over union of two boxes."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = float(np.prod(np.maximum(sides, 0.0)))
    return shared / float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)
