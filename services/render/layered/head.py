"""The head: face and jaw, ears, cheeks, neck."""

from __future__ import annotations

import math

from services.render.easing import clamp
from services.render.layered.looks import Look
from services.render.layered.paints import glow, linear, radial
from services.render.layered.picture import (
    HeadTurn,
    Linear,
    Nodes,
    Paint,
    Path,
    blend,
    closed_curve,
    ellipse,
    fill,
    group,
    join,
    moved,
    oval,
)
from services.render.layered.solids import Solids, Spot
from services.render.pose import Pose

NECK_Y = 150.0
"""Height of the point that the head tilts about, below the centre of the head."""

_OUTLINE = (
    (0.0, -136.0, 10.0), (52.0, -125.0, 10.0), (86.0, -90.0, 6.0), (99.5, -36.0, 0.0), (99.0, 12.0, 0.0),
    (93.0, 50.0, 6.0), (77.0, 86.0, 18.0), (49.0, 113.0, 32.0), (22.0, 126.0, 42.0), (0.0, 128.5, 44.0),
)
"""The right half of the face's outline, from the crown to the chin."""
_FRECKLES = ((-17, -2), (-9, -5), (-11, 4), (-2, 1), (6, -4), (4, 6), (14, 1), (-4, -9))


def jaw_drop(pose: Pose) -> float:
    """How far the jaw lowers the chin."""
    return 15.0 * clamp(pose.jaw)


class Head:
    """The skin of the face, the ears, the cheeks and the neck."""

    def __init__(self, look: Look, solids: Solids) -> None:
        self._look = look
        half = [_outline(look, x, y, z) for x, y, z in _OUTLINE]
        left = [(-x, *rest) for x, *rest in reversed(half) if x != 0.0]
        self.face = solids.closed([*half, *left])
        """The edge of the skin."""
        edge = half[2:9]
        # A little over the edge: the face clips it.
        outer = [(1.04 * x, 1.02 * y, *rest) for x, y, *rest in edge]
        deep = 0.28 if look.flat else 0.065
        shares = [math.sin(math.pi * at / (len(edge) - 1)) for at in range(len(edge))]
        inner = [((1.0 - deep * share) * x, (1.0 - 0.3 * deep * share) * y, *rest)
                 for (x, y, *rest), share in zip(edge, shares, strict=True)]
        self._edge = solids.closed([outer[0], *outer, outer[-1], *inner[::-1]])
        """Where light from behind grazes the cheek; the shaded side of a flat face."""
        self._ears = [_Ear(look, solids, side) for side in (-1, 1)]
        light, skin, shade = look.skin_light, look.skin, look.skin_shade
        dark = blend(shade, look.skin_line, 0.4)
        self._skin: Paint = skin if look.flat else radial(
            look, -26.0, -12.0, 156.0, (0, light, 1), (0.4, skin, 1), (0.78, blend(skin, shade, 0.5), 1), (1, shade, 1)
        )
        self._edge_paint = Linear(0.0, -80.0, 0.0, 104.0, ((0.0, look.rim, 0.0), (0.4, look.rim, 0.6),
                                                           (1.0, look.rim, 0.0)))
        if look.flat:
            self._edge_paint = Linear(0.0, -80.0, 0.0, 104.0, ((0.0, shade, 0.45), (1.0, shade, 0.45)))
        self._neck: Paint = skin if look.flat else Linear(
            -50.0, 0.0, 60.0, 30.0, ((0.0, skin, 1.0), (0.45, skin, 1.0), (1.0, shade, 1.0))
        )
        self._under_chin = linear(look, 0.0, 120.0, 0.0, 196.0, (0, dark, 0.95), (0.5, dark, 0.65), (1, dark, 0.0))
        self._blush = glow(0.0, 0.0, 38.0, 29.0, look.blush, 0.75)
        self._shine = glow(0.0, 0.0, 21.0, 13.0, light, 0.95)
        self._chin = glow(0.0, 0.0, 27.0, 17.0, light, 0.6)
        self._freckles = [
            join(oval(side * x, y - 6.0, 1.2, 1.1) for x, y in _FRECKLES if look.freckles) for side in (-1, 1)
        ]

    def skin(self, pose: Pose, turn: HeadTurn) -> Nodes:
        """Ears, face, cheeks, and the light on them."""
        x, y = turn.project(-3.0, 106.0 * self._look.chin, 74.0)
        chin = ellipse(0.0, 0.0, 27.0, 17.0, self._chin)
        return [
            *(node for ear in self._ears for node in ear.draw(turn)),
            *fill(self.face, self._skin),
            *group([
                *fill(self._edge, self._edge_paint),
                *self._cheek(pose, turn, -1), *self._cheek(pose, turn, 1),
                *group(chin, matrix=(1.0, 0.0, 0.0, 1.0, x, y + jaw_drop(pose))),
            ], clip=self.face),
        ]

    def _cheek(self, pose: Pose, turn: HeadTurn, side: int) -> Nodes:
        smile, squint = clamp(pose.smile), clamp(pose.squint)
        up = -5.0 * smile - 4.0 * squint * smile
        nodes = ellipse(0.0, 0.0, 38.0, 29.0, self._blush, opacity=clamp(0.58 + 0.25 * smile))
        nodes += group(ellipse(0.0, 0.0, 21.0, 13.0, self._shine, opacity=clamp(0.3 + 0.6 * smile)),
                       matrix=moved(-4.0, -9.0))
        nodes += fill(self._freckles[side > 0], self._look.skin_line, 0.35 if self._look.freckles else 0.0)
        a, b, c, d, x, y = turn.decal(side * 58.0 * self._look.face_width, 46.0)
        return group(nodes, matrix=(a, b, c, d, x, y + up))

    def neck(self, pose: Pose, turn: HeadTurn) -> Nodes:
        """The neck, in coordinates of the drawing, with its upper end below the turned and tilted jaw."""
        look = self._look
        x, y = turn.project(0.0, 90.0, -14.0)
        x += math.radians(pose.roll) * (NECK_Y - y)
        wide = 39.0 * look.neck
        column = closed_curve([
            (x - wide, y - 10), (x - wide, y - 10), (0.6 * x - 0.95 * wide, 148), (-1.12 * wide, 178),
            (-2.1 * wide, 208), (-2.1 * wide, 208), (0, 275), (2.1 * wide, 208), (2.1 * wide, 208),
            (1.12 * wide, 178), (0.6 * x + 0.95 * wide, 148), (x + wide, y - 10), (x + wide, y - 10),
        ])
        low = 158.0 * look.chin + jaw_drop(pose) + 0.6 * pose.pitch
        shadow = closed_curve([
            (x - wide, y), (x - wide, y), (0.6 * x - 0.97 * wide, 150), (0.7 * x - 0.55 * wide, low + 6),
            (0.7 * x + 0.1 * wide, low + 16), (0.7 * x + 0.75 * wide, low + 8), (0.6 * x + 0.97 * wide, 150),
            (x + wide, y), (x + wide, y),
        ])
        return [
            *fill(column, self._neck),
            *fill(shadow, self._under_chin),
            *fill(_COLLARBONES, look.skin_line, 0.22),
        ]


def _outline(look: Look, x: float, y: float, z: float) -> Spot:
    low = clamp((y - 30.0) / 98.0)
    wide = look.face_width * (1.0 + (look.jaw_width - 1.0) * clamp((y + 10.0) / 90.0))
    return x * wide, y * (1.0 + (look.chin - 1.0) * low), z, 0.0, low * low


def _collarbone(side: int) -> Path:
    return closed_curve([
        (side * 12, 212), (side * 12, 212), (side * 36, 203), (side * 70, 201), (side * 70, 201), (side * 36, 206.5),
    ])


_COLLARBONES = join((_collarbone(-1), _collarbone(1)))


class _Ear:
    """An ear, with what hangs from it."""

    def __init__(self, look: Look, solids: Solids, side: int) -> None:
        self._look = look
        self._wide = wide = side * look.face_width

        def placed(spots: list[tuple[float, float, float]]) -> list[Spot]:
            return [(x * wide, y, z) for x, y, z in spots]

        self._shell = solids.closed(placed(
            [(92, -14, -10), (108, -24, -22), (118, -6, -24), (112, 20, -20), (101, 38, -14), (92, 34, -6)]
        ))
        self._bowl = solids.closed(placed(
            [(98, -8, -12), (106, -14, -20), (111, -3, -20), (106, 14, -16), (99, 24, -12), (101, 8, -14)]
        ))
        shade = blend(look.skin_shade, look.skin, 0.35)
        self._paint = linear(look, 0.0, -24.0, 0.0, 40.0, (0, look.skin, 1), (1, shade, 1))

    def draw(self, turn: HeadTurn) -> Nodes:
        look = self._look
        nodes = fill(self._shell, self._paint) + fill(self._bowl, look.skin_line, 0.4)
        if look.earrings:
            x, y = turn.project(102 * self._wide, 45, -10)
            nodes += ellipse(x, y, 5.2, 5.2, look.earrings)
            nodes += ellipse(x - 1.5, y - 1.7, 1.7, 1.7, "#ffffff", opacity=0.85)
        return nodes
