"""Nose, cheeks, and the wrinkles of expressions and age."""

from __future__ import annotations

from services.render.easing import clamp
from services.render.layered.eyes import EYE_Y
from services.render.layered.looks import Look
from services.render.layered.svg import HeadTurn, closed_curve, ellipse, group, open_curve, path, stroke
from services.render.pose import Pose

_SIDES = (-1, 1)
_FRECKLES = ((-17, -2), (-9, -5), (-11, 4), (-2, 1), (6, -4), (4, 6), (14, 1), (-4, -9))


def nose(look: Look, pose: Pose, turn: HeadTurn) -> str:
    wide, wrinkle = look.nose_width, clamp(pose.nose)
    up = -3.5 * wrinkle
    wing = 14.5 * wide + 1.5 * wrinkle
    shaded_side = closed_curve([
        (3.0, -42.0), (8.0, -16.0), (9.0 * wide, 2.0), (wing + 1.0, 12.0 + up), (6.0, 14.0), (3.5, 2.0), (2.5, -16.0),
    ])
    under = closed_curve([
        (-0.95 * wing, 12.0 + up), (-0.5 * wing, 16.0 + up), (0.0, 20.0 + 0.5 * up), (0.5 * wing, 16.0 + up),
        (0.95 * wing, 12.0 + up), (0.5 * wing, 21.5 + up), (0.0, 24.5 + 0.5 * up), (-0.5 * wing, 21.5 + up),
    ])
    nostrils, wings, wrinkles = "", "", ""
    for s in _SIDES:
        nostrils += closed_curve([
            (s * 4.0, 17.2 + up), (s * 7.6 * wide, 15.4 + up),
            (s * 10.2 * wide, 17.0 + up), (s * 7.0 * wide, 19.0 + up),
        ])
        wings += open_curve([(s * wing * 0.86, 5.5 + up), (s * wing * 1.04, 11.5 + up), (s * wing * 0.84, 17.5 + up)])
        wrinkles += open_curve([(s * 3.0, -34.0), (s * 8.0, -38.0), (s * 11.0, -37.0)])
        wrinkles += open_curve([(s * 3.0, -40.0), (s * 8.0, -43.0), (s * 11.0, -41.0)])
    content = (
        path(shaded_side, "url(#noseside)", opacity=0.55)
        + path(under, look.skin_shade, opacity=0.5)
        + ellipse(0.0, 10.0 + up, 13.0 * wide, 10.0, "url(#tip)", opacity=0.8)
        + ellipse(-2.0, -18.0, 4.2, 24.0, "url(#shine)", opacity=0.5)
        + path(nostrils, look.skin_line, opacity=0.8)
        + stroke(wings, look.skin_line, 1.7, opacity=0.5 + 0.2 * wrinkle)
        + stroke(wrinkles, look.skin_line, 1.5, opacity=0.5 * wrinkle)
        + ellipse(-3.0, 6.5 + up, 4.2, 3.0, "#ffffff", opacity=0.3)
    )
    return group(content, transform=turn.decal(0.0, 32.0, lift=13.0))


def cheeks(look: Look, pose: Pose, turn: HeadTurn) -> str:
    return "".join(_cheek(look, pose, turn, side) for side in _SIDES)


def _cheek(look: Look, pose: Pose, turn: HeadTurn, side: int) -> str:
    smile = clamp(pose.smile)
    content = ellipse(0.0, -4.0 * smile, 30.0, 22.0, "url(#blush)", opacity=0.55 + 0.25 * smile)
    lit = 0.35 + 0.25 * smile
    content += ellipse(-side * 2.0 - 3.0, -10.0 - 4.0 * smile, 17.0, 10.0, "url(#shine)", opacity=lit)
    if look.freckles:
        for x, y in _FRECKLES:
            content += ellipse(side * x, y - 8.0, 1.0, 1.0, look.skin_line, opacity=0.3)
    return group(content, transform=turn.decal(side * 55.0 * look.face_width, 44.0))


def wrinkles(look: Look, pose: Pose, turn: HeadTurn) -> str:
    """Wrinkles from the nose to the mouth, between the brows, and across an old forehead."""
    smile, furrow, raised = clamp(pose.smile), clamp(pose.furrow), clamp(pose.brow_left)
    parts: list[str] = []
    deep = clamp(0.5 * smile + 0.35 * look.lines + 0.6 * clamp(pose.nose) + 0.15 * clamp(pose.width))
    for side in _SIDES:
        fold = open_curve([(side * -7.0, -16.0), (side * 2.0, -2.0 - 2.0 * smile), (side * (5.0 + 3.0 * smile), 14.0)])
        line = stroke(fold, look.skin_line, 1.9, opacity=0.55 * deep)
        parts.append(group(line, transform=turn.decal(side * 33.0, 58.0, lift=2.0)))
    frown = "".join(open_curve([(side * 4.5, -9.0), (side * 3.6, 0.0), (side * 5.0, 8.0)]) for side in _SIDES)
    between = stroke(frown, look.skin_line, 1.7, opacity=0.55 * furrow)
    parts.append(group(between, transform=turn.decal(0.0, EYE_Y - 22.0)))
    if look.lines:
        bent = 4.0 * clamp(max(pose.brow_left, pose.sorrow))
        crease = open_curve([(-26.0, 2.0), (-8.0, -bent), (10.0, -bent), (28.0, 1.0)])
        line = stroke(crease, look.skin_line, 1.5, opacity=0.22 * look.lines + 0.2 * raised)
        parts.extend(group(line, transform=turn.decal(0.0, height)) for height in (-84.0, -72.0))
    return "".join(parts)
