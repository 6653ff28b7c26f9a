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
        self._nodes: Nodes = []
        if look.beard:
            self._nodes = _full(look, solids, w, paint)
        elif look.stubble:
            shade = blend(look.skin_shade, look.hair_colour, 0.35)
            half: list[Spot] = [
                (92 * w, 40, 8, 0, 0.1), (76 * w, 84, 20, 0, 0.5), (48 * w, 110, 34, 0, 0.8), (22, 124, 44, 0, 1.0),
                (0, 127, 46, 0, 1.0),
            ]
            inner: list[Spot] = [(0, 64, 96), (26, 64, 94), (50, 74, 74), (70, 62, 48)]
            area = solids.closed([*half, *mirror(half[-2::-1]), *mirror(inner[:0:-1]), *inner])
            soft = linear(look, 0.0, 50.0, 0.0, 126.0, (0, shade, 0.0), (0.5, shade, 0.22), (1, shade, 0.45))
            self._nodes = fill(area, soft)

    def behind_mouth(self) -> Nodes:
        return self._nodes

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
    outer: list[Spot] = [
        (99 * w, -6, -2), (103 * w, 30, 0, 0, 0.1), (99 * w, 70, 6, 0, 0.3), (96 * w, 84, 10, 0, 0.4),
        (88 * w, 104, 16, 0.1, 0.6), (80 * w, 116, 20, 0.15, 0.7), (62 * w, 136, 30, 0.2, 0.9),
        (50 * w, 146, 36, 0.25, 1),
        (28, 158, 44, 0.3, 1), (14, 164, 48, 0.3, 1), (0, 163, 50, 0.3, 1),
    ]
    inner: list[Spot] = [
        (0, 66, 98), (0, 66, 98), (22, 62, 96), (40, 66, 84), (60, 74, 68), (78, 58, 46), (88, 28, 22), (93, -6, 8),
        (93, -6, 8),
    ]
    area = solids.closed([*outer, *mirror(outer[-2::-1]), *mirror(inner[:1:-1]), *inner])
    dark: list[tuple[float, list[Spot]]] = []
    light: list[tuple[float, list[Spot]]] = []
    for i in range(-4, 5):
        x, out = i * 17.0, abs(i)
        spine: list[Spot] = [
            (x, 110 - 3.0 * out, 74 - 8 * out, 0.0, 0.7), (0.98 * x + 2, 126 - 4.4 * out, 62 - 7 * out, 0.1, 0.9),
            (0.9 * x - 1, 142 - 5.4 * out, 54 - 6 * out, 0.2, 1.0), (0.8 * x, 156 - 7.0 * out, 50 - 5 * out, 0.3, 1.0),
        ]
        dark.append((4.0, spine))
        light.append((7.0, [(px + 8.5, *rest) for px, *rest in spine]))
    for s in (-1, 1):
        light.append((8.0, [(s * 92, 6, 8), (s * 93, 44, 10, 0, 0.1), (s * 84, 80, 22, 0, 0.4)]))
        dark.append((4.0, [(s * 98, 20, 2), (s * 96, 58, 8, 0, 0.2), (s * 85, 94, 20, 0, 0.5)]))
    return [
        *fill(area, paint),
        *fill(solids.locks(*light), look.hair_light, 0.45),
        *fill(solids.locks(*dark), look.hair_dark, 0.4),
    ]
