"""Beards, which the jaw takes along, moustaches and stubble."""

from __future__ import annotations

from services.render.easing import clamp
from services.render.layered.hair import mirror
from services.render.layered.looks import Look
from services.render.layered.paints import linear
from services.render.layered.picture import HeadTurn, Nodes, Paint, Point3, blend, brush, closed_curve, fill
from services.render.layered.solids import Solids, Spot
from services.render.pose import Pose


class Beard:
    """A full beard under the mouth and a moustache over it, or the shade of a shaved one."""

    def __init__(self, look: Look, solids: Solids) -> None:
        self._look = look
        w = look.jaw_width
        paint = linear(look, -50.0, -10.0, 40.0, 165.0, (0, look.hair_light, 1), (0.5, look.hair_colour, 1),
                       (1, look.hair_dark, 1))
        self._moustache = linear(look, 0.0, 52.0, 0.0, 98.0, (0, look.hair_light, 1), (0.55, look.hair_colour, 1),
                                 (1, look.hair_dark, 1))
        self.full: Nodes = []
        self.stubble: Nodes = []
        """To be clipped by the face."""
        if look.beard:
            self.full = _full(look, solids, w, paint)
        elif look.stubble:
            shade = blend(look.skin_shade, look.hair_colour, 0.35)
            half: list[Spot] = [
                (104 * w, 34, 8, 0, 0.1), (88 * w, 90, 20, 0, 0.5), (56 * w, 124, 34, 0, 0.8), (24, 140, 44, 0, 1.0),
                (0, 142, 46, 0, 1.0),
            ]
            inner: list[Spot] = [(0, 64, 96), (26, 64, 94), (50, 74, 74), (70, 62, 48)]
            area = solids.closed([*half, *mirror(half[-2::-1]), *mirror(inner[:0:-1]), *inner])
            soft = linear(look, 0.0, 52.0, 0.0, 130.0, (0, shade, 0.0), (0.35, shade, 0.06), (0.7, shade, 0.28),
                          (1, shade, 0.42))
            self.stubble = fill(area, soft)

    def moustache(self, pose: Pose, turn: HeadTurn) -> Nodes:
        look = self._look
        if not look.beard:
            return []
        up = -4.0 * clamp(pose.upper) - 2.0 * clamp(pose.smile) - 5.0 * clamp(pose.jaw) + 2.0 * clamp(pose.press)
        wide = 1.0 + 0.12 * clamp(pose.width, -1.0, 1.0) - 0.16 * clamp(pose.pucker)
        rise = 8.0 * clamp(pose.smile, -1.0, 1.0)
        sneer = 5.0 * clamp(pose.nose)
        nodes: Nodes = []
        for s in (-1, 1):
            lift = up - (sneer if s < 0 else 0.0)
            half: list[Point3] = [
                (0, 60 + lift, 106), (s * 13 * wide, 55 + lift, 104), (s * 32 * wide, 62 + lift - rise * 0.4, 94),
                (s * 50 * wide, 73 + lift - rise, 78), (s * 62 * wide, 66 + lift - 1.3 * rise, 66),
                (s * 62 * wide, 66 + lift - 1.3 * rise, 66), (s * 56 * wide, 82 + lift - rise, 72),
                (s * 40 * wide, 86 + lift - rise * 0.8, 84), (s * 18 * wide, 77 + lift - rise * 0.2, 98),
                (0, 71 + lift, 106),
            ]
            hairs = turn.project_all([
                (s * 6, 63 + lift, 106), (s * 22 * wide, 66 + lift - 0.2 * rise, 100),
                (s * 40 * wide, 77 + lift - 0.7 * rise, 86), (s * 54 * wide, 75 + lift - rise, 74),
            ])
            nodes += fill(closed_curve(turn.project_all(half)), self._moustache)
            nodes += fill(brush(hairs, 0.0, 2.6), look.hair_dark, 0.55)
            nodes += fill(brush([(x, y - 5.0) for x, y in hairs], 0.0, 3.4), look.hair_light, 0.9)
        return nodes


def _full(look: Look, solids: Solids, w: float, paint: Paint) -> Nodes:
    tips: list[Spot] = [
        (94 * w, 92, 12, 0.05, 0.5), (94 * w, 92, 12, 0.05, 0.5), (74 * w, 118, 24, 0.1, 0.7),
        (76 * w, 126, 24, 0.15, 0.8),
        (76 * w, 126, 24, 0.15, 0.8), (54 * w, 138, 34, 0.2, 0.9), (50 * w, 150, 36, 0.25, 1),
        (50 * w, 150, 36, 0.25, 1),
        (32, 153, 44, 0.3, 1), (22, 166, 46, 0.35, 1), (22, 166, 46, 0.35, 1), (8, 163, 50, 0.3, 1),
    ]
    right: list[Spot] = [(99 * w, -6, -2), (104 * w, 30, 0, 0, 0.1), (102 * w, 66, 6, 0, 0.3), *tips]
    left: list[Spot] = [(-x, y + 3.0 * (i % 3), *rest) for i, (x, y, *rest) in enumerate(tips)]
    left = [*left[::-1], (-102 * w, 66, 6, 0, 0.3), (-104 * w, 30, 0, 0, 0.1), (-99 * w, -6, -2)]
    inner: list[Spot] = [
        (0, 66, 98), (0, 66, 98), (22, 62, 96), (40, 66, 84), (60, 74, 68), (78, 58, 46), (88, 28, 22), (93, -6, 8),
        (93, -6, 8),
    ]
    area = solids.closed([*right, *left, *mirror(inner[:1:-1]), *inner])
    dark: list[tuple[float, list[Spot]]] = []
    light: list[tuple[float, list[Spot]]] = []
    for s in (-1, 1):
        dark += [
            (5.0, [(s * 97, 30, 4), (s * 95, 66, 10, 0, 0.2), (s * 80, 102, 22, 0.05, 0.5),
                   (s * 72, 118, 26, 0.1, 0.7)]),
            (5.0, [(s * 80, 72, 34, 0, 0.2), (s * 74, 98, 36, 0, 0.5), (s * 56, 126, 38, 0.1, 0.8),
                   (s * 50, 142, 40, 0.2, 1)]),
            (5.0, [(s * 44, 112, 62, 0, 0.7), (s * 40, 132, 54, 0.1, 0.9), (s * 26, 154, 50, 0.3, 1)]),
        ]
        light += [
            (9.0, [(s * 92, 4, 8), (s * 94, 40, 10, 0, 0.1), (s * 88, 74, 20, 0, 0.3), (s * 74, 104, 30, 0, 0.6)]),
            (9.0, [(s * 70, 84, 46, 0, 0.4), (s * 62, 112, 42, 0, 0.7), (s * 48, 134, 42, 0.1, 0.9)]),
            (9.0, [(s * 28, 114, 70, 0, 0.7), (s * 26, 136, 58, 0.1, 0.9), (s * 14, 156, 52, 0.3, 1)]),
        ]
    dark.append((5.0, [(-3, 118, 76, 0, 0.8), (-5, 138, 62, 0.1, 0.9), (3, 158, 54, 0.3, 1)]))
    return [
        *fill(area, paint),
        *fill(solids.locks(*light), look.hair_light, 0.7),
        *fill(solids.locks(*dark), look.hair_dark, 0.4),
    ]
