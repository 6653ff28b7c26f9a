"""Writes SVG: curves through points, gradients, and the projection of points on a turned head."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from services.render.pose import Pose

Point: TypeAlias = tuple[float, float]
Point3: TypeAlias = tuple[float, float, float]
"""x to the right, y down, z towards the viewer, from the centre of the head."""


def open_curve(points: Sequence[Point], *, start: str = "M") -> str:
    """Path data of a smooth curve through the points (Catmull-Rom); a repeated point is a corner."""
    return _start(points, start) + _curve([points[0], *points, points[-1]])


def closed_curve(points: Sequence[Point]) -> str:
    """Path data of a smooth closed curve through the points."""
    return _start(points, "M") + _curve([points[-1], *points, points[0], points[1]]) + "Z"


def _start(points: Sequence[Point], command: str) -> str:
    return f"{command}{points[0][0]:.1f} {points[0][1]:.1f}"


def _curve(points: Sequence[Point]) -> str:
    parts: list[str] = []
    (x0, y0), (x1, y1), (x2, y2) = points[:3]
    for x3, y3 in points[3:]:
        if (x1, y1) != (x2, y2):
            parts.append(
                f"C{x1 + (x2 - x0) / 6:.1f} {y1 + (y2 - y0) / 6:.1f} "
                f"{x2 - (x3 - x1) / 6:.1f} {y2 - (y3 - y1) / 6:.1f} {x2:.1f} {y2:.1f}"
            )
        x0, y0, x1, y1, x2, y2 = x1, y1, x2, y2, x3, y3
    return "".join(parts)


def mirrored(points: Iterable[Point3]) -> list[Point3]:
    """A symmetric outline: the right half, followed by its mirror image on the left in reverse order."""
    right = list(points)
    return right + [(-x, y, z) for x, y, z in reversed(right) if x != 0.0]


def path(data: str, fill: str, *, opacity: float = 1.0, more: str = "") -> str:
    if opacity <= 0.01:
        return ""
    shade = "" if opacity >= 1.0 else f' opacity="{opacity:.2f}"'
    return f'<path d="{data}" fill="{fill}"{shade}{more}/>'


def stroke(data: str, colour: str, width: float, *, opacity: float = 1.0) -> str:
    if opacity <= 0.01:
        return ""
    return (
        f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{width:.2f}" stroke-linecap="round" '
        f'stroke-linejoin="round" opacity="{opacity:.2f}"/>'
    )


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, *, opacity: float = 1.0) -> str:
    if opacity <= 0.01:
        return ""
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}" opacity="{opacity:.2f}"/>'


def group(content: str, *, transform: str = "", opacity: float = 1.0, clip: str = "") -> str:
    if opacity <= 0.01 or not content:
        return ""
    parts = [f' transform="{transform}"'] if transform else []
    if opacity < 1.0:
        parts.append(f' opacity="{opacity:.2f}"')
    if clip:
        parts.append(f' clip-path="url(#{clip})"')
    return f"<g{''.join(parts)}>{content}</g>"


def clip(name: str, data: str) -> str:
    return f'<clipPath id="{name}"><path d="{data}"/></clipPath>'


def linear(name: str, *stops: tuple[float, str, float], horizontal: bool = False) -> str:
    """A linear gradient over the filled shape, from top to bottom or left to right; stops: offset, colour, opacity."""
    x, y = (1, 0) if horizontal else (0, 1)
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="{x}" y2="{y}">{_stops(stops)}</linearGradient>'


def radial(name: str, x: float, y: float, r: float, *stops: tuple[float, str, float]) -> str:
    """A radial gradient around a point of the filled shape, in shares of its width and height."""
    return f'<radialGradient id="{name}" cx="{x}" cy="{y}" r="{r}" fx="{x}" fy="{y}">{_stops(stops)}</radialGradient>'


def _stops(stops: Iterable[tuple[float, str, float]]) -> str:
    return "".join(f'<stop offset="{at}" stop-color="{colour}" stop-opacity="{a}"/>' for at, colour, a in stops)


def blend(a: str, b: str, share: float) -> str:
    """Linear interpolation between two colours `#rrggbb`."""
    pairs = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)


class HeadTurn:
    """Orthographic projection of points on a head turned by a pose's yaw and pitch."""

    def __init__(self, pose: Pose) -> None:
        yaw, pitch = math.radians(pose.yaw), math.radians(pose.pitch)
        self._sin_yaw, self._cos_yaw = math.sin(yaw), math.cos(yaw)
        self._sin_pitch, self._cos_pitch = math.sin(pitch), math.cos(pitch)

    def project(self, x: float, y: float, z: float) -> Point:
        near = z * self._cos_yaw - x * self._sin_yaw
        return x * self._cos_yaw + z * self._sin_yaw, y * self._cos_pitch + near * self._sin_pitch

    def project_all(self, points: Iterable[Point3]) -> list[Point]:
        project = self.project
        return [project(*point) for point in points]

    def decal(self, x: float, y: float, *, lift: float = 0.0) -> str:
        """SVG transform of a flat drawing placed on the face at x, y.

        Args:
            lift: its distance from the skin.
        """
        step = 4.0
        here = self.project(x, y, skin_depth(x, y) + lift)
        right = self.project(x + step, y, skin_depth(x + step, y) + lift)
        below = self.project(x, y + step, skin_depth(x, y + step) + lift)
        a, b = (right[0] - here[0]) / step, (right[1] - here[1]) / step
        c, d = (below[0] - here[0]) / step, (below[1] - here[1]) / step
        return f"matrix({a:.3f} {b:.3f} {c:.3f} {d:.3f} {here[0]:.2f} {here[1]:.2f})"


def skin_depth(x: float, y: float) -> float:
    """Depth z of the face at x, y: an ellipsoid, flatter in the middle than a sphere."""
    inside = 1.0 - (x / 128.0) ** 2 - (y / 190.0) ** 2
    return 92.0 * math.sqrt(inside) if inside > 0.0 else 0.0
