"""Lips, teeth and tongue."""

from __future__ import annotations

from dataclasses import dataclass

from services.render.easing import clamp, lerp
from services.render.layered.looks import Look
from services.render.layered.paints import glow, linear
from services.render.layered.picture import (
    HeadTurn,
    Linear,
    Nodes,
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
    moved,
)
from services.render.pose import Pose

MOUTH_Y = 83.0
_HALF = 37.0
_OPEN = 42.0
_REST_SMILE = 0.5
"""Smile of the resting mouth; a drawn mouth without one looks sullen."""


@dataclass(frozen=True)
class _Lips:
    """Positions of the lips, relative to the centre of the mouth, y down."""

    half: float
    """Half of the mouth's width."""
    corner: float
    """Height of the corners."""
    upper_in: float
    upper_out: float
    lower_in: float
    lower_out: float
    round: float
    """0 almond to 1 ring."""
    sneer: float
    """How far the upper lip is raised on one side."""

    @property
    def gap(self) -> float:
        return self.lower_in - self.upper_in

    def inner_upper(self) -> list[Point]:
        points = self._arc(self.upper_in)
        sneer = self.sneer
        return [(x, y - sneer * part) for (x, y), part in zip(points, (0.25, 1.0, 0.35, 0.0, 0.0), strict=True)]

    def inner_lower(self) -> list[Point]:
        left, *others = self._arc(self.lower_in)
        return [(left[0], left[1] - 0.25 * self.sneer), *others]

    def outer_upper(self) -> list[Point]:
        """The outer edge of the upper lip, with the Cupid's bow."""
        half, top, sneer = self.half, self.upper_out, self.sneer
        bow = 2.2 * (1.0 - 0.6 * self.round)
        side = lerp(self.corner, top, 0.66 + 0.16 * self.round)
        return [(-half, self.corner - 0.25 * sneer), (-half * 0.6, side - sneer),
                (-half * 0.2, top - 0.4 - 0.55 * sneer),
                (0.0, top + bow - 0.3 * sneer), (half * 0.2, top - 0.4), (half * 0.6, side), (half, self.corner)]

    def outer_lower(self) -> list[Point]:
        half, bottom = self.half, self.lower_out
        side = lerp(self.corner, bottom, 0.72 + 0.1 * self.round)
        flat = lerp(0.22, 0.12, self.round)
        return [(-half, self.corner - 0.25 * self.sneer), (-half * 0.64, side), (-half * flat, bottom),
                (half * flat, bottom), (half * 0.64, side), (half, self.corner)]

    def _arc(self, y: float) -> list[Point]:
        # In a round mouth the lips continue around the corners.
        half = self.half * lerp(0.97, 0.74, self.round)
        side = lerp(self.corner, y, 0.68 + 0.17 * self.round)
        return [(-half, self.corner), (-half * 0.62, side), (0.0, y), (half * 0.62, side), (half, self.corner)]


class Mouth:
    """The mouth with what is in it."""

    def __init__(self, look: Look) -> None:
        self._look = look
        lip, dark, light = look.lip, look.lip_dark, look.lip_light
        skin = blend(look.skin, look.skin_shade, 0.5)
        lip, dark, light = (blend(skin, one, look.lip_line) for one in (lip, blend(lip, dark, 0.6), light))
        self._upper = linear(look, 0.0, -12.0, 0.0, 4.0, (0, lip, 1), (1, dark, 1))
        self._lower = linear(look, 0.0, 0.0, 0.0, 13.0, (0, lip, 1), (0.45, light, 1), (1, lip, 1))
        self._seam = blend(look.lip_dark, "#3a0a18", 0.6)
        self._throat = Linear(0.0, -8.0, 0.0, 34.0, ((0.0, "#2a0510", 1.0), (0.6, "#5c1022", 1.0),
                                                     (1.0, "#8c2233", 1.0)))
        self._teeth = Linear(0.0, -4.0, 0.0, 4.0, ((0.0, "#dfd3d8", 1.0), (1.0, "#fffdf9", 1.0)))
        self._tongue = Linear(0.0, -11.0, 0.0, 14.0, ((0.0, "#ee8088", 1.0), (0.45, "#d65a68", 1.0),
                                                      (1.0, "#9c2f45", 1.0)))
        self._under = glow(0.0, 0.0, 24.0, 9.0, look.skin_shade, 0.95)

    def draw(self, pose: Pose, turn: HeadTurn) -> Nodes:
        look, lips = self._look, _lips(self._look, pose)
        upper, lower = lips.inner_upper(), lips.inner_lower()
        hole = between(upper, lower)
        thick = lips.lower_out - lips.lower_in
        nodes = [
            *group(ellipse(0.0, 0.0, 24.0, 9.0, self._under, opacity=0.15 if look.beard else 0.75),
                   matrix=moved(0.0, lips.lower_out + 7.0)),
            *group(self._inside(lips, pose, hole, upper), clip=hole, visible=lips.gap > 0.8),
            *fill(between(lips.outer_upper(), upper), self._upper),
            *group(self._lower_lip(lips, thick), matrix=moved(0.0, lips.lower_in)),
            *self._edges(pose, lips, upper, lower),
            *self._tip(lips, pose),
        ]
        return group(nodes, matrix=turn.decal(0.0, MOUTH_Y, lift=6.0))

    def _lower_lip(self, lips: _Lips, thick: float) -> Nodes:
        down = -lips.lower_in
        outer = [(x, y + down) for x, y in lips.outer_lower()]
        inner = [(x, y + down) for x, y in lips.inner_lower()]
        shine = ellipse(-0.14 * lips.half, 0.42 * thick, 0.3 * lips.half, 0.16 * thick, "#ffffff",
                        opacity=0.42 * self._look.lip_line)
        return fill(between(outer, inner), self._lower) + shine

    def _edges(self, pose: Pose, lips: _Lips, upper: list[Point], lower: list[Point]) -> Nodes:
        """The seam of the lips and the shadows at their corners."""
        closed, press = clamp(1.5 - 0.5 * lips.gap), clamp(pose.press)
        dimples = join(
            brush([(side * (lips.half - 2.0), lips.corner - 1.0), (side * (lips.half + 1.5), lips.corner - 0.5),
                   (side * (lips.half + 3.0), lips.corner - 4.0 * pose.smile - 1.0)], 0.0, 2.4)
            for side in (-1, 1)
        )
        return [
            *fill(brush(upper, 0.0, lerp(1.8, 2.4, closed) + 0.4 * press), self._seam, lerp(0.6, 0.95, closed)),
            *fill(brush(lower, 0.0, -1.4), self._seam, 0.4 * (1.0 - closed)),
            *fill(dimples, self._look.skin_line, 0.65 * (1.0 - lips.round)),
        ]

    def _inside(self, lips: _Lips, pose: Pose, hole: Path, upper: list[Point]) -> Nodes:
        """Throat, tongue, lower and upper teeth, and the shadow of the upper lip on them."""
        gap, half, tongue = lips.gap, lips.half, clamp(pose.tongue)
        teeth, jaw = clamp(pose.teeth), clamp(pose.jaw)
        clenched = clamp(3.0 * teeth - 2.0) * clamp(2.4 - 9.0 * jaw) * (1.0 - clamp(2.0 * pose.tuck))
        """Both rows on each other, as in a hiss."""
        shown = max(teeth, 0.9 * clamp(pose.tuck), 0.55 * jaw * (1.0 - clamp(pose.pucker)))
        height = lerp(clamp(shown) * (6.0 + 8.0 * clamp(gap / 20.0)), 0.52 * gap, clenched)
        low = lerp(6.0 * clamp((gap - 18.0) / 14.0), 0.5 * gap + 2.0, clenched)
        top = min(lips.upper_in - lips.sneer, lips.corner) - 4.0
        tongue_top = lerp(lips.lower_in - 0.34 * gap * clamp(gap / 22.0), lips.upper_in + 0.3 * gap, tongue)
        flesh = [
            *ellipse(0.0, 2.0, half * lerp(0.66, 0.5, tongue), 13.0, self._tongue),
            *fill(brush([(0.0, -9.0), (0.6, -2.0), (0.0, 5.0)], 1.6, 0.0), "#8a2539", 0.35 * (1.0 - tongue)),
        ]
        return [
            *fill(hole, self._throat),
            *fill(_row(0.6 * half, lips.lower_in - low, lips.lower_in + 4.0, 3.0), "#e9dfdf", clamp(low)),
            *group(flesh, matrix=moved(0.0, tongue_top + 10.0), visible=clenched < 0.5),
            *group(fill(_row(0.9 * half, top - lips.upper_in, height, 4.5), self._teeth, clamp(2.0 * height)),
                   matrix=moved(0.0, lips.upper_in)),
            *fill(brush([(-half, lips.upper_in + height), (0.0, lips.upper_in + height + 0.4),
                         (half, lips.upper_in + height)], 0.0, 1.5), "#5a2434", 0.7 * clenched),
            *fill(between(upper, [(x, y + 4.5) for x, y in upper]), "#2a060c", 0.18),
        ]

    def _tip(self, lips: _Lips, pose: Pose) -> Nodes:
        """The tip of the tongue between the teeth, over the lower lip."""
        out = clamp(4.0 * (clamp(pose.tongue) - 0.7))
        half = 0.46 * lips.half
        y = lips.lower_in
        top = lips.upper_in + 0.46 * lips.gap
        tip = closed_curve([(-half, top + 3.0), (-0.6 * half, top), (0.6 * half, top), (half, top + 3.0),
                            (0.8 * half, y + 4.0), (0.0, y + 6.0), (-0.8 * half, y + 4.0)])
        line = brush([(0.0, top + 2.0), (0.4, 0.5 * (top + y) + 1.0), (0.0, y + 3.0)], 1.5, 0.0)
        return fill(tip, "#ea7780", out) + fill(line, "#a83a4e", 0.5 * out)


def _lips(look: Look, pose: Pose) -> _Lips:
    press, tuck, pucker = clamp(pose.press), clamp(pose.tuck), clamp(pose.pucker)
    upper, teeth, jaw = clamp(pose.upper), clamp(pose.teeth), clamp(pose.jaw, 0.0, 1.1)
    width = clamp(pose.width, -1.0, 1.2)
    # Corners that are pulled down leave nothing of the smile at rest.
    smile = clamp(pose.smile + _REST_SMILE * clamp(1.0 + 2.0 * pose.smile), -1.0, 1.25)
    opened = _OPEN * jaw * (1.0 - 0.12 * pucker)
    bared = 16.0 * upper * teeth + 5.5 * teeth * clamp(4.0 * jaw)
    opened = max(opened, bared, 7.0 * tuck, 9.0 * clamp(pose.tongue), 5.0 * pucker) * (1.0 - press)
    half = _HALF * look.mouth_width * (1.0 + 0.22 * width - 0.36 * pucker + 0.2 * max(smile, 0.0) - 0.12 * press)
    half *= 1.0 - 0.1 * clamp(jaw) * (1.0 - clamp(width))
    corner = -9.5 * smile + 0.2 * opened
    upper_in = -0.22 * opened - 3.5 * upper * (1.0 - press) - 1.0 * max(smile, 0.0)
    upper_in += 5.0 * max(smile, 0.0) * (1.0 - clamp(opened / 8.0))  # in a closed mouth a smile curves the seam
    # An open one smiles with both lips.
    upper_in += 3.5 * clamp(pose.smile) * clamp(opened / 8.0)
    opened += 5.0 * clamp(pose.smile) * clamp(opened / 8.0) * (1.0 - pucker)
    upper_in += -4.0 * max(-smile, 0.0) * (1.0 - clamp(opened / 10.0))
    lower_in = upper_in + opened + 0.2
    ring = clamp(pucker * 1.1)
    corner = lerp(corner, 0.5 * (upper_in + lower_in), 0.85 * ring)
    full = look.lip_fullness * (1.0 - 0.45 * press) * (1.0 + 0.3 * pucker)
    full *= (1.0 - 0.14 * clamp(width)) * (1.0 - 0.12 * max(smile, 0.0))
    return _Lips(
        half=half,
        corner=corner,
        upper_in=upper_in,
        upper_out=upper_in - 9.4 * full * (1.0 - 0.2 * upper),
        lower_in=lower_in,
        lower_out=lower_in + 12.0 * full * (1.0 - 0.6 * tuck),
        round=clamp(ring + 0.15 * clamp(jaw)),
        sneer=9.0 * clamp(pose.nose) * upper,
    )


def _row(half: float, top: float, bottom: float, corner: float) -> Path:
    """A row of teeth: straight above, round below."""
    return between(
        [(-half, top), (-half, top), (half, top), (half, top)],
        [(-half, bottom - corner), (-0.7 * half, bottom - 0.5), (0.7 * half, bottom - 0.5), (half, bottom - corner)],
    )

