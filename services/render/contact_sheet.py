"""Draws contact sheets: the built-in looks, or photographs, in rows of eight poses.

`python -m services.render.contact_sheet OUT.png [PIXELS OF A TILE] [--photos FILE OR FOLDER ...] [--rows visemes,gaze]`
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from bus.errors import InvalidInput, VisavisError
from bus.settings import read_settings
from services.render import coarticulation
from services.render.emotions import EmotionBlend
from services.render.layered.looks import LOOKS
from services.render.layered.renderer import LayeredRenderer
from services.render.photo.portrait_maker import PortraitMaker
from services.render.photo.warp import WarpedFace
from services.render.pose import EMOTIONS, Pose

_TILE_SIZE = 256
_COLUMNS = 8

Tile: TypeAlias = NDArray[np.uint8]
"""[size, size, 3], blue green red."""
Draw: TypeAlias = Callable[[Pose], Tile]


def emotion_poses() -> list[Pose]:
    """One pose for each of EMOTIONS."""
    poses = []
    for emotion in EMOTIONS:
        offsets = EmotionBlend(emotion, emotion, 1.0).offsets(0.0)
        poses.append(Pose(smile=0.12).plus(**offsets))
    return poses


def viseme_poses() -> list[Pose]:
    """One pose for each viseme, at the loudness of a clear voice."""
    shapes = coarticulation.MOUTH_SHAPES.items()
    return [Pose(smile=0.12).plus(speaking=float(viseme != "sil"), **shape) for viseme, shape in shapes]


def blink_poses() -> list[Pose]:
    """A blink in steps, then each lid alone and both wide open."""
    steps = [Pose(lid_left=lid, lid_right=lid) for lid in (0.8, 0.6, 0.4, 0.2, 0.0)]
    return [*steps, Pose(lid_left=0.0), Pose(lid_right=0.0), Pose(lid_left=1.4, lid_right=1.4)]


def gaze_poses() -> list[Pose]:
    """The eyes to all sides."""
    around = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1))
    return [Pose(gaze_x=x, gaze_y=y) for x, y in around]


def turn_poses() -> list[Pose]:
    """The head to all sides, then breathing."""
    turns = [Pose(yaw=-12), Pose(yaw=12), Pose(pitch=-12), Pose(pitch=12), Pose(roll=-10), Pose(roll=10)]
    return [*turns, Pose(yaw=12, pitch=8, roll=-6), Pose(breath=1.0, shoulders=1.0)]


ROWS: Mapping[str, Callable[[], list[Pose]]] = {
    "emotions": emotion_poses, "visemes": viseme_poses, "blinks": blink_poses, "gaze": gaze_poses, "turns": turn_poses,
}  # fmt: skip


def contact_sheet(draw: Draw, rows: Iterable[str] = ROWS) -> Tile:
    """The poses of a face, each of `rows` filled up with the face at rest, [height, width, 3], blue green red."""
    poses = [pose for name in rows for pose in _filled(ROWS[name]())]
    tiles = [draw(pose) for pose in poses]
    return np.vstack([np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)])


def _filled(poses: list[Pose]) -> list[Pose]:
    return poses + [Pose()] * (-len(poses) % _COLUMNS)


def _built_in_looks(size: int) -> Iterator[Draw]:
    renderer = LayeredRenderer(size)
    for look in LOOKS:
        face = renderer.face(look)
        yield lambda pose, face=face: face.pixels(pose)[:, :, :3].copy()  # type: ignore[misc]


def _photos(paths: Sequence[Path], size: int) -> Iterator[Draw]:
    """The faces of photographs; says on stderr which of them show none.

    Raises:
        VisavisError: the models that find faces are missing.
    """
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else (path,))]
    maker = PortraitMaker.fetching(read_settings(os.environ))
    for file in files:
        try:
            face = WarpedFace(maker.make(file.read_bytes()), size)
        except (InvalidInput, OSError) as error:
            print(f"{file.name} is left out: {error}", file=sys.stderr)
            continue
        print(file.name, file=sys.stderr)
        yield lambda pose, face=face: np.ascontiguousarray(face.pixels(pose)[:, :, ::-1])  # type: ignore[misc]


def _row_names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - ROWS.keys():
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: rows are {', '.join(ROWS)}")
    return names


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.render.contact_sheet")
    parser.add_argument("out", metavar="OUT.png", type=Path)
    parser.add_argument("size", metavar="PIXELS OF A TILE", type=int, nargs="?", default=_TILE_SIZE)
    parser.add_argument("--photos", metavar="FILE OR FOLDER", type=Path, nargs="+", help="instead of the looks")
    parser.add_argument("--rows", type=_row_names, default=list(ROWS), help=f"of {','.join(ROWS)}; all by default")
    try:
        parsed = parser.parse_args(arguments)
    except SystemExit as usage:
        return int(usage.code or 0)
    try:
        faces = _photos(parsed.photos, parsed.size) if parsed.photos else _built_in_looks(parsed.size)
        sheets = [contact_sheet(draw, parsed.rows) for draw in faces]
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 1
    if not sheets:
        print("error: none of these photos shows a face that can be animated", file=sys.stderr)
        return 1
    encoded, data = cv2.imencode(".png", np.vstack(sheets))
    assert encoded
    parsed.out.write_bytes(data.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
