"""Clothes, which follow the breath and sway against the head."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.render.layered.looks import Look
from services.render.layered.paints import linear, spot
from services.render.layered.picture import (
    Nodes,
    Paint,
    Path,
    Point,
    between,
    blend,
    brush,
    closed_curve,
    ellipse,
    fill,
    group,
    join,
    oval,
)
from services.render.pose import Pose

_SHOULDER: list[Point] = [(60, 186), (104, 204), (158, 216), (190, 262), (214, 360)]
"""From the right of the neck to the right edge of the drawing."""


class Clothes:
    def __init__(self, look: Look) -> None:
        self._wide = look.shoulders
        self._nodes = _CLOTHES[look.clothes](look)

    def draw(self, pose: Pose) -> Nodes:
        """The clothes, in coordinates of the drawing."""
        up = -10.0 * pose.shoulders - 3.0 * pose.breath
        wide = self._wide * (1.0 + 0.01 * pose.breath)
        lean = 0.0028 * pose.roll
        return group(self._nodes, matrix=(wide, -lean, lean, 1.0, -0.45 * pose.yaw - 340.0 * lean, up))


def _left(points: list[Point]) -> list[Point]:
    return [(-x, y) for x, y in points]


def _both(points: list[Point]) -> Path:
    """A closed curve and its mirror image."""
    return join((closed_curve(points), closed_curve(_left(points))))


def _body(neckline: list[Point]) -> Path:
    """The trunk; the neckline goes from the right of the neck to its middle."""
    (x, y), *_ = neckline
    right = [(x, y), (x, y), *_SHOULDER[1:], _SHOULDER[-1]]
    middle = [*neckline[1:], *_left(neckline[1:-1])[::-1]]
    return closed_curve([*right, *_left(right)[::-1], *middle[::-1]])


def _cloth(look: Look) -> Paint:
    return linear(look, -110.0, 190.0, 90.0, 350.0, (0, look.cloth_light, 1), (0.45, look.cloth, 1),
                  (1, look.cloth_dark, 1))


def _folds(look: Look) -> Nodes:
    lines = join((
        brush([(-128, 232), (-112, 266), (-124, 312), (-120, 350)], 5.0, 0.0),
        brush([(130, 234), (116, 266), (128, 312), (122, 350)], -5.0, 0.0),
        brush([(-40, 262), (-6, 280), (34, 270)], 0.0, 4.0),
    ))
    return fill(lines, look.cloth_dark, 0.5)


def _shade(look: Look, y: float, area: Path) -> Nodes:
    """The shadow of the head on the chest."""
    return group(fill(*spot(4.0, y, 92.0, 52.0, look.cloth_dark, 0.85)), clip=area)


def _rim(look: Look, body: Path) -> Nodes:
    """Light from behind on a shoulder."""
    edge = between([(84, 192), (130, 200), (166, 212), (196, 258), (208, 320)],
                   [(84, 192), (128, 211), (158, 219.5), (187, 262), (205, 320)])
    light = blend(look.cloth_light, look.rim, 0.45)
    return group(fill(edge, light, 0.6), clip=body)


def _knit(look: Look) -> Nodes:
    """A ribbed roll-neck jumper."""
    neck = closed_curve([(46, 172), (46, 172), (62, 190), (56, 214), (0, 232), (-56, 214), (-62, 190), (-46, 172),
                         (-46, 172),
                         (-30, 190), (0, 197), (30, 190)])
    ribs = join(
        brush([(x * 0.86, 186 + 9 * (1 - (x / 48) ** 2)), (x, 205 + 11 * (1 - (x / 50) ** 2)),
               (x * 1.02, 218 + 12 * (1 - (x / 52) ** 2))], 2.4, 0.0) for x in range(-48, 49, 12)
    )
    stitches = join(
        brush([(x - 6, y), (x, y + 6), (x + 6, y)], 0.0, 3.0)
        for y, xs in ((252, (-88, -56, -24, 8, 40, 72)), (272, (-104, -72, -40, -8, 24, 56, 88)),
                      (292, (-88, -56, -24, 8, 40, 72, 104)), (312, (-104, -72, -40, -8, 24, 56, 88))) for x in xs
    )
    roll = linear(look, -50.0, 176.0, 50.0, 226.0, (0, look.cloth_light, 1), (0.5, look.cloth, 1),
                  (1, look.cloth_dark, 1))
    body = _body([(58, 188), (40, 212), (0, 222)])
    return [
        *fill(body, _cloth(look)), *_rim(look, body), *_shade(look, 214.0, body), *_folds(look),
        *fill(stitches, look.cloth_light, 0.4),
        *fill(neck, roll), *fill(ribs, look.cloth_dark, 0.4),
    ]


def _hoodie(look: Look) -> Nodes:
    hood = _both([(46, 166), (46, 166), (86, 184), (104, 210), (66, 250), (20, 282), (20, 282), (40, 232), (52, 200)])
    inside = _both([(46, 168), (46, 168), (54, 202), (42, 234), (20, 280), (20, 280), (14, 262), (30, 226), (34, 206)])
    shirt = closed_curve([(-46, 186), (-46, 186), (-22, 208), (0, 214), (22, 208), (46, 186), (46, 186), (40, 230),
                          (0, 262),
                          (-40, 230)])
    cords = join((brush([(-30, 256), (-33, 284), (-30, 318)], 7.0, 0.0), brush([(30, 256), (33, 284), (30, 310)], -7.0,
                                                                               0.0)))
    tips = join((oval(-29, 319, 4.5, 7), oval(29, 311, 4.5, 7)))
    body = _body([(58, 186), (44, 224), (0, 240)])
    return [
        *fill(body, _cloth(look)), *_rim(look, body), *_folds(look),
        *fill(shirt, look.under), *_shade(look, 190.0, shirt),
        *fill(inside, look.cloth_dark),
        *fill(hood, linear(look, -70.0, 180.0, 60.0, 280.0, (0, look.cloth_light, 1), (1, look.cloth, 1))),
        *fill(_both([(84, 190), (100, 210), (66, 246), (24, 278), (62, 240), (90, 210)]), look.cloth_dark, 0.35),
        *fill(cords, look.under, 0.95), *fill(tips, look.trim),
    ]


def _blouse(look: Look) -> Nodes:
    collar = _both([(52, 182), (52, 182), (92, 204), (84, 254), (84, 254), (44, 244), (6, 286), (6, 286), (28, 236)])
    edge = _both([(84, 254), (84, 254), (44, 244), (6, 286), (6, 286), (46, 238)])
    places = [(46 * s * c, 207 + 27 * d) for s in (-1, 1) for c, d in (
        (1.0, 0.0), (0.86, 0.42), (0.66, 0.74), (0.4, 0.93), (0.13, 1.0)
    )]
    beads, shine = (join(oval(x - up, y - up, r, r) for x, y in places) for r, up in ((4.4, 0.0), (1.5, 1.4)))
    body = _body([(58, 188), (24, 236), (4, 268)])
    return [
        *fill(body, _cloth(look)), *_rim(look, body), *_folds(look), *_shade(look, 214.0, body),
        *fill(collar, linear(look, -60.0, 190.0, 60.0, 270.0, (0, look.cloth_light, 1), (1, look.cloth, 1))),
        *fill(edge, look.under, 0.9),
        *fill(beads, look.earrings or look.trim), *fill(shine, "#ffffff", 0.7),
    ]


def _cardigan(look: Look) -> Nodes:
    """A cardigan over a shirt with a bow tie."""
    shirt = closed_curve([(-50, 184), (-50, 184), (-30, 214), (0, 222), (30, 214), (50, 184), (50, 184), (44, 250),
                          (10, 360),
                          (10, 360), (-10, 360), (-10, 360), (-44, 250)])
    collar = _both([(48, 178), (48, 178), (76, 200), (58, 244), (58, 244), (34, 230), (4, 246), (4, 246), (26, 214)])
    edge = _both([(66, 206), (66, 206), (50, 262), (22, 360), (22, 360), (6, 360), (6, 360), (34, 260), (54, 206),
                  (54, 206)])
    tie = join((
        closed_curve([(4, 246), (4, 246), (40, 228), (46, 246), (42, 268), (42, 268), (4, 254), (4, 254)]),
        closed_curve([(-4, 246), (-4, 246), (-40, 228), (-46, 246), (-42, 268), (-42, 268), (-4, 254), (-4, 254)]),
    ))
    dots = join(oval(x, y, 2.6, 2.6) for s in (-1, 1) for x, y in ((s * 18, 246), (s * 31, 240), (s * 32, 256)))
    knot = closed_curve([(-9, 240), (9, 240), (10, 250), (8, 260), (-8, 260), (-10, 250)])
    body = _body([(58, 186), (44, 224), (0, 240)])
    return [
        *fill(body, _cloth(look)), *_rim(look, body), *_folds(look),
        *fill(shirt, look.under), *_shade(look, 190.0, shirt),
        *fill(edge, look.cloth_dark, 0.9),
        *fill(collar, "#ffffff"), *fill(collar, look.sky_deep, 0.12),
        *fill(tie, look.trim), *fill(dots, look.under, 0.9), *fill(knot, blend(look.trim, "#40101a", 0.35)),
    ]


def _jacket(look: Look) -> Nodes:
    """A bright jacket with a stand-up collar and a zip."""
    shirt = closed_curve([(-48, 190), (-48, 190), (0, 208), (48, 190), (48, 190), (36, 250), (0, 290), (-36, 250)])
    collar = _both([(46, 166), (46, 166), (72, 176), (84, 206), (58, 252), (14, 300), (14, 300), (8, 286), (36, 236),
                    (48, 204)])
    stripe = _both([(120, 214), (120, 214), (152, 222), (152, 222), (178, 268), (190, 360), (190, 360), (160, 360),
                    (160, 360),
                    (150, 280)])
    zip_ = closed_curve([(-2.5, 286), (-2.5, 286), (2.5, 286), (2.5, 286), (2.5, 360), (2.5, 360), (-2.5, 360),
                         (-2.5, 360)])
    return [
        *fill(_body([(58, 188), (40, 230), (0, 288)]), _cloth(look)),
        *fill(shirt, look.under), *fill(stripe, look.trim),
        *fill(collar, look.cloth_light), *fill(_both([(84, 206), (84, 206), (58, 252), (14, 300), (14, 300),
                                                      (62, 240)]),
                                               look.cloth_dark),
        *fill(zip_, look.cloth_dark),
        *fill(closed_curve([(-34, 172), (-34, 172), (0, 184), (34, 172), (34, 172), (35, 180), (35, 180), (0, 193),
                            (-35, 180),
                            (-35, 180)]), look.trim),
        *ellipse(0.0, 193.0, 5.0, 5.5, look.cloth),
    ]


_CLOTHES: Mapping[str, Callable[[Look], Nodes]] = {
    "knit": _knit, "hoodie": _hoodie, "blouse": _blouse, "cardigan": _cardigan, "jacket": _jacket,
}
