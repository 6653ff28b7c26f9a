"""What is behind a face: drawn once, in coordinates of the drawing of 512 x 512."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from services.render.layered.looks import Look
from services.render.layered.paints import glow
from services.render.layered.picture import (
    Linear,
    Nodes,
    Path,
    Point,
    blend,
    closed_curve,
    ellipse,
    fill,
    join,
    oval,
    polygon,
)

SIDE = 512.0


def backdrop(look: Look) -> Nodes:
    """A sky with light in it and what the character likes to have around."""
    sky = Linear(0.0, 0.0, 0.0, SIDE, ((0.0, look.sky, 1.0), (1.0, look.sky_deep, 1.0)))
    whole = polygon([(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)])
    light = () if look.flat else ellipse(236.0, 214.0, 270.0, 270.0, glow(236.0, 214.0, 270.0, 270.0, look.glow, 1.0))
    return [*fill(whole, sky), *_MOTIFS[look.backdrop](look), *light]


def _leaf(x: float, y: float, length: float, degrees: float) -> Path:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    outline: list[Point] = [(0, 0), (0, 0), (0.3, -0.17), (0.68, -0.16), (1, 0), (1, 0), (0.66, 0.15), (0.3, 0.17)]
    return closed_curve([(x + length * (c * u - s * v), y + length * (s * u + c * v)) for u, v in outline])


def _leaves(look: Look) -> Nodes:
    near = blend(look.cloth, look.sky_deep, 0.45)
    far = blend(look.cloth, look.sky_deep, 0.72)
    return [
        *fill(join(_leaf(x, y, r, a) for x, y, r, a in (
            (-30, 330, 150, -62), (-20, 380, 160, -30), (530, 300, 150, 212), (540, 380, 150, 236), (10, 250, 110, -72),
        )), far, 0.55),
        *fill(join(_leaf(x, y, r, a) for x, y, r, a in (
            (-24, 420, 130, -48), (-20, 470, 140, -16), (536, 440, 140, 222), (530, 480, 120, 190),
            (520, 350, 120, 250),
        )), near, 0.75),
    ]


def _shapes(look: Look) -> Nodes:
    return [
        *fill(join((oval(70, 150, 62, 62), oval(452, 340, 84, 84))), "#ffffff", 0.35),
        *fill(polygon([(398, 80), (476, 120), (404, 170)]), look.trim, 0.75),
        *fill(join(polygon([(24 + i * 26, 330), (36 + i * 26, 330), (0 + i * 26, 400),
                            (-12 + i * 26, 400)]) for i in range(4)),
              look.cloth, 0.3),
        *fill(join(oval(420 + 20 * i, 230 + 20 * j, 3.5, 3.5) for i in range(4) for j in range(3)), look.cloth, 0.4),
    ]


def _sun(look: Look) -> Nodes:
    hills: list[Point] = [(-20, 400), (60, 352), (150, 372), (256, 410), (360, 366), (450, 346), (532, 396)]
    return [
        *ellipse(256.0, 210.0, 196.0, 196.0, blend(look.glow, look.cloth_light, 0.35), opacity=0.8),
        *ellipse(256.0, 210.0, 168.0, 168.0, look.glow, opacity=0.9),
        *fill(closed_curve([*hills, (532, 396), (532, 540), (532, 540), (-20, 540), (-20, 540), (-20, 400)]),
              blend(look.cloth, look.sky_deep, 0.5), 0.8),
    ]


def _books(look: Look) -> Nodes:
    nodes: Nodes = []
    colours = (look.trim, look.cloth, "#d9b36a", "#6b86a8", look.cloth_dark, "#b98a6a")
    for row, base in enumerate((170.0, 300.0, 430.0)):
        x, index = -6.0, 3 * row
        while x < SIDE:
            wide, tall = 20.0 + 7.0 * math.sin(2.1 * index + row), 82.0 + 16.0 * math.sin(1.7 * index)
            book = polygon([(x, base - tall), (x + wide - 2, base - tall), (x + wide - 2, base), (x, base)])
            if not 150 < x < 350:  # hidden by the face in any case
                nodes += fill(book, blend(colours[index % len(colours)], look.sky, 0.5), 0.8)
            x, index = x + wide, index + 1
        nodes += fill(polygon([(0, base), (SIDE, base), (SIDE, base + 9), (0, base + 9)]), "#b99a72", 0.55)
    return nodes


def _rays(look: Look) -> Nodes:
    rays = []
    for index in range(12):
        a, b = math.tau * (index + 0.1) / 12, math.tau * (index + 0.6) / 12
        rays.append(polygon([(256, 230), (256 + 520 * math.cos(a), 230 + 520 * math.sin(a)),
                             (256 + 520 * math.cos(b), 230 + 520 * math.sin(b))]))
    dots = join(
        oval(x, y, r, r) for j in range(7) for i in range(40)
        for x, y, r in ((i * 15.0 + 7.5 * (j % 2), 505.0 - 14.0 * j, 6.2 - 0.8 * j),)
    )
    return [
        *fill(join(rays), look.glow, 0.55), *fill(dots, look.hair_colour, 0.55),
        *ellipse(256.0, 230.0, 208.0, 208.0, look.glow, opacity=0.9),
    ]


_MOTIFS: Mapping[str, Callable[[Look], Nodes]] = {
    "leaves": _leaves, "shapes": _shapes, "sun": _sun, "books": _books, "rays": _rays,
}
