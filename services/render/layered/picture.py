"""What a picture is made of: curves through points, shapes and groups, gradients, and points on a turned head."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

from services.render.pose import Pose

Point: TypeAlias = tuple[float, float]
Point3: TypeAlias = tuple[float, float, float]
"""x to the right, y down, z towards the viewer, from the centre of the head."""
Matrix: TypeAlias = tuple[float, float, float, float, float, float]
"""a b c d x y: (x', y') = (a x + c y + x, b x + d y + y), as in SVG."""

CLOSE, MOVE, LINE, CUBIC = b"\x00", b"\x01", b"\x02", b"\x03"
"""Commands of a path, as ThorVG numbers them; they take 0, 1, 1 and 3 points."""


class Path(NamedTuple):
    """An outline: commands, and the coordinates of their points, x y x y …"""

    commands: bytes
    points: list[float]

    def joined(self, other: Path) -> Path:
        """Both outlines as one."""
        return Path(self.commands + other.commands, self.points + other.points)


class Outline:
    """An outline of rigid points, whose projection lies in memory that does not move (see `Solids`)."""

    __slots__ = ("address", "commands", "count", "start")

    def __init__(self, commands: bytes, start: int, count: int) -> None:
        self.commands = commands
        self.start, self.count = start, count
        self.address = 0


class Linear(NamedTuple):
    """A linear gradient in coordinates of the shape that it fills; stops: offset, colour `#rrggbb`, opacity."""

    x1: float
    y1: float
    x2: float
    y2: float
    stops: tuple[tuple[float, str, float], ...]


class Radial(NamedTuple):
    """A radial gradient in coordinates of the shape that it fills."""

    x: float
    y: float
    r: float
    stops: tuple[tuple[float, str, float], ...]
    tall: float = 1.0
    """Its height as a share of its width."""


Paint: TypeAlias = str | Linear | Radial
"""A colour `#rrggbb` or a gradient."""


class Shape(NamedTuple):
    """An outline that is filled or, with a width, drawn as a line."""

    path: Path | Outline
    paint: Paint
    width: float
    """0: filled."""
    opacity: float


class Group(NamedTuple):
    """Nodes that share a transform and an outline that clips them."""

    nodes: Sequence[Node]
    matrix: Matrix | None
    clip: Path | Outline | None
    visible: bool


Node: TypeAlias = Shape | Group
"""A picture is a sequence of nodes that has the same structure in every pose; what does not show has no opacity."""
Nodes: TypeAlias = list[Node]


def fill(path: Path | Outline, paint: Paint, opacity: float = 1.0) -> Nodes:
    return [Shape(path, paint, 0.0, opacity)]


def stroke(path: Path | Outline, colour: str, width: float, *, opacity: float = 1.0) -> Nodes:
    return [Shape(path, colour, width, opacity)]


def group(nodes: Nodes, *, matrix: Matrix | None = None, clip: Path | Outline | None = None,
          visible: bool = True) -> Nodes:
    return [Group(nodes, matrix, clip, visible)]


_ARC = 0.5523
"""Distance of the control points of a quarter of the unit circle."""
_CIRCLE = MOVE + 4 * CUBIC + CLOSE


def oval(x: float, y: float, rx: float, ry: float) -> Path:
    """The outline of an ellipse."""
    left, right, top, bottom = x - rx, x + rx, y - ry, y + ry
    dx, dy = _ARC * rx, _ARC * ry
    return Path(_CIRCLE, [
        right, y, right, y + dy, x + dx, bottom, x, bottom, x - dx, bottom, left, y + dy, left, y,
        left, y - dy, x - dx, top, x, top, x + dx, top, right, y - dy, right, y,
    ])  # fmt: skip


def ellipse(x: float, y: float, rx: float, ry: float, paint: Paint, *, opacity: float = 1.0) -> Nodes:
    return [Shape(oval(x, y, rx, ry), paint, 0.0, opacity)]


def closed_curve(points: Sequence[Point]) -> Path:
    """A smooth closed curve through the points; a repeated point is a corner."""
    return _curve([points[-1], *points, points[0], points[1]], MOVE, CLOSE)


def between(one: Sequence[Point], other: Sequence[Point]) -> Path:
    """The area between two smooth curves that run in the same direction."""
    back = other[::-1]
    there, again = _curve([one[0], *one, one[-1]], MOVE, b""), _curve([back[0], *back, back[-1]], LINE, CLOSE)
    return Path(there.commands + again.commands, there.points + again.points)


def brush(points: Sequence[Point], dx: float, dy: float) -> Path:
    """A line along points that is thin at both ends and reaches dx, dy aside in its middle."""
    last = len(points) - 1
    shares = _BRUSH[last]
    return between(points, [(x + dx * share, y + dy * share) for (x, y), share in zip(points, shares, strict=True)])


_BRUSH = [[math.sin(math.pi * at / last) for at in range(last + 1)] if last else [] for last in range(12)]


def polygon(points: Sequence[Point]) -> Path:
    return Path(MOVE + (len(points) - 1) * LINE + CLOSE, [value for point in points for value in point])


@cache
def _commands(first: bytes, segments: int, last: bytes) -> bytes:
    return first + segments * CUBIC + last


def _curve(points: Sequence[Point], first: bytes, last: bytes) -> Path:
    (x0, y0), (x1, y1), (x2, y2) = points[:3]
    made = [x1, y1]
    add = made.extend
    for x3, y3 in points[3:]:
        if x1 != x2 or y1 != y2:
            add((x1 + (x2 - x0) / 6, y1 + (y2 - y0) / 6, x2 - (x3 - x1) / 6, y2 - (y3 - y1) / 6, x2, y2))
        x0, y0, x1, y1, x2, y2 = x1, y1, x2, y2, x3, y3
    return Path(_commands(first, len(made) // 6, last), made)


def mirrored(points: Iterable[Point3]) -> list[Point3]:
    """A symmetric outline: the right half, followed by its mirror image on the left in reverse order."""
    right = list(points)
    return right + [(-x, y, z) for x, y, z in reversed(right) if x != 0.0]


def join(paths: Iterable[Path]) -> Path:
    """Several outlines as one."""
    commands, points = b"", []
    for one in paths:
        commands += one.commands
        points += one.points
    return Path(commands, points)


@cache
def blend(a: str, b: str, share: float) -> str:
    """Linear interpolation between two colours `#rrggbb`."""
    pairs = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)


def moved(x: float, y: float) -> Matrix:
    return 1.0, 0.0, 0.0, 1.0, x, y


def turned(degrees: float, x: float, y: float, *, dx: float = 0.0, dy: float = 0.0) -> Matrix:
    """A rotation about x, y, followed by a movement."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return c, s, -s, c, x - c * x + s * y + dx, y - s * x - c * y + dy


def scaled(matrix: Matrix, factor: float) -> Matrix:
    """A scaling, followed by `matrix`."""
    a, b, c, d, x, y = matrix
    return a * factor, b * factor, c * factor, d * factor, x, y


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

    def columns(self) -> tuple[Point, Point, Point]:
        """Where a step to the right, down and towards the viewer leads in the picture."""
        return self.project(1.0, 0.0, 0.0), self.project(0.0, 1.0, 0.0), self.project(0.0, 0.0, 1.0)

    def decal(self, x: float, y: float, *, lift: float = 0.0) -> Matrix:
        """Transform of a flat drawing placed on the face at x, y.

        Args:
            lift: its distance from the skin.
        """
        step = 4.0
        here = self.project(x, y, skin_depth(x, y) + lift)
        right = self.project(x + step, y, skin_depth(x + step, y) + lift)
        below = self.project(x, y + step, skin_depth(x, y + step) + lift)
        return (
            (right[0] - here[0]) / step, (right[1] - here[1]) / step,
            (below[0] - here[0]) / step, (below[1] - here[1]) / step, *here,
        )  # fmt: skip


def skin_depth(x: float, y: float) -> float:
    """Depth z of the face at x, y: an ellipsoid, flatter in the middle than a sphere."""
    inside = 1.0 - (x / 128.0) ** 2 - (y / 190.0) ** 2
    return 85.0 * math.sqrt(inside) if inside > 0.0 else 0.0
