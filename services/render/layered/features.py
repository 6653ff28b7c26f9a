"""The nose, and the wrinkles of expressions and age."""

from __future__ import annotations

from services.render.easing import clamp
from services.render.layered.eyes import EYE_Y
from services.render.layered.looks import Look
from services.render.layered.paints import glow
from services.render.layered.picture import (
    HeadTurn,
    Nodes,
    Radial,
    brush,
    closed_curve,
    ellipse,
    fill,
    group,
    join,
    moved,
)
from services.render.pose import Pose

_SIDES = (-1, 1)


class Nose:
    """The nose, which wrinkles."""

    def __init__(self, look: Look) -> None:
        self._look = look
        wide = look.nose_width
        self._tip = glow(0.0, 0.0, 16.0 * wide, 14.0, look.skin_light, 0.95)
        self._side = glow(0.0, 0.0, 19.0 * wide, 24.0, look.skin_shade, 0.85)
        self._bridge = glow(0.0, 0.0, 10.0, 34.0, look.skin_light, 0.65)
        self._red = glow(0.0, 0.0, 22.0 * wide, 17.0, look.blush, 0.55)

    def draw(self, pose: Pose, turn: HeadTurn) -> Nodes:
        look, wrinkle = self._look, clamp(pose.nose)
        wide = look.nose_width * (1.0 + 0.1 * wrinkle)
        up = -4.5 * wrinkle
        wing = 14.5 * wide
        under = closed_curve([
            (-wing, 12.0 + up), (-0.5 * wing, 17.0 + up), (0.0, 20.5 + 0.5 * up), (0.5 * wing, 17.0 + up),
            (wing, 12.0 + up), (0.55 * wing, 23.0 + up), (0.0, 26.0 + 0.5 * up), (-0.55 * wing, 23.0 + up),
        ])
        nostrils = join(closed_curve([
            (s * 3.6, 18.0 + up), (s * 7.6 * wide, 15.4 + up), (s * 10.8 * wide, 17.4 + up),
            (s * 7.0 * wide, 19.6 + up),
        ]) for s in _SIDES)
        wings = join(brush(
            [(s * wing * 0.82, 4.0 + up), (s * wing * 1.06, 11.5 + up), (s * wing * 0.8, 18.5 + up)], -s * 2.2, 0.0,
        ) for s in _SIDES)
        wrinkles = join(
            brush([(s * 2.5, y), (s * 8.0, y - 4.5), (s * 12.5, y - 3.0)], 0.0, 2.4)
            for s in _SIDES for y in (-24.0, -32.0, -40.0)
        )
        return group([
            *self._soft(self._side, 9.0, 2.0 + up), *self._soft(self._red, 0.0, 7.0 + up, 1.0 if look.lines else 0.6),
            *fill(under, look.skin_shade, 0.6),
            *self._soft(self._bridge, -1.0, -16.0), *self._soft(self._tip, -1.0, 7.0 + up),
            *fill(nostrils, look.skin_line, 0.85),
            *fill(wings, look.skin_line, 0.5 + 0.25 * wrinkle),
            *fill(wrinkles, look.skin_line, 0.6 * wrinkle),
            *ellipse(-3.6, 4.5 + up, 4.0, 3.0, "#ffffff", opacity=0.45),
        ], matrix=turn.decal(0.0, 34.0, lift=13.0))

    def _soft(self, paint: Radial, x: float, y: float, opacity: float = 1.0) -> Nodes:
        return group(ellipse(0.0, 0.0, paint.r, paint.r * paint.tall, paint, opacity=opacity), matrix=moved(x, y))


class Wrinkles:
    """Wrinkles from the nose to the mouth, between the brows, and across an old forehead."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def draw(self, pose: Pose, turn: HeadTurn) -> Nodes:
        look = self._look
        smile, furrow, raised = clamp(pose.smile), clamp(pose.furrow), clamp(max(pose.brow_left, pose.brow_right))
        deep = clamp(0.55 * smile + 0.4 * look.lines + 0.75 * clamp(pose.nose) + 0.15 * clamp(pose.width))
        nodes: Nodes = []
        for side in _SIDES:
            fold = [(side * -8.0, -17.0), (side * 3.0, -3.0 - 2.0 * smile), (side * (5.0 + 4.0 * smile), 14.0)]
            line = fill(brush(fold, side * 3.2, 0.0), look.skin_line, (0.3 if look.flat else 0.5) * deep)
            nodes += group(line, matrix=turn.decal(side * 36.0, 58.0, lift=2.0))
        frown = join(brush([(s * 4.5, -10.0), (s * 3.4, 0.0), (s * 5.5, 9.0)], s * 2.8, 0.0) for s in _SIDES)
        nodes += group(fill(frown, look.skin_line, 0.55 * furrow), matrix=turn.decal(0.0, EYE_Y - 27.0))
        if look.lines:
            bent = 5.0 * clamp(max(raised, pose.sorrow))
            creases = join(
                brush([(-28.0, y + 2.0), (-9.0, y - bent), (10.0, y - bent), (30.0, y + 1.0)], 0.0, 2.2)
                for y in (-7.0, 5.0)
            )
            nodes += group(fill(creases, look.skin_line, 0.25 * look.lines + 0.2 * raised),
                           matrix=turn.decal(0.0, -78.0))
        return nodes
