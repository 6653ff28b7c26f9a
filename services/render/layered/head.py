"""The head: face and jaw, ears, neck."""

from __future__ import annotations

import math

from services.render.easing import clamp
from services.render.layered.features import cheeks
from services.render.layered.looks import Look
from services.render.layered.svg import (
    HeadTurn,
    Point3,
    clip,
    closed_curve,
    ellipse,
    group,
    mirrored,
    open_curve,
    path,
    stroke,
)
from services.render.pose import Pose

NECK_Y = 150.0
"""Height of the point that the head tilts about, below the centre of the head."""

_OUTLINE: tuple[Point3, ...] = (
    (0.0, -138.0, 10.0), (50.0, -127.0, 10.0), (84.0, -92.0, 6.0), (97.0, -38.0, 0.0), (96.5, 12.0, 0.0),
    (91.0, 48.0, 6.0), (75.0, 87.0, 18.0), (47.0, 117.0, 32.0), (21.0, 131.0, 42.0), (0.0, 134.0, 44.0),
)
"""The right half of the face's outline, from the crown to the chin."""


def jaw_drop(pose: Pose) -> float:
    """How far the jaw lowers the chin."""
    return 15.0 * clamp(pose.jaw)


def skull(look: Look, pose: Pose, turn: HeadTurn) -> str:
    """The skin of the face with the cheeks; the jaw lowers the chin."""
    drop = jaw_drop(pose)
    points: list[Point3] = []
    for x, y, z in _OUTLINE:
        low = clamp((y - 30.0) / 100.0)
        wide = look.face_width * (1.0 + (look.jaw_width - 1.0) * clamp((y + 10.0) / 90.0))
        points.append((x * wide, y * (1.0 + (look.chin - 1.0) * low) + drop * low * low, z))
    data = closed_curve(turn.project_all(mirrored(points)))
    skin = path(data, "url(#skin)") + path(data, "url(#faceside)")
    return skin + clip("face", data) + group(cheeks(look, pose, turn), clip="face")


def ears(look: Look, turn: HeadTurn) -> str:
    return "".join(_ear(look, turn, side) for side in (-1, 1))


def _ear(look: Look, turn: HeadTurn, side: int) -> str:
    shell: list[Point3] = [
        (93, -16, -14), (108, -22, -22), (116, -4, -24), (110, 20, -20), (100, 38, -14), (92, 34, -8),
    ]
    fold: list[Point3] = [(98, -8, -14), (107, -12, -20), (110, 0, -20), (104, 14, -16), (99, 22, -12)]
    wide = side * look.face_width

    def placed(points: list[Point3]) -> list[tuple[float, float]]:
        return turn.project_all((x * wide, y, z) for x, y, z in points)

    ear = path(closed_curve(placed(shell)), "url(#ear)")
    ear += stroke(open_curve(placed(fold)), look.skin_line, 2.2, opacity=0.5)
    if look.earrings:
        x, y = turn.project(101 * wide, 44, -12)
        ear += ellipse(x, y, 4.2, 4.2, look.earrings) + ellipse(x - 1.2, y - 1.4, 1.4, 1.4, "#ffffff", opacity=0.8)
    return ear


def neck(look: Look, pose: Pose, turn: HeadTurn) -> str:
    """The neck, in coordinates of the drawing, with its upper end below the turned and tilted jaw."""
    x, y = turn.project(0.0, 96.0, -8.0)
    x += math.radians(pose.roll) * (NECK_Y - y)
    wide = 42.0 * look.neck
    column = closed_curve([
        (x - wide, y - 20), (x - wide, y - 20), (x - 0.97 * wide, y + 30), (-1.08 * wide, 172),
        (-1.9 * wide, 205), (-1.9 * wide, 205), (0, 262), (1.9 * wide, 205), (1.9 * wide, 205),
        (1.08 * wide, 172), (x + 0.97 * wide, y + 30), (x + wide, y - 20), (x + wide, y - 20),
    ])
    low = 166.0 + jaw_drop(pose)
    shadow = closed_curve([
        (x - wide, y), (x - 0.98 * wide, y + 36), (0.8 * x - 0.4 * wide, low - 2), (0.8 * x + 0.55 * wide, low + 2),
        (x + 0.98 * wide, y + 34), (x + wide, y),
    ])
    collarbones = "".join(open_curve([(s * 14, 204), (s * 36, 196), (s * 66, 196)]) for s in (-1, 1))
    return (
        path(column, "url(#neck)")
        + path(shadow, look.skin_shade, opacity=0.75)
        + path(shadow, look.skin_line, opacity=0.18)
        + stroke(collarbones, look.skin_line, 2.4, opacity=0.28)
    )
