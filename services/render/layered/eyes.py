"""Eyes and brows."""

from __future__ import annotations

from dataclasses import dataclass

from services.render.easing import clamp, lerp
from services.render.layered.looks import Look
from services.render.layered.svg import (
    HeadTurn,
    Point,
    blend,
    clip,
    closed_curve,
    ellipse,
    group,
    open_curve,
    path,
    stroke,
)
from services.render.pose import Pose

EYE_X, EYE_Y = 45.0, -4.0
_HALF = 26.0
_TOP, _BOTTOM = -15.5, 12.5
"""Heights of the lids of a relaxed eye."""
_IRIS = 14.2


@dataclass(frozen=True)
class _Lids:
    """The outlines of one eye, relative to its centre; the outer corner points away from the nose."""

    upper: list[Point]
    """From the inner corner to the outer one."""
    lower: list[Point]
    """From the outer corner to the inner one."""
    crease: list[Point]

    @property
    def opening(self) -> str:
        return open_curve(self.upper) + open_curve(self.lower, start="L") + "Z"


def eyes(look: Look, pose: Pose, turn: HeadTurn) -> str:
    return "".join(_eye(look, pose, turn, side) for side in (-1, 1))


def _eye(look: Look, pose: Pose, turn: HeadTurn, side: int) -> str:
    lid = clamp(pose.lid_left if side < 0 else pose.lid_right, 0.0, 1.45)
    squint = clamp(pose.squint)
    lids = _lids(look, side, lid, squint)
    name = "left" if side < 0 else "right"
    ball = (
        path(lids.opening, "url(#white)")
        + _iris(look, 9.0 * clamp(pose.gaze_x, -1.0, 1.0), 6.0 * clamp(pose.gaze_y, -1.0, 1.0) - 1.2)
        + stroke(open_curve([(x, y + 2.2) for x, y in lids.upper]), "#3a2a33", 5.5, opacity=0.22)
    )
    folded = open_curve(lids.crease) + open_curve(lids.upper[::-1], start="L") + "Z"
    bag = open_curve([(1.02 * x, y + 4.5 + 2.0 * squint) for x, y in lids.lower[1:]])
    content = (
        ellipse(side * 1.5, -1.0, 1.5 * _HALF, 29.0, "url(#socket)", opacity=0.55)
        + path(folded, look.skin_shade, opacity=lerp(0.58, 0.38, clamp(2.0 * lid - 0.6)))
        + clip(name, lids.opening)
        + group(ball, clip=name)
        + stroke(open_curve(lids.lower[:4]), look.skin_line, 1.2, opacity=0.55)
        + _lashes(look, lids.upper, side, lid)
        + stroke(open_curve(lids.crease), look.skin_line, 1.5, opacity=0.55)
        + stroke(bag, look.skin_line, 1.3, opacity=clamp(0.16 + 0.3 * squint + 0.25 * look.lines))
    )
    place = turn.decal(side * EYE_X * look.face_width, EYE_Y)
    return group(content, transform=f"{place} scale({look.eye_size:.3f})")


def _lids(look: Look, side: int, lid: float, squint: float) -> _Lids:
    top = lerp(7.5, _TOP, lid) if lid < 1.0 else _TOP - 10.0 * (lid - 1.0)
    bottom = lerp(8.5, _BOTTOM, clamp(lid)) - 6.5 * squint * clamp(1.5 * lid)
    top = min(top, bottom - 0.4)
    out = side * _HALF
    inner, outer = (-out, 3.0), (out, -0.55 * look.eye_tilt)
    # The fold above the eye moves about half as far as the lid.
    fold = lerp(top, _TOP, 0.55) - 6.0 - 1.5 * clamp(lid - 1.0, 0.0, 0.4) + 1.5 * clamp(1.0 - lid)
    return _Lids(
        upper=[
            inner, (-0.55 * out, lerp(inner[1], top, 0.78)), (-side, top), (0.6 * out, lerp(outer[1], top, 0.82)),
            outer,
        ],
        lower=[
            outer, (0.55 * out, lerp(outer[1], bottom, 0.86)), (-2.0 * side, bottom),
            (-0.62 * out, lerp(inner[1], bottom, 0.72)), inner,
        ],
        crease=[
            (-0.86 * out, -2.5), (-0.45 * out, fold + 2.6), (side, fold), (0.68 * out, fold + 3.8),
            (1.02 * out, outer[1] - 3.5),
        ],
    )


def _iris(look: Look, x: float, y: float) -> str:
    return (
        ellipse(x, y, _IRIS, _IRIS, look.iris_dark)
        + ellipse(x, y, _IRIS - 1.3, _IRIS - 1.3, "url(#iris)")
        + ellipse(x, y, 6.4, 6.4, "#120c10")
        + ellipse(x + 0.5, y + 7.0, 7.6, 4.2, "#ffffff", opacity=0.18)
        + ellipse(x - 4.6, y - 5.4, 4.2, 4.2, "#ffffff", opacity=0.95)
        + ellipse(x + 5.4, y + 4.6, 1.9, 1.9, "#ffffff", opacity=0.75)
    )


def _lashes(look: Look, upper: list[Point], side: int, lid: float) -> str:
    thick, long = 2.6 + 1.2 * look.lashes, 2.5 + 3.5 * look.lashes
    colour = blend(look.hair_dark, "#120a0c", 0.6)
    (x, y), middle = upper[-1], upper[2]
    wing = (x + side * long, y - 1.0 - 3.0 * look.lashes * clamp(lid))
    over = [(x, y - thick * share) for (x, y), share in zip(upper, (0.15, 0.6, 0.95, 1.0, 0.7), strict=True)]
    line = open_curve([*upper, wing, wing]) + open_curve([wing, wing, *over[::-1]], start="L") + "Z"
    hairs = ""
    for at in (0.25, 0.6, 1.0) if look.lashes >= 0.8 else ():
        root = f"M{lerp(middle[0], x, at):.1f} {lerp(middle[1], y, at * at):.1f}"
        hairs += f"{root}l{side * (2.5 + 3.5 * at):.1f} {1.5 * at - 5.0:.1f}"
    return path(line, colour) + stroke(hairs, colour, 1.7, opacity=0.9 if hairs else 0.0)


def brows(look: Look, pose: Pose, turn: HeadTurn) -> str:
    return "".join(_brow(look, pose, turn, side) for side in (-1, 1))


def _brow(look: Look, pose: Pose, turn: HeadTurn, side: int) -> str:
    lift = clamp(pose.brow_left if side < 0 else pose.brow_right, -1.0, 1.2)
    furrow, sorrow = clamp(pose.furrow), clamp(pose.sorrow)
    raised = -12.0 * lift if lift > 0 else -7.0 * lift
    inner = raised + 9.5 * furrow - 9.0 * sorrow
    middle = raised + 0.5 * furrow - 1.0 * sorrow - 2.5 * max(lift, 0.0)
    outer = raised * 0.8 - 2.0 * furrow + 4.0 * sorrow
    arch, thick = 6.5 * look.brow_arch, 3.6 * look.brow_thickness
    shift = -4.5 * furrow - 2.0 * sorrow
    spine = [
        (side * (shift - 25.0), inner - 4.0),
        (side * (0.6 * shift - 10.0), lerp(inner, middle, 0.55) - 5.5),
        (side * 9.0, middle - arch - 0.5),
        (side * 29.0, outer + 2.5),
    ]
    widths = (0.5, 0.95, 0.82, 0.1)
    over = [(x, y - thick * w) for (x, y), w in zip(spine, widths, strict=True)]
    under = [(x, y + thick * w * 0.85) for (x, y), w in zip(spine, widths, strict=True)]
    brow = path(closed_curve([*over, *under[::-1]]), "url(#brow)")
    return group(brow, transform=turn.decal(side * (EYE_X + 1.0) * look.face_width, EYE_Y - 35.0, lift=3.0))
