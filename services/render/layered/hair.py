"""Hair, behind the head and in front of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.render.layered import paints
from services.render.layered.looks import Look
from services.render.layered.picture import Nodes, blend, fill
from services.render.layered.solids import Solids, Spot


@dataclass(frozen=True)
class Hair:
    """The hair of one head; its outlines move by themselves, with the solids that they belong to."""

    behind: Nodes
    shade: Nodes
    """Its shadow on the face."""
    in_front: Nodes


def hair(look: Look, solids: Solids) -> Hair:
    return _STYLES[look.hair](look, solids)


def mirror(spots: Sequence[Spot]) -> list[Spot]:
    return [(-x, *rest) for x, *rest in spots]


def shadow(look: Look, solids: Solids, spots: Sequence[Spot]) -> Nodes:
    """A coloured shadow on the forehead that fades towards the brows."""
    deep = blend(look.skin_shade, look.skin_line, 0.3)
    stops = ((0.0, deep, 0.85), (0.45, deep, 0.55), (1.0, deep, 0.0))
    return fill(solids.closed(spots), paints.linear(look, 0.0, -118.0, 0.0, -34.0, *stops))


def _waves(look: Look, solids: Solids) -> Hair:
    """Long waves with a side parting."""
    back = solids.closed([
        (0, -160, -10), (60, -154, -20), (108, -122, -30), (131, -52, -38), (132, 20, -40, 0.1), (150, 84, -38, 0.4),
        (138, 140, -34, 0.7), (154, 190, -30, 1.0), (120, 226, -28, 1.0), (76, 208, -28, 0.9), (56, 120, -50, 0.4),
        (0, 100, -60, 0.2), (-56, 120, -50, 0.4), (-80, 214, -28, 0.9), (-126, 232, -28, 1.0), (-160, 196, -30, 1.0),
        (-142, 142, -34, 0.7), (-156, 84, -38, 0.4), (-136, 20, -40, 0.1), (-132, -56, -38), (-108, -124, -30),
        (-60, -155, -20),
    ])
    back_light = solids.locks(*(
        (width, [(s * x, -10, -36, 0.1), (s * (x + 9), 70, -36, 0.4), (s * (x - 3), 130, -34, 0.7),
                 (s * (x + 11), 190, -30, 1.0), (s * (x - 12), 218, -30, 1.0)])
        for s in (-1, 1) for x, width in ((124, 9.0), (104, 7.0))
    ))
    left = solids.closed([
        (26, -126, 76), (26, -126, 76), (20, -158, 50), (-10, -173, 30), (-66, -162, 22), (-112, -116, 10),
        (-129, -52, 0), (-127, 10, -4, 0.1), (-143, 68, -6, 0.4), (-131, 118, -8, 0.7), (-147, 164, -10, 1.0),
        (-116, 206, -8, 1.0), (-116, 206, -8, 1.0), (-108, 154, 0, 0.8), (-116, 110, 2, 0.6), (-99, 62, 6, 0.3),
        (-103, 14, 10), (-99, -18, 22), (-94, -40, 44), (-68, -64, 70), (-26, -90, 84), (6, -110, 82),
    ])
    right = solids.closed([
        (26, -126, 76), (26, -126, 76), (34, -158, 52), (52, -166, 30), (94, -144, 18), (120, -94, 8), (127, -36, 0),
        (122, 22, -6, 0.1), (138, 78, -10, 0.4), (125, 124, -10, 0.7), (139, 170, -12, 1.0), (112, 208, -10, 1.0),
        (112, 208, -10, 1.0), (104, 154, -4, 0.8), (112, 100, -4, 0.5), (101, 52, -2, 0.2), (103, 6, 8),
        (98, -30, 24), (88, -62, 44), (62, -92, 64), (40, -112, 72),
    ])
    dark = solids.locks(
        (6.0, [(16, -118, 82), (-28, -98, 78), (-76, -64, 58), (-104, -18, 20), (-112, 40, 2, 0.2)]),
        (6.0, [(10, -146, 60), (-46, -140, 40), (-96, -98, 16), (-117, -40, 2), (-120, 20, -2, 0.1)]),
        (5.0, [(36, -122, 70), (66, -96, 60), (92, -58, 36), (106, -8, 10), (108, 50, 0, 0.2)]),
        (5.0, [(-114, 30, 4, 0.2), (-128, 74, 0, 0.4), (-118, 118, -2, 0.7), (-130, 160, -6, 1.0),
               (-118, 198, -6, 1.0)]),
        (5.0, [(110, 40, 2, 0.2), (124, 80, -4, 0.4), (114, 124, -6, 0.7), (124, 168, -8, 1.0), (112, 200, -8, 1.0)]),
    )
    light = solids.locks(
        (15.0, [(2, -146, 62), (-44, -130, 52), (-86, -92, 34), (-106, -46, 14), (-112, 0, 6)]),
        (9.0, [(20, -134, 72), (-26, -114, 72), (-70, -82, 54), (-98, -34, 22)]),
        (11.0, [(38, -142, 62), (74, -120, 48), (100, -78, 24), (113, -26, 8), (112, 10, 2)]),
        (8.0, [(-124, 34, -2, 0.3), (-134, 74, -4, 0.5), (-125, 120, -6, 0.8), (-136, 162, -8, 1.0)]),
        (7.0, [(116, 34, -4, 0.3), (129, 80, -8, 0.5), (119, 126, -8, 0.8), (130, 168, -10, 1.0)]),
    )
    crown = solids.closed([
        (26, -118, 76), (-30, -150, 50), (-40, -170, 24), (12, -177, 26), (60, -170, 24), (84, -150, 30),
        (56, -138, 52),
    ])
    parting = solids.locks((5.0, [(27, -121, 78), (24, -140, 66), (26, -158, 48), (31, -172, 32)]))
    top = paints.hair(look, -170.0, 190.0)
    shade = [
        (26, -118, 84), (10, -98, 90), (-24, -74, 90), (-62, -50, 74), (-92, -22, 44), (-97, 14, 18), (-104, -40, 30),
        (-60, -110, 60), (20, -140, 70), (70, -110, 50), (100, -20, 10), (96, 6, 16), (86, -46, 46), (58, -80, 68),
    ]
    return Hair(
        behind=[
            *fill(back, paints.linear(look, 0.0, -120.0, 0.0, 220.0, (0, look.hair_dark, 1),
                                      (0.45, blend(look.hair_dark, look.hair_colour, 0.55), 1),
                                      (1, look.hair_dark, 1))),
            *fill(back_light, blend(look.hair_colour, look.hair_light, 0.3), 0.55),
        ],
        shade=shadow(look, solids, shade),
        in_front=[
            *fill(crown, top), *fill(right, top), *fill(left, top), *fill(parting, look.hair_dark, 0.7),
            *fill(dark, look.hair_dark, 0.5), *fill(light, look.hair_light, 0.6),
        ],
    )


def _quiff(look: Look, solids: Solids) -> Hair:
    """Short at the sides, and a tousled wave above."""
    back = solids.closed([
        (0, -158, -14), (60, -150, -18), (101, -108, -24), (106, -50, -26), (102, -4, -22), (90, 22, -30), (0, 40, -60),
        (-90, 22, -30), (-102, -4, -22), (-106, -50, -26), (-101, -108, -24), (-60, -150, -18),
    ])
    sides = solids.closed(*(
        [(s * 70, -128, 20), (s * 99, -96, 4), (s * 103, -44, -4), (s * 101, 14, -4), (s * 101, 14, -4),
         (s * 93, -24, 16), (s * 90, -56, 34), (s * 78, -92, 46)] for s in (-1, 1)
    ))
    base = solids.closed([
        (-92, -76, 34), (-92, -76, 34), (-106, -112, 14), (-92, -146, 14), (-52, -164, 20), (10, -170, 26),
        (66, -164, 24), (98, -134, 16), (98, -96, 18), (87, -72, 38), (87, -72, 38), (76, -100, 60), (44, -108, 82),
        (8, -104, 90), (-28, -100, 88), (-62, -98, 68),
    ])
    locks = [solids.closed(spots) for spots in (
        [(-92, -84, 40), (-92, -84, 40), (-108, -124, 14), (-78, -158, 22), (-30, -166, 34), (-40, -140, 58),
         (-66, -112, 60)],
        [(-66, -100, 68), (-66, -100, 68), (-70, -140, 40), (-30, -180, 34), (38, -188, 34), (14, -164, 56),
         (-18, -136, 76), (-34, -104, 88), (-34, -104, 88)],
        [(-26, -102, 90), (-26, -102, 90), (-16, -142, 66), (28, -176, 44), (84, -178, 34), (66, -154, 50),
         (38, -132, 70), (18, -104, 92), (18, -104, 92)],
        [(22, -104, 92), (22, -104, 92), (38, -136, 66), (72, -154, 42), (112, -142, 22), (98, -126, 34),
         (84, -104, 52), (78, -92, 60), (78, -92, 60), (56, -108, 78)],
    )]
    light = solids.locks(
        (8.0, [(-88, -108, 36), (-76, -138, 36), (-46, -156, 36)]),
        (10.0, [(-52, -116, 74), (-34, -150, 56), (2, -174, 42), (28, -184, 36)]),
        (10.0, [(-6, -120, 86), (10, -146, 66), (40, -166, 48), (74, -174, 38)]),
        (8.0, [(40, -116, 80), (58, -136, 58), (86, -142, 36)]),
    )
    lock = paints.linear(look, -20.0, -188.0, 20.0, -92.0, (0, blend(look.hair_light, look.hair_colour, 0.4), 1),
                         (0.5, look.hair_colour, 1), (1, look.hair_dark, 1))
    side = paints.linear(look, 0.0, -120.0, 0.0, 10.0, (0, look.hair_dark, 1), (0.6, look.hair_colour, 1),
                         (1, blend(look.hair_colour, look.skin_shade, 0.5), 1))
    shade = [
        (-88, -64, 46), (-56, -78, 76), (-22, -78, 94), (12, -84, 95), (44, -88, 86), (86, -56, 46), (80, -110, 60),
        (0, -130, 80), (-80, -110, 60),
    ]
    return Hair(
        behind=fill(back, look.hair_dark),
        shade=shadow(look, solids, shade),
        in_front=[
            *fill(sides, side), *fill(base, look.hair_dark), *(node for one in locks for node in fill(one, lock)),
            *fill(light, look.hair_light, 0.5),
        ],
    )


def _bumps(count: int, start: float, end: float, rx: float, ry: float, z: float, deep: float) -> list[Spot]:
    """A row of round curls on an arc above the head, between two angles from the crown (radians)."""
    made: list[Spot] = []
    for index in range(count):
        for at, out in ((0.0, 0.0), (0.0, 0.0), (0.22, 0.8), (0.5, 1.0), (0.78, 0.8)):
            angle = start + (end - start) * (index + at) / count
            reach = 1.0 + deep * (out - 0.5) * (1.0 + 0.35 * math.sin(2.4 * index))
            made.append((rx * reach * math.sin(angle), -58 - ry * reach * math.cos(angle), z, 0.25))
    return made


def _crescents(count: int, reach: float, rx: float, ry: float, z: float, size: float) -> list[tuple[float, list[Spot]]]:
    """The light on curls along an arc."""
    made: list[tuple[float, list[Spot]]] = []
    for index in range(count):
        angle = reach * (2.0 * (index + 0.5) / count - 1.0) + 0.05 * math.sin(3.7 * index)
        r = size * (1.0 + 0.2 * math.sin(2.9 * index))
        out = 1.0 + 0.05 * math.sin(1.7 * index)
        x, y = rx * out * math.sin(angle), -58 - ry * out * math.cos(angle)
        spots: list[Spot] = [(x + r * math.sin(a), y - r * math.cos(a), z, 0.25) for a in (-1.5, -0.9, -0.3, 0.3, 0.9)]
        made.append((0.36 * r, spots))
    return made


def _puff(look: Look, solids: Solids) -> Hair:
    """A cloud of curls, held by a scarf."""
    cloud = solids.closed([*_bumps(19, -2.35, 2.35, 150, 122, -36, 0.12), (60, 40, -50), (-60, 40, -50)])
    inner = solids.closed([*_bumps(15, -1.7, 1.7, 131, 114, 6, 0.12), (70, -60, 30), (0, -100, 60), (-70, -60, 30)])
    back_light = solids.locks(*_crescents(17, 2.2, 136, 106, -34, 13.0))
    rings = [solids.locks(*_crescents(count, reach, rx, ry, z, 13.0)) for count, reach, rx, ry, z in (
        (15, 1.6, 117, 99, 12), (11, 1.35, 102, 87, 26),
    )]
    dark = solids.locks(*_crescents(13, 1.5, 110, 96, 20, 13.0))
    edge = solids.closed([
        (-96, -36, 14), (-98, -66, 18), (-76, -98, 52), (-36, -116, 76), (0, -120, 82), (36, -116, 76), (76, -98, 52),
        (98, -66, 18), (96, -30, 14), (92, -56, 34), (82, -80, 54), (68, -88, 66), (48, -100, 78), (26, -102, 86),
        (10, -107, 90), (-8, -105, 90), (-26, -103, 86), (-46, -98, 78), (-66, -89, 66), (-82, -78, 54), (-92, -56, 34),
    ])
    band = solids.closed([
        (-106, -44, 0), (-106, -44, 0), (-93, -84, 34), (-52, -109, 66), (0, -118, 80), (52, -109, 66), (93, -84, 34),
        (106, -44, 0), (106, -44, 0), (110, -76, -4), (97, -113, 22), (54, -137, 44), (0, -145, 54), (-54, -137, 44),
        (-97, -113, 22), (-110, -76, -4),
    ])
    folds = solids.locks(
        (6.0, [(-104, -60, 2), (-90, -97, 32), (-46, -122, 60), (4, -130, 70), (50, -122, 60)]),
        (5.0, [(-40, -134, 48), (6, -137, 62), (56, -126, 56), (94, -95, 30), (106, -56, 2)]),
    )
    knot = solids.closed(
        [(58, -136, 60), (58, -136, 60), (64, -176, 58), (92, -192, 54), (108, -172, 50), (88, -144, 56)],
        [(62, -132, 60), (62, -132, 60), (96, -146, 50), (128, -132, 42), (122, -108, 42), (90, -116, 52)],
    )
    knot_light = solids.locks(
        (7.0, [(66, -142, 62), (76, -166, 58), (92, -182, 54)]), (7.0, [(74, -130, 60), (98, -134, 50),
                                                                        (118, -126, 44)]),
    )
    middle = solids.closed([(50, -140, 66), (66, -148, 64), (76, -132, 62), (62, -120, 64), (50, -126, 66)])
    dots = solids.closed(*(
        [(x - 4, y, z), (x, y - 4, z), (x + 4, y, z), (x, y + 4, z)] for x, y, z in (
            (-100, -72, 8), (-80, -107, 38), (-40, -119, 64), (-8, -136, 66), (24, -121, 74), (87, -103, 40),
            (104, -70, 8), (34, -138, 60), (-60, -128, 50),
        )
    ))
    deep = blend(look.hair_dark, look.hair_colour, 0.35)
    light = blend(look.hair_colour, look.hair_light, 0.8)
    scarf = paints.linear(look, -70.0, -160.0, 60.0, -50.0, (0, blend(look.trim, "#ffffff", 0.35), 1),
                          (0.5, look.trim, 1), (1, blend(look.trim, "#0b2b30", 0.4), 1))
    return Hair(
        behind=[
            *fill(cloud, paints.linear(look, -80.0, -180.0, 80.0, 20.0, (0, look.hair_colour, 1),
                                       (1, look.hair_dark, 1))),
            *fill(back_light, light, 0.35),
        ],
        shade=shadow(look, solids, [
            (-94, -30, 20), (-80, -62, 54), (-46, -83, 80), (0, -91, 92), (46, -83, 80), (80, -62, 54), (94, -30, 20),
            (80, -110, 50), (0, -130, 80), (-80, -110, 50),
        ]),
        in_front=[
            *fill(inner, deep), *fill(dark, look.hair_dark, 0.8),
            *(node for ring, lit in zip(rings, (0.6, 0.75), strict=True) for node in fill(ring, light, lit)),
            *fill(edge, deep), *fill(band, scarf), *fill(folds, blend(look.trim, "#0b2b30", 0.45), 0.5),
            *fill(dots, look.earrings or look.glow, 0.9),
            *fill(knot, scarf), *fill(knot_light, "#ffffff", 0.25),
            *fill(middle, blend(look.trim, "#0b2b30", 0.2)),
        ],
    )


def _silver(look: Look, solids: Solids) -> Hair:
    """White hair, brushed back from a high forehead."""
    back = solids.closed([
        (0, -152, -10), (56, -146, -16), (98, -108, -24), (118, -52, -28), (119, 4, -26), (106, 44, -24), (80, 60, -40),
        (0, 60, -60), (-80, 60, -40), (-108, 48, -24), (-121, 4, -26), (-119, -54, -28), (-98, -110, -24),
        (-56, -147, -16),
    ])
    sides = [solids.closed(spots) for s in (-1, 1) for spots in (
        [(s * 74, -128, 24), (s * 104, -104, 6), (s * 122, -58, -8), (s * 116, -8, -12), (s * 101, 34, -4),
         (s * 101, 34, -4), (s * 95, -14, 14), (s * 91, -48, 32), (s * 80, -86, 46)],
        [(s * 96, -66, 10), (s * 116, -72, -8), (s * 128, -40, -16), (s * 112, -26, -10), (s * 100, -6, -2),
         (s * 100, -6, -2)],
    )]
    top = [solids.closed(spots) for spots in (
        [(-80, -94, 46), (-80, -94, 46), (-98, -132, 14), (-52, -164, 18), (-4, -172, 22), (-20, -146, 50),
         (-46, -118, 62), (-62, -104, 58)],
        [(-56, -110, 62), (-56, -110, 62), (-44, -152, 38), (6, -178, 24), (62, -168, 18), (38, -146, 48),
         (0, -122, 70), (-22, -112, 70), (-22, -112, 70)],
        [(-24, -113, 70), (-24, -113, 70), (10, -146, 52), (56, -162, 24), (102, -130, 10), (86, -112, 34),
         (56, -114, 58), (22, -116, 72), (22, -116, 72)],
    )]
    light = solids.locks(
        (10.0, [(-72, -112, 46), (-62, -138, 34), (-24, -162, 28)]), (11.0, [(-38, -126, 60), (-12, -152, 44),
                                                                             (34, -168, 26)]),
        (9.0, [(4, -126, 66), (36, -146, 46), (76, -142, 22)]),
        (8.0, [(-102, -92, 0), (-114, -52, -8), (-108, -8, -8)]), (8.0, [(102, -92, 0), (114, -52, -8), (108, -8, -8)]),
    )
    dark = solids.locks(
        (4.0, [(-58, -114, 60), (-40, -142, 44), (4, -162, 32)]), (4.0, [(-8, -120, 72), (22, -142, 52),
                                                                         (66, -152, 24)]),
        (4.0, [(-94, -80, 18), (-106, -40, 0), (-102, 10, -2)]), (4.0, [(94, -80, 18), (106, -40, 0), (102, 10, -2)]),
    )
    paint = paints.linear(look, -40.0, -176.0, 40.0, 20.0, (0, look.hair_light, 1), (0.45, look.hair_colour, 1),
                          (1, look.hair_dark, 1))
    return Hair(
        behind=fill(back, blend(look.hair_dark, look.hair_colour, 0.25)),
        shade=shadow(look, solids, [
            (-84, -70, 50), (-40, -98, 74), (10, -102, 80), (60, -98, 66), (86, -70, 48), (80, -120, 40), (0, -140, 60),
            (-80, -120, 40),
        ]),
        in_front=[
            *(node for one in (*sides, *top) for node in fill(one, paint)),
            *fill(dark, look.hair_dark, 0.7), *fill(light, look.hair_light, 0.75),
        ],
    )


def _bob(look: Look, solids: Solids) -> Hair:
    """A blunt bob with a fringe, as on a poster."""
    back = solids.closed([
        (0, -168, -10), (70, -160, -20), (124, -112, -28), (140, -30, -32), (140, 50, -34, 0.3), (128, 122, -30, 0.9),
        (128, 122, -30, 0.9), (60, 134, -40, 0.9), (-60, 134, -40, 0.9), (-128, 122, -30, 0.9), (-128, 122, -30, 0.9),
        (-140, 50, -34, 0.3), (-140, -30, -32), (-124, -112, -28), (-70, -160, -20),
    ])
    sides = [solids.closed(
        [(s * 62, -120, 50), (s * 116, -116, 14), (s * 136, -40, 2), (s * 137, 40, 0, 0.3), (s * 122, 128, 6, 1.0),
         (s * 122, 128, 6, 1.0), (s * 84, 108, 26, 1.0), (s * 84, 108, 26, 1.0), (s * 103, 50, 22, 0.4),
         (s * 98, -20, 30), (s * 84, -70, 50)]
    ) for s in (-1, 1)]
    cap = solids.closed([
        (-104, -56, 30), (-104, -56, 30), (-132, -66, 0), (-120, -122, 4), (-68, -165, 16), (0, -183, 20),
        (68, -165, 16),
        (120, -122, 4), (132, -66, 0), (104, -56, 30), (104, -56, 30), (84, -50, 58), (84, -50, 58), (72, -58, 68),
        (58, -46, 76), (58, -46, 76), (44, -58, 82), (22, -42, 90), (22, -42, 90), (6, -58, 92), (-14, -42, 92),
        (-14, -42, 92), (-30, -58, 86), (-48, -44, 80), (-48, -44, 80), (-62, -58, 74), (-82, -48, 60), (-82, -48, 60),
    ])
    halo = solids.closed([
        (-118, -78, 10), (-118, -78, 10), (-96, -118, 26), (-50, -140, 44), (0, -146, 50), (50, -140, 44),
        (96, -118, 26),
        (118, -78, 10), (118, -78, 10), (100, -98, 30), (100, -98, 30), (84, -92, 42), (72, -112, 46), (72, -112, 46),
        (52, -98, 62), (36, -122, 58), (36, -122, 58), (14, -104, 74), (0, -126, 62), (0, -126, 62), (-20, -104, 72),
        (-36, -122, 58), (-36, -122, 58), (-56, -98, 60), (-72, -112, 46), (-72, -112, 46), (-88, -92, 40),
        (-100, -98, 30), (-100, -98, 30),
    ])
    dark = solids.locks(
        (7.0, [(58, -52, 78), (52, -84, 74), (36, -120, 56)]), (7.0, [(22, -48, 92), (20, -84, 80), (14, -124, 62)]),
        (7.0, [(-14, -48, 94), (-12, -86, 80), (-8, -126, 62)]), (7.0, [(-48, -50, 82), (-44, -84, 74),
                                                                        (-30, -120, 56)]),
        (7.0, [(114, -40, 14), (120, 30, 8, 0.3), (108, 110, 16, 1.0)]),
        (7.0, [(-114, -40, 14), (-120, 30, 8, 0.3), (-108, 110, 16, 1.0)]),
    )
    x, y, z = -84.0, -84.0, 58.0
    star = solids.closed([
        spot for point in range(10) for spot in 2 * [(
            x + (20 if point % 2 else 9) * math.sin(math.pi * point / 5 + 0.2),
            y - (20 if point % 2 else 9) * math.cos(math.pi * point / 5 + 0.2), z,
        )]
    ])
    return Hair(
        behind=fill(back, look.hair_dark),
        shade=fill(solids.closed([
            (-98, -20, 24), (-84, -34, 60), (-46, -30, 84), (0, -30, 96), (46, -30, 84), (84, -34, 60), (98, -20, 24),
            (98, 40, 20), (100, -60, 10), (60, -120, 50), (0, -130, 70), (-60, -120, 50), (-100, -60, 10),
            (-98, 40, 20),
        ]), look.skin_shade, 0.9),
        in_front=[
            *fill(sides[0], look.hair_colour), *fill(sides[1], blend(look.hair_colour, look.hair_dark, 0.3)),
            *fill(cap, look.hair_colour), *fill(halo, look.hair_light, 0.9), *fill(dark, look.hair_dark, 0.8),
            *fill(star, look.cloth),
        ],
    )


_STYLES: Mapping[str, Callable[[Look, Solids], Hair]] = {
    "waves": _waves, "quiff": _quiff, "puff": _puff, "silver": _silver, "bob": _bob,
}
