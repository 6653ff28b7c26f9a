"""The head itself: skull and jaw, ears, neck; and what is worn: clothes, glasses."""

from __future__ import annotations

import math

from services.render.easing import clamp
from services.render.layered import features
from services.render.layered.features import EYE_X, EYE_Y
from services.render.layered.looks import Look
from services.render.layered.svg import (
    Depth,
    Turn,
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

_OUTLINE: tuple[Depth, ...] = (
    (0.0, -138.0, 10.0), (50.0, -127.0, 10.0), (84.0, -92.0, 6.0), (97.0, -38.0, 0.0), (96.5, 12.0, 0.0),
    (91.0, 48.0, 6.0), (75.0, 87.0, 18.0), (47.0, 117.0, 32.0), (21.0, 131.0, 42.0), (0.0, 134.0, 44.0),
)


NECK_Y = 150.0
"""Below the middle of the head, what the head tilts about."""


def outline(look: Look, pose: Pose) -> list[Depth]:
    """The edge of the face; the jaw takes the chin down with it."""
    drop = 15.0 * clamp(pose.jaw)
    points: list[Depth] = []
    for x, y, z in _OUTLINE:
        low = clamp((y - 30.0) / 100.0)
        wide = look.face_width * (1.0 + (look.jaw_width - 1.0) * clamp((y + 10.0) / 90.0))
        points.append((x * wide, y * (1.0 + (look.chin - 1.0) * low) + drop * low * low, z))
    return mirrored(points)


def skull(look: Look, pose: Pose, turn: Turn) -> str:
    data = closed_curve(turn.points(outline(look, pose)))
    skin = path(data, "url(#skin)") + path(data, "url(#faceside)")
    return skin + clip("face", data) + group(features.cheeks(look, pose, turn), clip="face")


def ears(look: Look, turn: Turn) -> str:
    parts: list[str] = []
    for side in (-1, 1):
        wide = look.face_width * side
        shell = [(93 * wide, -16, -14), (108 * wide, -22, -22), (116 * wide, -4, -24), (110 * wide, 20, -20),
                 (100 * wide, 38, -14), (92 * wide, 34, -8)]
        fold = [(98 * wide, -8, -14), (107 * wide, -12, -20), (110 * wide, 0, -20), (104 * wide, 14, -16),
            (99 * wide, 22, -12)]
        parts.append(path(closed_curve(turn.points(shell)), "url(#ear)"))
        parts.append(stroke(open_curve(turn.points(fold)), look.skin_line, 2.2, opacity=0.5))
        if look.earrings:
            x, y = turn.point(101 * wide, 44, -12)
            parts.append(ellipse(x, y, 4.2, 4.2, look.earrings) + ellipse(x - 1.2, y - 1.4, 1.4, 1.4, "#ffffff",
                opacity=0.8))
    return "".join(parts)


def neck(look: Look, pose: Pose, turn: Turn) -> str:
    """In the picture's frame, with its upper end under the turned jaw."""
    x, y = turn.point(0.0, 96.0, -8.0)
    x += math.radians(pose.roll) * (NECK_Y - y)
    wide = 42.0 * look.neck
    column = closed_curve([
        (x - wide, y - 20), (x - wide, y - 20), (x - wide * 0.97, y + 30), (-wide * 1.08, 172), (-wide * 1.9, 205),
            (-wide * 1.9, 205),
        (0, 262), (wide * 1.9, 205), (wide * 1.9, 205), (wide * 1.08, 172), (x + wide * 0.97, y + 30),
            (x + wide, y - 20),
        (x + wide, y - 20),
    ])
    drop = 15.0 * clamp(pose.jaw)
    shadow = closed_curve([
        (x - wide, y), (x - wide * 0.98, y + 36), (x * 0.8 - wide * 0.4, 164 + drop),
            (x * 0.8 + wide * 0.55, 168 + drop), (x + wide * 0.98, y + 34),
        (x + wide, y),
    ])
    collarbones = "".join(
        stroke(open_curve([(s * 14, 204), (s * 36, 196), (s * 66, 196)]), look.skin_line, 2.4,
            opacity=0.28) for s in (-1, 1)
    )
    return path(column, "url(#neck)") + path(shadow, look.skin_shade, opacity=0.75) + path(shadow, look.skin_line,
        opacity=0.18) + collarbones


def clothes(look: Look, pose: Pose) -> str:
    """In the picture's frame; the chest follows the breath."""
    wide, up = look.shoulders, -9.0 * pose.shoulders - 2.6 * pose.breath
    swell = 1.0 + 0.008 * pose.breath
    s = wide * swell
    body = (
        f"M{-58 * s:.1f} {188 + up:.1f}C{-100 * s:.1f} {204 + up:.1f} {-158 * s:.1f} {214 + up:.1f} "
        f"{-186 * s:.1f} {262 + up:.1f}"
        f"L{-200 * s:.1f} 300L{200 * s:.1f} 300L{186 * s:.1f} {262 + up:.1f}"
        f"C{158 * s:.1f} {214 + up:.1f} {100 * s:.1f} {204 + up:.1f} {58 * s:.1f} {188 + up:.1f}"
    )
    return _CLOTHES[look.clothes](look, body, up, s)


def _knit(look: Look, body: str, up: float, s: float) -> str:
    neckline = f"C{44 * s:.1f} {236 + up:.1f} {-44 * s:.1f} {236 + up:.1f} {-58 * s:.1f} {188 + up:.1f}Z"
    rib = open_curve([(-57 * s, 190 + up), (-36 * s, 216 + up), (0, 226 + up), (36 * s, 216 + up), (57 * s, 190 + up)])
    folds = stroke(open_curve([(-120 * s, 228 + up), (-112 * s, 262 + up), (-120 * s, 290)]), look.cloth_dark, 4,
        opacity=0.5)
    folds += stroke(open_curve([(122 * s, 226 + up), (114 * s, 260 + up), (122 * s, 290)]), look.cloth_dark, 4,
        opacity=0.5)
    return path(body + neckline, "url(#cloth)") + folds + stroke(rib, look.cloth_dark, 12) + stroke(rib,
        look.cloth_light, 8)


def _hoodie(look: Look, body: str, up: float, s: float) -> str:
    neckline = f"C{40 * s:.1f} {232 + up:.1f} {-40 * s:.1f} {232 + up:.1f} {-58 * s:.1f} {188 + up:.1f}Z"
    collar = open_curve([(-48 * s, 194 + up), (-26 * s, 214 + up), (0, 220 + up), (26 * s, 214 + up),
        (48 * s, 194 + up)])
    hood = ""
    for side in (-1, 1):
        hood += path(closed_curve([(side * 50 * s, 168 + up), (side * 50 * s, 168 + up), (side * 84 * s, 186 + up),
            (side * 92 * s, 206 + up),
                                   (side * 60 * s, 242 + up), (side * 22 * s, 270 + up), (side * 22 * s, 270 + up),
                                       (side * 44 * s, 226 + up)]), "url(#hood)")
        hood += stroke(f"M{side * 30 * s:.1f} {258 + up:.1f}q{side * 4} 20 {side * 2} 60", look.under, 4.5,
            opacity=0.95)
    return path(body + neckline, "url(#cloth)") + stroke(collar, look.under,
        10) + hood


def _blouse(look: Look, body: str, up: float, s: float) -> str:
    neckline = f"L{4 * s:.1f} {252 + up:.1f}L{-4 * s:.1f} {252 + up:.1f}L{-58 * s:.1f} {188 + up:.1f}Z"
    collars = ""
    for side in (-1, 1):
        collars += path(closed_curve([(side * 54 * s, 182 + up), (side * 54 * s, 182 + up),
            (side * 88 * s, 206 + up), (side * 70 * s, 252 + up), (side * 70 * s, 252 + up),
                                      (side * 40 * s, 240 + up), (side * 6 * s, 280 + up),
                                          (side * 6 * s, 280 + up)]), "url(#hood)")
    return path(body + neckline, "url(#cloth)") + collars


def _shirt(look: Look, body: str, up: float, s: float) -> str:
    neckline = f"L{4 * s:.1f} {248 + up:.1f}L{-4 * s:.1f} {248 + up:.1f}L{-58 * s:.1f} {188 + up:.1f}Z"
    parts = path(body + neckline, "url(#cloth)")
    for side in (-1, 1):
        parts += path(closed_curve([(side * 48 * s, 176 + up), (side * 48 * s, 176 + up), (side * 74 * s, 198 + up),
            (side * 52 * s, 244 + up), (side * 52 * s, 244 + up),
                                    (side * 30 * s, 226 + up), (side * 3 * s, 252 + up), (side * 3 * s, 252 + up)]),
                                        look.under)
    return parts + stroke(f"M0 {252 + up:.1f}V300", look.cloth_dark, 3, opacity=0.7)


_CLOTHES = {"knit": _knit, "hoodie": _hoodie, "blouse": _blouse, "shirt": _shirt}


def glasses(look: Look, turn: Turn) -> str:
    if not look.glasses:
        return ""
    frame = "#3b3540"
    parts: list[str] = []
    for side in (-1, 1):
        lens = ellipse(0, 1, 36, 31, "#dff1ff", opacity=0.12)
        lens += f'<ellipse cx="0" cy="1" rx="36" ry="31" fill="none" stroke="{frame}" stroke-width="3.6"/>'
        lens += stroke("M-23 -11q7 -11 17 -12", "#ffffff", 3.0, opacity=0.5)
        parts.append(group(lens, transform=turn.patch(side * EYE_X, EYE_Y, lift=16.0)))
        hinge, temple = turn.point(side * 80, EYE_Y - 4, 76.0), turn.point(side * 101, EYE_Y - 2, -10.0)
        parts.append(stroke(open_curve([hinge, temple]), frame, 3.6))
    bridge = turn.points([(-10, EYE_Y - 2, 108.0), (0, EYE_Y - 7, 112.0), (10, EYE_Y - 2, 108.0)])
    return "".join(parts) + stroke(open_curve(bridge), frame, 3.6)
