"""Clothes and glasses."""

from __future__ import annotations

from services.render.layered.eyes import EYE_X, EYE_Y
from services.render.layered.looks import Look
from services.render.layered.svg import HeadTurn, Point, closed_curve, ellipse, group, open_curve, path, stroke
from services.render.pose import Pose

_BODY = "M-58 188C-100 204 -158 214 -186 262L-206 340L206 340L186 262C158 214 100 204 58 188"
"""From the left of the neck down, across and up to the right of it; the neckline closes the path."""


def clothes(look: Look, pose: Pose) -> str:
    """The clothes, in coordinates of the drawing; the chest follows the breath."""
    up = -9.0 * pose.shoulders - 2.6 * pose.breath
    wide = look.shoulders * (1.0 + 0.008 * pose.breath)
    return group(_CLOTHES[look.clothes](look), transform=f"matrix({wide:.4f} 0 0 1 0 {up:.2f})")


def _both(points: list[Point]) -> str:
    """A closed curve and its mirror image."""
    return closed_curve(points) + closed_curve([(-x, y) for x, y in points])


def _knit(look: Look) -> str:
    rib = open_curve([(-57, 190), (-36, 216), (0, 226), (36, 216), (57, 190)])
    folds = "M-120 228Q-108 262 -120 300M122 226Q110 260 122 300"
    return (
        path(_BODY + "C44 236 -44 236 -58 188Z", "url(#cloth)")
        + stroke(folds, look.cloth_dark, 4, opacity=0.5)
        + stroke(rib, look.cloth_dark, 12)
        + stroke(rib, look.cloth_light, 8)
    )


def _hoodie(look: Look) -> str:
    collar = open_curve([(-48, 194), (-26, 214), (0, 220), (26, 214), (48, 194)])
    hood = _both([(50, 168), (50, 168), (84, 186), (92, 206), (60, 242), (22, 270), (22, 270), (44, 226)])
    return (
        path(_BODY + "C40 232 -40 232 -58 188Z", "url(#cloth)")
        + stroke(collar, look.under, 10)
        + path(hood, "url(#hood)")
        + stroke(hood, look.cloth_dark, 2.5, opacity=0.35)
        + stroke("M-30 258q-4 20 -2 60M30 258q4 20 2 60", look.under, 4.5, opacity=0.95)
    )


def _blouse(look: Look) -> str:
    collar = _both([(54, 182), (54, 182), (88, 206), (70, 252), (70, 252), (40, 240), (6, 280), (6, 280)])
    return (
        path(_BODY + "L4 252L-4 252L-58 188Z", "url(#cloth)")
        + path(collar, "url(#hood)")
        + stroke(collar, look.cloth_dark, 2.5, opacity=0.35)
    )


def _shirt(look: Look) -> str:
    collar = _both([(48, 176), (48, 176), (74, 198), (52, 244), (52, 244), (30, 226), (3, 252), (3, 252)])
    return (
        path(_BODY + "L4 248L-4 248L-58 188Z", "url(#cloth)")
        + path(collar, look.under)
        + stroke(collar, look.cloth_dark, 2.0, opacity=0.25)
        + stroke("M0 252V340", look.cloth_dark, 3, opacity=0.7)
    )


_CLOTHES = {"knit": _knit, "hoodie": _hoodie, "blouse": _blouse, "shirt": _shirt}


def glasses(look: Look, turn: HeadTurn) -> str:
    if not look.glasses:
        return ""
    frame = "#3b3540"
    lens = (
        ellipse(0, 1, 36, 31, "#dff1ff", opacity=0.12)
        + f'<ellipse cx="0" cy="1" rx="36" ry="31" fill="none" stroke="{frame}" stroke-width="3.6"/>'
        + stroke("M-23 -11q7 -11 17 -12", "#ffffff", 3.0, opacity=0.5)
    )
    bridge = turn.project_all([(-10, EYE_Y - 2, 108.0), (0, EYE_Y - 7, 112.0), (10, EYE_Y - 2, 108.0)])
    parts = [stroke(open_curve(bridge), frame, 3.6)]
    for side in (-1, 1):
        parts.append(group(lens, transform=turn.decal(side * EYE_X, EYE_Y, lift=16.0)))
        temple = turn.project_all([(side * 80, EYE_Y - 4, 76.0), (side * 101, EYE_Y - 2, -10.0)])
        parts.append(stroke(open_curve(temple), frame, 3.6))
    return "".join(parts)
