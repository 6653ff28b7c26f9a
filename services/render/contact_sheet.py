"""Draws a contact sheet of the built-in looks: `python -m services.render.contact_sheet OUT.png [PIXELS OF A TILE]`."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render import coarticulation
from services.render.emotions import EmotionBlend
from services.render.layered.looks import LOOKS
from services.render.layered.renderer import LayeredFace, LayeredRenderer
from services.render.pose import EMOTIONS, Pose

_TILE_SIZE = 256
_HEAD_AND_EYES = (
    Pose(yaw=-18), Pose(yaw=18), Pose(pitch=-12), Pose(pitch=14), Pose(roll=12), Pose(lid_left=0, lid_right=0),
    Pose(gaze_x=-1), Pose(gaze_x=1, gaze_y=0.6),
)


def emotion_poses() -> list[Pose]:
    """One pose for each of EMOTIONS."""
    poses = []
    for emotion in EMOTIONS:
        offsets = EmotionBlend(emotion, emotion, 1.0).offsets(0.0)
        poses.append(Pose(smile=0.12).plus(**offsets))
    return poses


def viseme_poses() -> list[Pose]:
    """One pose for each viseme, at the loudness of a clear voice."""
    return [Pose(smile=0.12).plus(**shape) for shape in coarticulation.MOUTH_SHAPES.values()]


def contact_sheet(face: LayeredFace) -> NDArray[np.uint8]:
    """All poses of a face in rows of eight, [height, width, 3], blue green red."""
    poses = [*emotion_poses(), *viseme_poses(), *_HEAD_AND_EYES]
    poses += [Pose()] * (-len(poses) % 8)
    tiles = [face.pixels(pose)[:, :, :3].copy() for pose in poses]
    return np.vstack([np.hstack(tiles[row : row + 8]) for row in range(0, len(tiles), 8)])


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2 or not "".join(arguments[1:] or "1").isdecimal():
        print("usage: python -m services.render.contact_sheet OUT.png [PIXELS OF A TILE]", file=sys.stderr)
        return 2
    renderer = LayeredRenderer(int(arguments[1]) if len(arguments) > 1 else _TILE_SIZE)
    image = np.vstack([contact_sheet(renderer.face(look)) for look in LOOKS])
    encoded, data = cv2.imencode(".png", image)
    assert encoded
    Path(arguments[0]).write_bytes(data.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
