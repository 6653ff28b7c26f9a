"""A drawn robot: a round head whose face is a screen on which eyes and mouth are lit."""

from __future__ import annotations

import math

from services.render.easing import clamp, lerp
from services.render.layered.backdrop import SIDE
from services.render.layered.head import NECK_Y
from services.render.layered.looks import RobotLook
from services.render.layered.paints import glow, spot
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
    moved,
    polygon,
    turned,
)
from services.render.layered.solids import Solids, Spot
from services.render.pose import Pose

_PLACE = (1.1, 0.0, 0.0, 1.1, 256.0, 232.0)
_EYE_X, _EYE_Y, _MOUTH_Y = 45.0, 2.0, 80.0


class Robot:
    """A drawing of one robot."""

    def __init__(self, look: RobotLook) -> None:
        self._look = look
        self._solids = solids = Solids()
        dark, light, shell = look.shell_dark, look.shell_light, look.shell
        body = Radial(-46.0, -70.0, 250.0, ((0.0, light, 1.0), (0.35, shell, 1.0),
                                            (0.75, blend(shell, dark, 0.55), 1.0),
                                            (1.0, dark, 1.0)))
        screen = Linear(-90.0, -80.0, 90.0, 130.0, ((0.0, look.screen_light, 1.0), (0.45, look.screen, 1.0),
                                                    (1.0, blend(look.screen, "#000000", 0.3), 1.0)))
        head = solids.closed(_box(134.0, -122.0, 132.0, 0.0, 0.72))
        frame = solids.closed(_box(108.0, -74.0, 116.0, 52.0, 0.7))
        face = solids.closed(_box(100.0, -66.0, 109.0, 56.0, 0.7))
        self._face = face
        gloss = solids.closed([
            (-86, -26, 58), (-80, -52, 58), (-54, -60, 58), (-4, -61, 58), (-4, -61, 58), (-40, -40, 58), (-72, 10, 58),
            (-84, 40, 58), (-84, 40, 58), (-88, 10, 58),
        ])
        edge = _box(130.0, -118.0, 128.0, 2.0, 0.72)
        rim = solids.locks((7.0, [*edge[-4:], *edge[:5]]))
        seam = solids.locks((3.0, [(-118, -62, 20), (-60, -104, 40), (0, -112, 46), (60, -104, 40), (118, -62, 20)]))
        stalk = solids.closed([
            (-5, -116, 10, 0.0), (-5, -116, 10, 0.0), (-4, -146, 8, 0.5), (-4, -146, 8, 0.5), (4, -146, 8, 0.5),
            (4, -146, 8, 0.5), (5, -116, 10), (5, -116, 10),
        ])
        lamp = solids.closed(_circle(0.0, -155.0, 8.0, 12.0, 1.0))
        lamp_light = solids.closed(_circle(-3.5, -159.0, 8.0, 3.6, 1.0))
        base = solids.closed(_box(22.0, -128.0, -112.0, 12.0, 0.8))
        cups = [solids.closed(_ear(side, 0.0)) for side in (-1, 1)]
        discs = [solids.closed(_ear(side, 1.0)) for side in (-1, 1)]
        cup = Linear(0.0, -44.0, 0.0, 56.0, ((0.0, blend(look.joint, light, 0.35), 1.0), (1.0, look.joint, 1.0)))
        self._head: Nodes = [
            *fill(stalk, look.joint), *fill(base, look.joint),
            *fill(lamp, look.warm), *fill(lamp_light, "#ffffff", 0.8),
            *(node for one in cups for node in fill(one, cup)),
            *(node for one in discs for node in fill(one, look.light, 0.9)),
            *fill(head, body), *fill(rim, look.glow, 0.7), *fill(seam, dark, 0.5),
            *fill(frame, Linear(0.0, -74.0, 0.0, 116.0, ((0.0, dark, 1.0), (0.5, blend(dark, shell, 0.5), 1.0),
                                                         (1.0, light, 1.0)))),
            *fill(face, screen),
        ]
        self._gloss = fill(gloss, "#ffffff", 0.09)
        self._halo = glow(0.0, 0.0, 44.0, 44.0, look.light, 0.55)
        self._cheek = glow(0.0, 0.0, 26.0, 17.0, look.warm, 0.9)
        self._mouth_halo = glow(0.0, 0.0, 56.0, 34.0, look.light, 0.3)
        self._lamp_halo = glow(0.0, 0.0, 40.0, 40.0, look.warm, 0.7)
        self._eye = Linear(0.0, -26.0, 0.0, 26.0, ((0.0, blend(look.light, "#ffffff", 0.55), 1.0),
                                                   (0.6, look.light, 1.0),
                                                   (1.0, blend(look.light, look.screen_light, 0.3), 1.0)))
        self._body = self._trunk()

    def backdrop(self) -> Nodes:
        look = self._look
        whole = polygon([(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)])
        sky = Linear(0.0, 0.0, 0.0, SIDE, ((0.0, look.sky, 1.0), (1.0, look.sky_deep, 1.0)))
        stars = join(_star(x, y, r) for x, y, r in (
            (60, 110, 13), (104, 60, 7), (446, 96, 15), (404, 46, 7), (478, 196, 8), (34, 236, 8),
        ))
        lines = join([
            polygon([(256 + (x - 256) * 0.42, 400), (257.5 + (x - 256) * 0.42, 400), (x + 3, SIDE), (x, SIDE)])
            for x in range(-512, 1025, 64)
        ] + [polygon([(0, y), (SIDE, y), (SIDE, y + h), (0, y + h)])
             for y, h in ((400.0, 1.2), (420.0, 1.5), (447.0, 2.0), (482.0, 2.6))])
        return [
            *fill(whole, sky),
            *ellipse(256.0, 214.0, 260.0, 260.0, glow(256.0, 214.0, 260.0, 260.0, look.glow, 0.95)),
            *fill(lines, look.glow, 0.4), *fill(stars, "#ffffff", 0.8),
        ]

    def draw(self, pose: Pose) -> Nodes:
        turn = HeadTurn(pose)
        swing = -1.3 * pose.yaw - 1.2 * pose.roll, 1.2 * max(pose.pitch, 0.0) - 5.0 * pose.breath
        self._solids.project(turn, swing=swing)
        dy = -2.5 * pose.breath - 6.0 * pose.shoulders + 0.6 * pose.pitch
        lifted = turned(1.2 * pose.roll, 0.0, NECK_Y, dx=0.7 * pose.yaw, dy=dy)
        lit = clamp(0.45 + pose.jaw + 0.4 * clamp(pose.smile))
        x, y = turn.project(0.0, -155.0, 8.0)
        face = [
            *self._cheeks(pose, turn), *self._eyes(pose, turn), *self._mouth(pose, turn), *self._nose(pose, turn),
        ]
        return group([
            *group(self._neck(pose), matrix=moved(0.35 * pose.yaw, 0.6 * dy)),
            *group(self._body, matrix=(1.0, 0.0, 0.003 * pose.roll, 1.0, -0.4 * pose.yaw - pose.roll,
                                       -3.0 * pose.breath - 10.0 * pose.shoulders)),
            *group([
                *group(ellipse(0.0, 0.0, 40.0, 40.0, self._lamp_halo, opacity=lit),
                       matrix=moved(x + swing[0], y + swing[1])),
                *self._head, *group([*face, *self._gloss], clip=self._face),
            ], matrix=lifted),
        ], matrix=_PLACE)

    def _neck(self, pose: Pose) -> Nodes:
        look = self._look
        rings = join(closed_curve([(-w, y), (0, y + 4), (w, y), (w, y + 9), (0, y + 14), (-w, y + 9)])
                     for w, y in ((34.0, 132.0), (38.0, 148.0), (42.0, 164.0), (46.0, 180.0)))
        column = polygon([(-30, 110), (30, 110), (40, 206), (-40, 206)])
        return [*fill(column, look.joint), *fill(rings, blend(look.joint, look.shell_light, 0.22)),
                *fill(closed_curve([(-38, 118), (38, 118), (38, 142), (0, 154), (-38, 142)]), "#15102e", 0.35)]

    def _trunk(self) -> Nodes:
        look = self._look
        right: list[Point] = [(40, 188), (40, 188), (92, 196), (138, 216), (158, 262), (168, 360), (168, 360)]
        trunk = closed_curve([*right, *((-x, y) for x, y in reversed(right))])
        shade = Radial(-60.0, 190.0, 260.0, ((0.0, look.shell_light, 1.0), (0.5, look.shell, 1.0),
                                             (1.0, look.shell_dark, 1.0)))
        collar = closed_curve([(-64, 186), (0, 202), (64, 186), (72, 198), (0, 220), (-72, 198)])
        arms = join(closed_curve([(s * 150, 230), (s * 196, 236), (s * 216, 290), (s * 220, 360), (s * 220, 360),
                                  (s * 168, 360),
                                  (s * 168, 360), (s * 166, 280)]) for s in (-1, 1))
        panel = closed_curve([(-44, 230), (-44, 230), (44, 230), (44, 230), (40, 300), (40, 300), (-40, 300),
                              (-40, 300)])
        heart = closed_curve([(0, 266), (0, 266), (-17, 251), (-14, 238), (-5, 238), (0, 245), (0, 245), (5, 238),
                              (14, 238),
                              (17, 251)])
        return [
            *fill(arms, look.joint), *fill(trunk, shade), *fill(collar, look.joint),
            *fill(*spot(0.0, 206.0, 100.0, 34.0, look.shell_dark, 0.7)),
            *fill(panel, look.screen), *fill(heart, look.warm),
            *fill(brush([(98, 200), (138, 219), (156, 260), (160, 300)], -5.0, 2.0), look.glow, 0.8),
        ]

    def _cheeks(self, pose: Pose, turn: HeadTurn) -> Nodes:
        warm = clamp(0.25 + 0.85 * clamp(pose.smile))
        return [
            node for side in (-1, 1) for node in group(
                ellipse(0.0, 0.0, 26.0, 17.0, self._cheek, opacity=warm), matrix=_on_screen(turn, side * 74.0, 48.0))
        ]

    def _eyes(self, pose: Pose, turn: HeadTurn) -> Nodes:
        nodes: Nodes = []
        for side in (-1, 1):
            lid = clamp(pose.lid_left if side < 0 else pose.lid_right, 0.0, 1.45)
            lift = clamp(pose.brow_left if side < 0 else pose.brow_right, -1.0, 1.2)
            joy = clamp(1.5 * clamp(pose.squint)) * clamp(1.4 * pose.smile) * clamp(2.0 * lid)
            half, tall = 22.0 + 1.5 * clamp(lid - 1.0), 28.0 * lid
            squint = clamp(pose.squint) * (1.0 - joy)
            top = [-tall + 6.0 * joy + 4.0 * squint] * 3
            # The brow of a lamp is the slant of its upper edge: inwards down in anger, outwards down in grief.
            slant = 15.0 * clamp(pose.furrow) - 15.0 * clamp(pose.sorrow) - 5.0 * lift * clamp(pose.furrow)
            low = lerp(tall - 9.0 * squint, -0.62 * tall, joy)
            edge = [(-half, 0.0), (-0.92 * half, top[0] * 0.72), (0.0, top[1]), (0.92 * half, top[2] * 0.72),
                    (half, 0.0)]
            under = [(-half, 2.0 + 3.0 * joy), (-0.92 * half, low * 0.72), (0.0, low), (0.92 * half, low * 0.72),
                     (half, 2.0 + 3.0 * joy)]
            edge = [(x, min(y + max(-side * slant * x / half, 0.0) * (y < -1.0) * 1.6, under[i][1] - 2.5))
                    for i, (x, y) in enumerate(edge)]
            if joy > 0.0:
                edge = [(x, y + 10.0 * joy) for x, y in edge]
                under = [(x, y + 10.0 * joy) for x, y in under]
            outline = between(edge, [(x, max(y, edge[i][1] + 4.0)) for i, (x, y) in enumerate(under)])
            gaze = moved(11.0 * clamp(pose.gaze_x, -1.0, 1.0), 8.0 * clamp(pose.gaze_y, -1.0,
                                                                           1.0) - 7.0 * max(lift, 0.0))
            shine = clamp(1.5 * lid - 0.6) * (1.0 - joy)
            eye = [
                *ellipse(0.0, 0.0, 44.0, 44.0, self._halo),
                *fill(outline, self._eye),
                *ellipse(-6.0, -0.45 * tall, 5.0, 5.5, "#ffffff", opacity=0.95 * shine),
                *ellipse(6.5, 0.35 * tall, 2.6, 2.8, "#ffffff", opacity=0.7 * shine),
            ]
            nodes += group(group(eye, matrix=gaze), matrix=_on_screen(turn, side * _EYE_X, _EYE_Y))
        return nodes

    def _nose(self, pose: Pose, turn: HeadTurn) -> Nodes:
        """Lines on the screen where a nose would wrinkle."""
        lines = join(brush([(-9.0, y), (0.0, y - 4.0), (9.0, y)], 0.0, 3.0) for y in (0.0, 9.0))
        return group(fill(lines, self._look.light, clamp(pose.nose) * 0.9), matrix=_on_screen(turn, 0.0, 30.0))

    def _mouth(self, pose: Pose, turn: HeadTurn) -> Nodes:
        look = self._look
        press, pucker, jaw = clamp(pose.press), clamp(pose.pucker), clamp(pose.jaw, 0.0, 1.1)
        teeth, tongue, tuck = clamp(pose.teeth), clamp(pose.tongue), clamp(pose.tuck)
        smile = clamp(pose.smile + 0.5 * clamp(1.0 + 2.0 * pose.smile), -1.0, 1.2)
        opened = max(34.0 * jaw, 14.0 * teeth * clamp(pose.upper + 0.35), 7.0 * tuck, 10.0 * tongue,
                     6.0 * pucker) * (1.0 - press)
        half = 38.0 * (1.0 + 0.25 * clamp(pose.width, -1.0, 1.2) - 0.5 * pucker + 0.12 * max(smile, 0.0) - 0.12 * press)
        sneer = 8.0 * clamp(pose.nose) * clamp(pose.upper)
        ring = clamp(1.1 * pucker)
        bend = 11.0 * smile * (1.0 - ring)
        line = 4.6 + 0.8 * press
        sides = 0.62 + 0.22 * ring

        def arc(y: float, out: float, lift: float) -> list[Point]:
            w = half + 0.6 * out
            return [(-w, -bend - 0.4 * lift), (-0.62 * w, sides * y - 0.4 * bend - lift), (0.0, y + 0.3 * bend),
                    (0.62 * w, sides * y - 0.4 * bend), (w, -bend)]

        top, bottom = -0.4 * opened - 4.0 * clamp(pose.upper) * (1.0 - press), 0.6 * opened
        upper, lower = arc(top, 0.0, sneer), arc(bottom, 0.0, 0.0)
        hole = between(upper, lower)
        lips = between(arc(top - line, line, sneer), arc(bottom + line, line, 0.0))
        hiss = clamp(3.0 * teeth - 2.0) * clamp(2.4 - 9.0 * jaw) * (1.0 - clamp(2.0 * tuck))
        tall = lerp(clamp(max(teeth, 0.8 * tuck)) * 9.0, opened + 0.6 * bend, hiss)
        row = polygon([(-half, top - 12.0), (half, top - 12.0), (half, top + tall), (-half, top + tall)])
        gaps = join(polygon([(x * half - 0.9, top - 9.0), (x * half + 0.9, top - 9.0), (x * half + 0.9, bottom),
                             (x * half - 0.9, bottom)]) for x in (-0.66, -0.33, 0.0, 0.33, 0.66))
        lick = bottom - lerp(0.25 * opened, 0.62 * opened, tongue)
        inside = [
            *fill(hole, blend(look.screen, "#000000", 0.5)),
            *ellipse(0.0, lick + 10.0, (0.62 - 0.12 * tongue) * half, 11.0, look.warm,
                     opacity=clamp(0.9 * clamp(4.0 * jaw) + tongue) * (1.0 - hiss)),
            *fill(row, blend(look.light, "#ffffff", 0.8), clamp(tall / 2.0)), *fill(gaps, look.screen, 0.8 * hiss),
        ]
        return group([
            *ellipse(0.0, 0.0, 56.0, 34.0, self._mouth_halo),
            *fill(lips, look.light),
            *group(inside, clip=hole, visible=opened > 1.0),
            *ellipse(0.0, bottom + 1.0, 0.42 * half, 8.0, blend(look.warm, "#ffffff", 0.15),
                     opacity=clamp(4.0 * (tongue - 0.7))),
        ], matrix=_on_screen(turn, 0.0, _MOUTH_Y - 4.0))


def _on_screen(turn: HeadTurn, x: float, y: float) -> tuple[float, float, float, float, float, float]:
    """Transform of a flat drawing on the screen, which is slightly curved."""
    px, py = turn.project(x, y, 74.0 - 0.0016 * x * x)
    right, down, near = turn.columns()
    slope = -0.0032 * x
    return right[0] + slope * near[0], right[1] + slope * near[1], down[0], down[1], px, py


def _box(half: float, top: float, bottom: float, z: float, square: float) -> list[Spot]:
    """A box with round corners (a superellipse)."""
    middle, tall = 0.5 * (top + bottom), 0.5 * (bottom - top)
    made: list[Spot] = []
    for index in range(24):
        angle = math.tau * index / 24
        c, s = math.cos(angle), math.sin(angle)
        made.append((half * math.copysign(abs(c) ** square, c), middle + tall * math.copysign(abs(s) ** square, s), z))
    return made


def _circle(x: float, y: float, z: float, r: float, swing: float) -> list[Spot]:
    return [(x + r * math.cos(math.tau * i / 8), y + r * math.sin(math.tau * i / 8), z, swing) for i in range(8)]


def _ear(side: int, lit: float) -> list[Spot]:
    x, r = side * (134.0 + 8.0 * lit), 34.0 - 14.0 * lit
    return [(x + side * (12.0 - 4.0 * lit) * max(math.cos(a), -0.9), 6.0 + r * math.sin(a), -6.0)
            for a in (math.tau * i / 12 for i in range(12))]


def _star(x: float, y: float, r: float) -> Path:
    """A twinkle of four points."""
    points: list[Point] = []
    for index in range(4):
        angle = 0.5 * math.pi * index
        points.append((x + r * math.sin(angle), y - r * math.cos(angle)))
        points.append((x + 0.2 * r * math.sin(angle + 0.785), y - 0.2 * r * math.cos(angle + 0.785)))
    return polygon(points)


