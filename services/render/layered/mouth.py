"""Lips, teeth and tongue."""

from __future__ import annotations

from dataclasses import dataclass

from services.render.easing import clamp, lerp
from services.render.layered.looks import Look
from services.render.layered.svg import HeadTurn, Point, blend, clip, ellipse, group, open_curve, path, stroke
from services.render.pose import Pose

MOUTH_Y = 84.0
_HALF = 32.0
_OPEN = 36.0
_REST_SMILE = 0.55
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

    @property
    def gap(self) -> float:
        return self.lower_in - self.upper_in

    def inner_upper(self) -> list[Point]:
        return self._arc(self.upper_in)

    def inner_lower(self) -> list[Point]:
        return self._arc(self.lower_in)

    def outer_upper(self) -> list[Point]:
        """The outer edge of the upper lip, with the Cupid's bow."""
        half, top = self.half, self.upper_out
        bow = 1.9 * (1.0 - 0.6 * self.round)
        side = lerp(self.corner, top, 0.66 + 0.16 * self.round)
        return [(-half, self.corner), (-half * 0.6, side), (-half * 0.2, top - 0.4), (0.0, top + bow),
                (half * 0.2, top - 0.4), (half * 0.6, side), (half, self.corner)]

    def outer_lower(self) -> list[Point]:
        half, bottom = self.half, self.lower_out
        side = lerp(self.corner, bottom, 0.72 + 0.1 * self.round)
        flat = lerp(0.22, 0.12, self.round)
        return [(-half, self.corner), (-half * 0.64, side), (-half * flat, bottom), (half * flat, bottom),
                (half * 0.64, side), (half, self.corner)]

    def _arc(self, y: float) -> list[Point]:
        # In a round mouth the lips continue around the corners.
        half = self.half * lerp(0.97, 0.74, self.round)
        side = lerp(self.corner, y, 0.68 + 0.17 * self.round)
        return [(-half, self.corner), (-half * 0.62, side), (0.0, y), (half * 0.62, side), (half, self.corner)]


def mouth(look: Look, pose: Pose, turn: HeadTurn) -> str:
    lips = _lips(look, pose)
    upper, lower = lips.inner_upper(), lips.inner_lower()
    hole = open_curve(upper) + open_curve(lower[::-1], start="L") + "Z"
    thick = lips.lower_out - lips.lower_in
    shade = 0.12 if look.beard else 0.55
    content = (
        ellipse(0.0, lips.lower_out + 8.0, 0.62 * lips.half, 6.5, "url(#underlip)", opacity=shade)
        + (clip("mouth", hole) + group(_inside(lips, pose, hole), clip="mouth") if lips.gap > 0.8 else "")
        + path(open_curve(lips.outer_upper()) + open_curve(upper[::-1], start="L") + "Z", "url(#lipup)")
        + path(open_curve(lips.outer_lower()) + open_curve(lower[::-1], start="L") + "Z", "url(#lipdown)")
        + ellipse(-0.12 * lips.half, lips.lower_in + 0.45 * thick, 0.36 * lips.half, 0.2 * thick, "#fff", opacity=0.3)
        + _edges(look, pose, lips)
    )
    return group(content, transform=turn.decal(0.0, MOUTH_Y, lift=6.0))


def _edges(look: Look, pose: Pose, lips: _Lips) -> str:
    """The seam of the lips and the shadows at their corners."""
    seam = blend(look.lip_dark, "#3a0d14", 0.55)
    if lips.gap > 2.0:
        edges = stroke(open_curve(lips.inner_lower()), look.lip_dark, 1.4, opacity=0.5)
        edges += stroke(open_curve(lips.inner_upper()), seam, 1.2, opacity=0.6)
    else:
        edges = stroke(open_curve(lips.inner_upper()), seam, 1.7, opacity=0.9)
    dimples = "".join(
        f"M{side * (lips.half - 2.0):.1f} {lips.corner:.1f}q{side * 3} 0.5 {side * 4.5} {-3.2 * pose.smile - 0.2:.1f}"
        for side in (-1, 1)
    )
    return edges + stroke(dimples, look.skin_line, 2.0, opacity=0.6 * (1.0 - lips.round))


def _lips(look: Look, pose: Pose) -> _Lips:
    press, tuck, pucker = clamp(pose.press), clamp(pose.tuck), clamp(pose.pucker)
    width, smile = clamp(pose.width, -1.0, 1.2), clamp(pose.smile + _REST_SMILE, -1.0, 1.2)
    opened = _OPEN * clamp(pose.jaw, 0.0, 1.1) * (1.0 - 0.12 * pucker)
    bared = 8.4 * clamp(pose.upper) * clamp(pose.teeth)
    opened = max(opened, bared, 6.5 * tuck, 5.0 * clamp(pose.tongue), 4.0 * pucker) * (1.0 - press)
    half = _HALF * look.mouth_width * (1.0 + 0.2 * width - 0.34 * pucker + 0.14 * max(smile, 0.0) - 0.05 * press)
    half *= 1.0 - 0.1 * clamp(pose.jaw) * (1.0 - clamp(width))
    corner = -8.5 * smile + 0.2 * opened
    upper_in = -0.2 * opened - 3.5 * clamp(pose.upper) * (1.0 - press) - 1.5 * max(smile, 0.0)
    upper_in += 4.5 * max(smile, 0.0) * (1.0 - clamp(opened / 8.0))  # in a closed mouth a smile curves the seam
    lower_in = upper_in + opened + 0.2
    ring = clamp(pucker * 1.1)
    corner = lerp(corner, 0.5 * (upper_in + lower_in), 0.85 * ring)
    full = look.lip_fullness * (1.0 - 0.45 * press) * (1.0 + 0.25 * pucker)
    full *= (1.0 - 0.14 * clamp(width)) * (1.0 - 0.15 * max(smile, 0.0))
    return _Lips(
        half=half,
        corner=corner,
        upper_in=upper_in,
        upper_out=upper_in - 8.6 * full * (1.0 - 0.2 * clamp(pose.upper)),
        lower_in=lower_in,
        lower_out=lower_in + 11.0 * full * (1.0 - 0.55 * tuck),
        round=clamp(ring + 0.15 * clamp(pose.jaw)),
    )


def _inside(lips: _Lips, pose: Pose, hole: str) -> str:
    """Throat, lower teeth, tongue, upper teeth, and the shadow of the upper lip on them."""
    gap, half, tongue = lips.gap, lips.half, clamp(pose.tongue)
    content = path(hole, "url(#throat)")
    low = 5.0 * clamp((gap - 18.0) / 14.0)
    if low > 0.5:
        content += _tooth_row(0.52 * half, lips.lower_in - low, lips.lower_in + 3.0, 3.0)
    tongue_top = lerp(lips.lower_in - 0.3 * gap * clamp(gap / 22.0), lips.upper_in + 0.3 * gap + 2.0, tongue)
    content += ellipse(0.0, tongue_top + 11.0, half * lerp(0.62, 0.46, tongue), 11.0, "url(#tongue)")
    shown = max(pose.teeth, 0.9 * clamp(pose.tuck), 0.35 * clamp(pose.jaw) * (1.0 - clamp(pose.pucker)))
    height = clamp(shown) * (4.0 + 6.5 * clamp(gap / 20.0))
    if height > 0.5:
        content += _tooth_row(0.86 * half, min(lips.upper_in, lips.corner) - 4.0, lips.upper_in + height, 4.0)
    tip = clamp(4.0 * (tongue - 0.6))
    content += ellipse(0.0, lips.upper_in + 0.62 * gap + 4.5, 0.4 * half, 5.5, "url(#tongue)", opacity=tip)
    return content + stroke(open_curve(lips.inner_upper()), "#2a060c", 4.5, opacity=0.28)


def _tooth_row(half: float, top: float, bottom: float, corner: float) -> str:
    data = (
        f"M{-half:.1f} {top:.1f}L{half:.1f} {top:.1f}L{half:.1f} {bottom - corner:.1f}"
        f"Q{half * 0.8:.1f} {bottom:.1f} 0 {bottom:.1f}"
        f"Q{-half * 0.8:.1f} {bottom:.1f} {-half:.1f} {bottom - corner:.1f}Z"
    )
    gaps = "".join(f"M{x * half:.1f} {top:.1f}V{bottom - 0.8:.1f}" for x in (-0.52, -0.26, 0.0, 0.26, 0.52))
    return path(data, "url(#teeth)") + stroke(gaps, "#b9a8a0", 0.8, opacity=0.3)
