"""Measures animated photographs: the mouth and who it is with dlib's points and embedding, which have no part in making
them; the eyes with MediaPipe's network for lids, found anew in each frame: dlib's points do not see that eyes are shut.

`python -m bench.photo_faces --models FOLDER PHOTO...`, with `pip install dlib-bin==20.0.1.post1` beside, and a folder
with `shape_predictor_68_face_landmarks.dat` and `dlib_face_recognition_resnet_model_v1.dat`, as the package
face_recognition_models 0.3.0 has them. The points were trained on pictures for research only: nothing of this ships.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.machine import machine
from bus.errors import InvalidInput, VisavisError
from bus.settings import read_settings
from services.models.catalogue import FACE_LANDMARKS
from services.models.loading import fetch_and_verify
from services.render.coarticulation import MOUTH_SHAPES
from services.render.contact_sheet import blink_poses, emotion_poses, turn_poses, viseme_poses
from services.render.photo.face_detector import LEFT_EYE, RIGHT_EYE, FaceDetector
from services.render.photo.portrait_maker import PortraitMaker
from services.render.photo.warp import WarpedFace
from services.render.pose import Pose

SIZE = 512
SAME_PERSON = 0.6
"""Distance of two embeddings below which dlib's authors take them for one person."""
_LEFT_EYE, _RIGHT_EYE = range(36, 42), range(42, 48)

Points = NDArray[np.float64]
"""[68, 2], pixels."""


@dataclass(frozen=True)
class Measured:
    eye: float
    """Height of the eyes by their width, of the wider one."""
    mouth: float
    """Height of the opening between the lips, in distances between the eyes."""
    embedding: NDArray[np.float64]


class Mesh:
    """Finds the points and the embedding of the face in a frame."""

    def __init__(self, models: Path, networks: Path) -> None:
        import dlib  # only for this

        self._again = FaceDetector(networks)
        self._detect = dlib.get_frontal_face_detector()
        self._predict = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
        self._embed = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))

    def measure(self, frame: NDArray[np.uint8]) -> Measured | None:
        """What it finds in a frame, [size, size, 3], red green blue; None: no face."""
        faces = self._detect(frame, 0) or self._detect(frame, 1)
        if not faces:
            return None
        shape = self._predict(frame, max(faces, key=lambda one: int(one.area())))
        points: Points = np.array([(one.x, one.y) for one in shape.parts()], np.float64)
        embedding: Any = self._embed.compute_face_descriptor(frame, shape)
        between = float(np.linalg.norm(points[_LEFT_EYE].mean(axis=0) - points[_RIGHT_EYE].mean(axis=0)))
        gap = float(np.linalg.norm(points[62] - points[66])) / between
        return Measured(self._eyes(frame), gap, np.array(embedding))

    def _eyes(self, frame: NDArray[np.uint8]) -> float:
        try:
            mesh = self._again.detect(frame).mesh[:, :2].astype(np.float64)
        except InvalidInput:
            return float("nan")
        return max(_opening(mesh[list(LEFT_EYE)]), _opening(mesh[list(RIGHT_EYE)]))


def _opening(eye: Points) -> float:
    """Of the six points of `LEFT_EYE`: its height by its width."""
    height = np.linalg.norm(eye[1] - eye[5]) + np.linalg.norm(eye[2] - eye[4])
    return float(height / (2.0 * np.linalg.norm(eye[0] - eye[3])))


def poses() -> Mapping[str, list[Pose]]:
    """What is looked at, by name."""
    visemes = dict(zip(MOUTH_SHAPES, viseme_poses(), strict=True))
    return {
        "rest": [Pose()],
        "shut eyes": [Pose(lid_left=0.0, lid_right=0.0)],
        "wide eyes": [Pose(lid_left=1.4, lid_right=1.4)],
        "aa": [visemes["aa"]],
        "PP": [visemes["PP"].plus(press=0.0)],
        "all": [*emotion_poses(), *viseme_poses(), *blink_poses(), *turn_poses()],
    }


def row(name: str, draw: Callable[[Pose], NDArray[np.uint8]], mesh: Mesh) -> str:
    """A row of the table for one photograph."""
    found: dict[str, list[Measured | None]] = {
        what: [mesh.measure(draw(pose)) for pose in several] for what, several in poses().items()
    }
    rest = found["rest"][0]
    if rest is None:
        return f"| {name} | no face is found at rest | | | | | | |"
    far = [float(np.linalg.norm(one.embedding - rest.embedding)) for one in found["all"] if one is not None]
    lost = sum(one is None for one in found["all"])
    eyes = [_number(found[what][0], "eye") for what in ("rest", "shut eyes", "wide eyes")]
    mouths = [_number(found[what][0], "mouth") for what in ("rest", "PP", "aa")]
    missed = f", {lost} of {len(found['all'])} not found" if lost else ""
    return f"| {name} | {' | '.join([*eyes, *mouths])} | {np.median(far):.2f} ({max(far):.2f}){missed} |"


def _number(found: Measured | None, field: str) -> str:
    return "not found" if found is None else f"{getattr(found, field):.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--models", type=Path, required=True, help="folder with dlib's two files")
    arguments = parser.parse_args()
    settings = read_settings(os.environ)
    maker = PortraitMaker.fetching(settings)
    mesh = Mesh(arguments.models, fetch_and_verify(FACE_LANDMARKS, settings))
    print(f"{machine()}\n")
    print("| photograph | eyes at rest | shut | wide | mouth at rest | PP | aa | distance to the face at rest, of 36 |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for photo in arguments.photos:
        try:
            face = WarpedFace(maker.make(photo.read_bytes()), SIZE)
        except VisavisError as error:
            print(f"| {photo.stem} | refused: {error} | | | | | | |")
            continue
        print(row(photo.stem, face.pixels, mesh), flush=True)
    return 0


if __name__ == "__main__":
    cv2.setNumThreads(1)
    sys.exit(main())
