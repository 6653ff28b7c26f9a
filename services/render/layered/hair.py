"""Hair and beards, in front of and behind the head."""

from __future__ import annotations

import math
from collections.abc import Sequence

from services.render.easing import clamp
from services.render.layered.head import jaw_drop
from services.render.layered.looks import Look
from services.render.layered.svg import (
    HeadTurn,
    Point3,
    blend,
    closed_curve,
    ellipse,
    mirrored,
    open_curve,
    path,
    stroke,
)
from services.render.pose import Pose


def behind(look: Look, turn: HeadTurn) -> str:
    return _BEHIND[look.hair](look, turn)


def in_front(look: Look, turn: HeadTurn) -> str:
    return _IN_FRONT[look.hair](look, turn)


def _mirror(points: Sequence[Point3]) -> list[Point3]:
    return [(-x, y, z) for x, y, z in points]


def _strands(turn: HeadTurn, strands: Sequence[Sequence[Point3]], colour: str, width: float, opacity: float) -> str:
    return stroke("".join(open_curve(turn.project_all(strand)) for strand in strands), colour, width, opacity=opacity)


def _long_behind(look: Look, turn: HeadTurn) -> str:
    mass = mirrored([
        (0, -157, -10), (60, -150, -20), (110, -110, -30), (127, -30, -40), (126, 40, -42), (139, 100, -38),
        (132, 150, -34), (140, 196, -30), (104, 216, -26), (70, 200, -26), (52, 120, -50), (0, 100, -60),
    ])
    waves = [[(s * 118, -20, -36), (s * 116, 50, -36), (s * 128, 110, -34), (s * 118, 170, -30)] for s in (-1, 1)]
    waves += [[(s * 104, 40, -36), (s * 100, 90, -36), (s * 112, 140, -34), (s * 100, 200, -30)] for s in (-1, 1)]
    back = path(closed_curve(turn.project_all(mass)), "url(#hairback)")
    return back + _strands(turn, waves, look.hair_light, 4.0, 0.35)


def _long_front(look: Look, turn: HeadTurn) -> str:
    right: list[Point3] = [
        (24, -134, 70), (24, -134, 70), (26, -154, 52), (40, -166, 30), (84, -146, 20), (112, -98, 10), (121, -40, 2),
        (117, 20, -4), (123, 70, -8), (114, 118, -8), (114, 118, -8), (103, 64, 2), (99, 14, 10), (97, -26, 24),
        (88, -58, 44), (62, -88, 64), (38, -110, 72),
    ]
    left: list[Point3] = [
        (24, -134, 70), (24, -134, 70), (22, -154, 52), (6, -169, 34), (-52, -162, 26), (-100, -120, 14),
        (-121, -62, 4), (-123, 0, -2), (-127, 60, -6), (-117, 122, -8), (-117, 122, -8), (-105, 66, 2), (-100, 10, 10),
        (-98, -20, 22), (-90, -44, 44), (-62, -66, 70), (-22, -86, 84), (10, -112, 82),
    ]
    light: list[list[Point3]] = [
        [(14, -134, 72), (-36, -116, 68), (-82, -80, 44), (-102, -32, 14)],
        [(4, -148, 56), (-52, -136, 42), (-98, -92, 18), (-113, -30, 4)],
        [(36, -136, 60), (70, -114, 50), (96, -72, 26), (107, -16, 8)],
    ]
    dark: list[list[Point3]] = [
        [(18, -124, 78), (-30, -100, 76), (-74, -68, 58), (-98, -26, 22)],
        [(36, -124, 68), (64, -98, 60), (90, -62, 38), (101, -14, 12)],
        [(12, -146, 60), (-44, -148, 36), (-96, -112, 16), (-117, -50, 4)],
        [(-104, 20, 4), (-112, 60, -2), (-114, 104, -6)], [(107, 20, 4), (113, 60, -2), (110, 104, -6)],
    ]
    crown: list[Point3] = [
        (24, -130, 74), (-20, -150, 56), (-60, -152, 26), (0, -168, 22), (70, -150, 22), (50, -146, 52),
    ]
    shadow: list[Point3] = [
        (24, -120, 82), (12, -100, 88), (-20, -76, 90), (-60, -56, 74), (-90, -32, 46), (-97, 0, 18), (-92, -44, 44),
        (-62, -70, 70), (-22, -90, 84),
    ]
    return (
        path(closed_curve(turn.project_all(shadow)), look.skin_line, opacity=0.26)
        + path(closed_curve(turn.project_all(crown)), blend(look.hair_light, look.hair_colour, 0.3))
        + path(closed_curve(turn.project_all(right)), "url(#hair)")
        + path(closed_curve(turn.project_all(left)), "url(#hair)")
        + _strands(turn, dark, look.hair_dark, 2.6, 0.35)
        + _strands(turn, light, look.hair_light, 7.0, 0.45)
    )


def _quiff_behind(look: Look, turn: HeadTurn) -> str:
    mass = mirrored([
        (0, -158, -14), (60, -150, -18), (100, -108, -24), (104, -50, -26), (100, -4, -22), (88, 20, -30), (0, 40, -60),
    ])
    return path(closed_curve(turn.project_all(mass)), "url(#hairback)")


def _quiff_front(look: Look, turn: HeadTurn) -> str:
    sides = ""
    for s in (-1, 1):
        side: list[Point3] = [
            (s * 70, -128, 20), (s * 97, -94, 4), (s * 100, -44, -4), (s * 99, 6, -4), (s * 99, 6, -4),
            (s * 92, -30, 16), (s * 86, -62, 34), (s * 76, -92, 46),
        ]
        sides += path(closed_curve(turn.project_all(side)), "url(#hairback)")
    top: list[Point3] = [
        (-88, -84, 36), (-88, -84, 36), (-100, -116, 16), (-84, -150, 16), (-40, -172, 24), (14, -178, 34),
        (60, -168, 34), (94, -138, 20), (96, -100, 20), (84, -78, 40), (84, -78, 40), (72, -104, 60), (40, -116, 80),
        (8, -108, 88), (-24, -100, 86), (-58, -104, 66), (-80, -98, 46),
    ]
    light: list[list[Point3]] = [
        [(-70, -104, 52), (-58, -136, 40), (-20, -158, 38), (24, -166, 36)],
        [(-34, -106, 80), (-16, -136, 62), (24, -152, 50), (62, -152, 36)],
        [(14, -112, 88), (34, -134, 66), (66, -138, 46), (84, -124, 30)],
    ]
    dark: list[list[Point3]] = [
        [(-52, -106, 70), (-36, -134, 54), (4, -154, 46), (44, -162, 36)],
        [(-10, -106, 88), (8, -134, 66), (44, -144, 50), (76, -138, 34)],
        [(44, -114, 78), (62, -126, 56), (80, -118, 40)],
    ]
    shadow: list[Point3] = [
        (-86, -78, 44), (-56, -94, 70), (-22, -90, 90), (12, -97, 92), (44, -104, 84), (84, -70, 44), (60, -110, 70),
        (0, -120, 80), (-60, -110, 60),
    ]
    return (
        path(closed_curve(turn.project_all(shadow)), look.skin_line, opacity=0.28)
        + sides
        + path(closed_curve(turn.project_all(top)), "url(#hair)")
        + _strands(turn, dark, look.hair_dark, 3.2, 0.55)
        + _strands(turn, light, look.hair_light, 4.6, 0.45)
    )


def _curl_ring(reach: float, count: int, rx: float, ry: float, z: float) -> list[Point3]:
    """Points on an arc over the head, from `reach` radians left of the crown to `reach` radians right of it."""
    angles = [reach * (2.0 * i / (count - 1) - 1.0) for i in range(count)]
    return [(rx * math.sin(a), -52 - ry * math.cos(a), z) for a in angles]


def _curls(look: Look, turn: HeadTurn, ring: list[Point3], size: float, *, lit: float) -> str:
    """Round locks along a ring, each a little different, with a highlight on each."""
    locks: list[str] = []
    highlights: list[str] = []
    for i, (x, y) in enumerate(turn.project_all(ring)):
        r = size * (1.0 + 0.16 * math.sin(i * 2.4 + size))
        x, y = x + 0.12 * size * math.sin(i * 3.7), y + 0.14 * size * math.cos(i * 2.9)
        locks.append(ellipse(x, y, r, r, "url(#curl)"))
        # A filled crescent: outlines take several times as long to draw.
        t, thin = 0.66 * r, 0.5 * r
        highlights.append(
            f"M{x - t:.1f} {y + 0.25 * t:.1f}c0 {-1.5 * t:.1f} {2 * t:.1f} {-1.5 * t:.1f} {2 * t:.1f} {-0.1 * t:.1f}"
            f"c{-0.2 * t:.1f} {-1.4 * thin:.1f} {-1.6 * t:.1f} {-1.4 * thin:.1f} {-2 * t:.1f} {0.1 * t:.1f}Z"
        )
    return "".join(locks) + path("".join(highlights), look.hair_light, opacity=lit)


def _curls_behind(look: Look, turn: HeadTurn) -> str:
    x, y = turn.project(0, -56, -34)
    return (
        _curls(look, turn, _curl_ring(2.4, 23, 128, 116, -40), 22.0, lit=0.18)
        + ellipse(x, y, 128, 114, look.hair_colour)
    )


def _curls_front(look: Look, turn: HeadTurn) -> str:
    shadow = turn.project_all([
        (-88, -40, 20), (-70, -84, 60), (-30, -100, 84), (0, -104, 90), (30, -100, 84), (70, -84, 60), (88, -40, 20),
        (70, -110, 50), (0, -130, 70), (-70, -110, 50),
    ])
    return (
        path(closed_curve(shadow), look.skin_line, opacity=0.35)
        + _curls(look, turn, _curl_ring(1.75, 19, 107, 104, 0), 18.0, lit=0.3)
        + _curls(look, turn, _curl_ring(1.62, 17, 97, 90, 26), 16.5, lit=0.38)
        + _curls(look, turn, _curl_ring(1.4, 15, 84, 74, 50), 14.5, lit=0.45)
    )


def _silver_behind(look: Look, turn: HeadTurn) -> str:
    mass = mirrored([
        (0, -150, -10), (56, -142, -16), (94, -104, -24), (112, -52, -28), (114, 0, -26), (104, 40, -24),
        (80, 60, -40), (0, 60, -60),
    ])
    return path(closed_curve(turn.project_all(mass)), "url(#hairback)")


def _silver_front(look: Look, turn: HeadTurn) -> str:
    parts = ""
    for s in (-1, 1):
        side: list[Point3] = [
            (s * 62, -132, 24), (s * 94, -106, 6), (s * 110, -60, -8), (s * 110, -14, -12), (s * 100, 20, -6),
            (s * 100, 20, -6), (s * 93, -20, 14), (s * 88, -56, 32), (s * 76, -88, 46),
        ]
        parts += path(closed_curve(turn.project_all(side)), "url(#hair)")
    top: list[Point3] = [
        (-76, -100, 46), (-76, -100, 46), (-84, -130, 14), (-44, -156, 20), (10, -162, 24), (58, -152, 20),
        (86, -124, 14), (78, -98, 44), (78, -98, 44), (54, -112, 60), (16, -114, 72), (-12, -108, 74),
        (-46, -114, 62),
    ]
    light: list[list[Point3]] = [
        [(-60, -118, 48), (-30, -142, 40), (16, -150, 36), (54, -140, 30)],
        [(-20, -124, 64), (10, -140, 50), (44, -142, 36), (72, -124, 30)],
        [(-98, -90, 0), (-106, -50, -8), (-104, -8, -8)], [(98, -90, 0), (106, -50, -8), (104, -8, -8)],
    ]
    dark: list[list[Point3]] = [
        [(-44, -124, 58), (-10, -142, 46), (30, -148, 38)], [(-92, -84, 14), (-98, -44, 4), (-98, -4, 0)],
        [(92, -84, 14), (98, -44, 4), (98, -4, 0)], [(20, -126, 64), (46, -134, 46), (66, -126, 36)],
    ]
    return (
        parts
        + path(closed_curve(turn.project_all(top)), "url(#hair)")
        + _strands(turn, dark, look.hair_dark, 2.6, 0.55)
        + _strands(turn, light, "#ffffff", 3.6, 0.6)
    )


def beard(look: Look, pose: Pose, turn: HeadTurn) -> str:
    """The beard, drawn before the mouth; the moustache is drawn after it."""
    if not look.beard:
        return ""
    drop, w = jaw_drop(pose), look.jaw_width
    outer: list[Point3] = [
        (98 * w, -2, -2), (99 * w, 40, 2), (90 * w, 84, 14), (62 * w, 122 + drop, 32), (30, 142 + drop, 44),
        (0, 147 + drop, 48),
    ]
    inner: list[Point3] = [
        (0, 70, 98), (0, 70, 98), (22, 66, 96), (38, 72, 84), (56, 80, 70), (74, 62, 46), (86, 30, 22), (91, -2, 8),
        (91, -2, 8),
    ]
    ring = outer + _mirror(outer[-2::-1]) + _mirror(inner[:1:-1]) + inner
    hairs: list[list[Point3]] = []
    for i in range(-4, 5):
        x, out = i * 14.0, abs(i)
        hairs.append([
            (x, 108 + 0.7 * drop - out, 70 - 6 * out),
            (0.96 * x, 122 + drop - 2.4 * out, 60 - 6 * out),
            (0.86 * x, 134 + drop - 4 * out, 50 - 5 * out),
        ])
    return path(closed_curve(turn.project_all(ring)), "url(#hair)") + _strands(turn, hairs, look.hair_dark, 2.0, 0.5)


def moustache(look: Look, pose: Pose, turn: HeadTurn) -> str:
    if not look.beard:
        return ""
    up = -4.0 * clamp(pose.upper) - 2.0 * clamp(pose.smile) - 4.0 * clamp(pose.jaw) + 2.0 * clamp(pose.press)
    wide = 1.0 + 0.12 * clamp(pose.width, -1.0, 1.0) - 0.16 * clamp(pose.pucker)
    rise = 7.0 * clamp(pose.smile, -1.0, 1.0)
    half: list[Point3] = [
        (0, 60 + up, 104), (12 * wide, 57 + up, 102), (30 * wide, 66 + up - rise * 0.4, 92),
        (44 * wide, 80 + up - rise, 80), (44 * wide, 80 + up - rise, 80), (26 * wide, 78 + up - rise * 0.4, 94),
        (8 * wide, 73 + up, 104),
    ]
    hairs: list[list[Point3]] = [
        [(s * 5, 62 + up, 104), (s * 16 * wide, 66 + up, 100), (s * 30 * wide, 74 + up - rise * 0.6, 92)]
        for s in (-1, 1)
    ]
    return (
        path(closed_curve(turn.project_all(half)), "url(#hair)")
        + path(closed_curve(turn.project_all(_mirror(half))), "url(#hair)")
        + _strands(turn, hairs, look.hair_dark, 1.8, 0.5)
    )


_BEHIND = {"long": _long_behind, "quiff": _quiff_behind, "curls": _curls_behind, "silver": _silver_behind}
_IN_FRONT = {"long": _long_front, "quiff": _quiff_front, "curls": _curls_front, "silver": _silver_front}
