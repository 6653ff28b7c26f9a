"""Eyes and brows."""

from __future__ import annotations

from dataclasses import dataclass

from services.render.easing import clamp, lerp
from services.render.layered.looks import Look
from services.render.layered.paints import glow
from services.render.layered.picture import (
    HeadTurn,
    Linear,
    Nodes,
    Path,
    Point,
    Radial,
    between,
    blend,
    brush,
    closed_curve,
    ellipse,
    fill,
    group,
    join,
    oval,
    scaled,
)
from services.render.pose import Pose

EYE_X, EYE_Y = 46.0, 1.0
_HALF = 29.0
_TOP, _BOTTOM = -16.5, 14.0
"""Heights of the lids of a relaxed eye."""
_IRIS = 17.5


@dataclass(frozen=True)
class _Lids:
    """The outlines of one eye, relative to its centre; the outer corner points away from the nose."""

    upper: list[Point]
    """From the inner corner to the outer one."""
    lower: list[Point]
    """From the inner corner to the outer one."""
    crease: list[Point]


class Eyes:
    """Both eyes."""

    def __init__(self, look: Look) -> None:
        self._look = look
        white = ((0.0, "#b9adc6", 1.0), (0.35, "#f6f1f6", 1.0), (1.0, "#fffdfb", 1.0))
        self._white = Linear(0.0, _TOP - 2.0, 0.0, _BOTTOM, white)
        light, iris, dark = look.iris_light, look.iris, look.iris_dark
        self._iris = Radial(0.0, 9.0, 25.0, ((0.0, light, 1.0), (0.32, blend(light, iris, 0.6), 1.0), (0.6, iris, 1.0),
                                             (1.0, dark, 1.0)))
        self._socket = glow(0.0, -4.0, 46.0, 38.0, look.skin_shade, 0.8)
        self._lid = blend(look.skin_shade, look.skin, 0.75)
        self._lash = blend(look.hair_dark, "#120a10", 0.65)

    def draw(self, pose: Pose, turn: HeadTurn) -> Nodes:
        return self._eye(pose, turn, -1) + self._eye(pose, turn, 1)

    def _eye(self, pose: Pose, turn: HeadTurn, side: int) -> Nodes:
        look = self._look
        lid = clamp(pose.lid_left if side < 0 else pose.lid_right, 0.0, 1.45)
        squint = clamp(pose.squint)
        joy = clamp(1.5 * squint) * clamp(1.4 * pose.smile) * clamp(2.0 * lid)
        """A smile that reaches the eyes makes crescents of them."""
        lids = _lids(look, side, lid, squint, joy)
        x, y = 10.0 * clamp(pose.gaze_x, -1.0, 1.0), 7.0 * clamp(pose.gaze_y, -1.0, 1.0) - 1.5
        opening = between(lids.upper, lids.lower)
        shade = between(lids.upper, [(px, py + 6.5) for px, py in lids.upper])
        ball = [*fill(opening, self._white), *self._iris_at(x, y, lid), *fill(shade, "#2b1830", 0.28),
                *_glints(x, y, 1.0 - 0.3 * joy)]
        under = brush([(1.02 * px, py + 4.5 + 1.5 * squint) for px, py in lids.lower], 0.0, 2.2 + 1.5 * joy)
        nodes = [
            *ellipse(0.0, -4.0, 46.0, 38.0, self._socket, opacity=0.45),
            *fill(between(lids.crease, lids.upper), self._lid, lerp(0.85, 0.5, clamp(2.0 * lid - 0.6))),
            *group(ball, clip=opening, visible=lid > 0.04),
            *fill(brush(lids.lower, 0.0, 1.6), look.skin_line, 0.6),
            *fill(self._lashes(lids.upper, side, lid), self._lash),
            *fill(brush(lids.crease, 0.0, -2.2), look.skin_line, 0.55),
            *fill(under, look.skin_line, clamp(0.08 + 0.35 * squint + 0.3 * look.lines)),
        ]
        place = turn.decal(side * EYE_X * look.face_width, EYE_Y)
        return group(nodes, matrix=scaled(place, look.eye_size))

    def _iris_at(self, x: float, y: float, lid: float) -> Nodes:
        # Fright and surprise bare the white around the iris.
        r = _IRIS * (1.0 - 0.28 * clamp(lid - 1.05, 0.0, 0.4))
        dark = self._look.iris_dark
        nodes = ellipse(0.0, 0.0, r, r, dark) + ellipse(0.0, 0.0, 0.9 * r, 0.9 * r, self._iris)
        nodes += ellipse(0.0, -0.5, 0.44 * r, 0.46 * r, blend(dark, "#0a0508", 0.75))
        return group(nodes, matrix=(1.0, 0.0, 0.0, 1.0, x, y))

    def _lashes(self, upper: list[Point], side: int, lid: float) -> Path:
        """The line of the upper lashes, with a wing."""
        lashes = self._look.lashes
        thick, long = 3.0 + 1.7 * lashes, 2.0 + 5.0 * lashes
        x, y = upper[-1]
        wing = (x + side * long, y - 1.5 - 4.0 * lashes * clamp(lid))
        over = [(px, py - thick * part) for (px, py), part in zip(upper, (0.1, 0.62, 0.95, 1.0, 0.8), strict=True)]
        return between([*upper, wing, wing], [*over, wing, wing])


def _glints(x: float, y: float, size: float) -> Nodes:
    """The light that a moist eye mirrors; it moves less than the iris does."""
    x, y = 0.8 * x, 0.8 * y
    large = ellipse(x - 5.4, y - 5.4, 5.2 * size, 5.0 * size, "#ffffff", opacity=0.96)
    return large + ellipse(x + 6.2, y + 6.2, 2.5, 2.3, "#ffffff", opacity=0.8)


def _lids(look: Look, side: int, lid: float, squint: float, joy: float) -> _Lids:
    top = lerp(8.5, _TOP, lid) if lid < 1.0 else _TOP - 10.0 * (lid - 1.0)
    top += 1.5 * joy
    bottom = lerp(9.5, _BOTTOM, clamp(lid)) - 7.0 * squint * clamp(1.5 * lid) - 13.5 * joy
    top = min(top, bottom - 0.4)
    out = side * _HALF
    inner, outer = (-out, 4.5), (out, -0.75 * look.eye_tilt)
    # The fold above the eye moves about half as far as the lid.
    fold = lerp(top, _TOP, 0.5) - 7.0 - 2.0 * clamp(lid - 1.0, 0.0, 0.4) + 2.0 * clamp(1.0 - lid)
    return _Lids(
        upper=[
            inner, (-0.6 * out, lerp(inner[1], top, 0.78)), (-0.05 * out, top), (0.6 * out, lerp(outer[1], top, 0.84)),
            outer,
        ],
        lower=[
            inner, (-0.6 * out, lerp(inner[1], bottom, 0.74)), (0.05 * out, bottom),
            (0.6 * out, lerp(outer[1], bottom, 0.86)), outer,
        ],
        crease=[
            (-0.88 * out, -3.0), (-0.5 * out, fold + 3.0), (0.02 * out, fold), (0.66 * out, fold + 3.6),
            (1.02 * out, outer[1] - 4.5),
        ],
    )


class Brows:
    """Both brows."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def draw(self, pose: Pose, turn: HeadTurn) -> Nodes:
        return self._brow(pose, turn, -1) + self._brow(pose, turn, 1)

    def _brow(self, pose: Pose, turn: HeadTurn, side: int) -> Nodes:
        look = self._look
        lift = clamp(pose.brow_left if side < 0 else pose.brow_right, -1.0, 1.2)
        furrow, sorrow = clamp(pose.furrow), clamp(pose.sorrow)
        raised = -14.0 * lift if lift > 0 else -8.5 * lift
        inner = raised + 11.0 * furrow - 11.0 * sorrow
        middle = raised + 0.5 * furrow - 1.0 * sorrow - 3.0 * max(lift, 0.0)
        outer = raised * 0.8 - 3.0 * furrow + 5.5 * sorrow
        arch, thick = 7.0 * look.brow_arch, 4.0 * look.brow_thickness
        shift = -5.5 * furrow - 2.5 * sorrow
        spine = [
            (side * (shift - 26.0), inner - 2.0),
            (side * (0.6 * shift - 10.0), lerp(inner, middle, 0.55) - 6.0),
            (side * 10.0, middle - arch - 0.5),
            (side * 31.0, outer + 1.0),
        ]
        widths = (0.6, 1.0, 0.82, 0.08)
        over = [(x, y - thick * w) for (x, y), w in zip(spine, widths, strict=True)]
        under = [(x, y + thick * w * 0.85) for (x, y), w in zip(spine, widths, strict=True)]
        nodes = fill(closed_curve([*over, *under[::-1]]), look.brow_colour, 0.95)
        height = EYE_Y - 27.0 - 14.0 * look.eye_size
        return group(nodes, matrix=turn.decal(side * (EYE_X + 1.0) * look.face_width, height, lift=3.0))


def glasses(look: Look, turn: HeadTurn) -> Nodes:
    """Round glasses; the lenses catch the light."""
    nodes: Nodes = []
    if not look.glasses:
        return nodes
    bridge = turn.project_all([(-10, EYE_Y - 2, 108.0), (0, EYE_Y - 8, 112.0), (10, EYE_Y - 2, 108.0)])
    nodes += fill(between(bridge, [(x, y + 4.0) for x, y in bridge]), look.glasses)
    for side in (-1, 1):
        start = turn.project_all([(side * 80, EYE_Y - 8, 76.0), (side * 100, EYE_Y - 6, -10.0)])
        nodes += fill(between(start, [(x, y + 4.5) for x, y in start]), look.glasses)
        lens = turn.decal(side * EYE_X * look.face_width, EYE_Y, lift=16.0)
        nodes += group([
            *ellipse(0.0, 1.0, 36.0, 34.0, "#e8f6ff", opacity=0.14),
            *fill(_GLINT, "#ffffff", 0.35),
            *fill(_RING, look.glasses),
            *fill(_RING_LIGHT, "#ffffff", 0.35),
        ], matrix=lens)
    return nodes


_RING = join((oval(0.0, 1.0, 38.5, 36.5), oval(0.0, 1.0, -34.6, 32.6)))
"""The inner edge runs the other way, so that the ring has a hole."""
_RING_LIGHT = brush([(-32.0, -14.0), (-24.0, -26.0), (-10.0, -34.0)], 1.5, 1.5)
_GLINT = closed_curve([(-26, -8), (-26, -8), (-8, -28), (-8, -28), (-1, -26), (-1, -26), (-26, 4), (-26, 4)])
