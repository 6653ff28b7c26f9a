"""Outlines of rigid points in space, all projected by one multiplication of matrices in each frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.render.layered.picture import CLOSE, CUBIC, MOVE, HeadTurn, Outline, Point

Spot: TypeAlias = Sequence[float]
"""x y z, then how far it swings behind the head (0 to 1), then how far the jaw takes it along (0 to 1)."""
_COORDINATES = 5


class Solids:
    """The rigid outlines of one face. Outlines are added first; then `project` moves all of them."""

    def __init__(self) -> None:
        self._outlines: list[Outline] = []
        self._rows: list[NDArray[np.float32]] = []
        self._count = 0
        self._space: NDArray[np.float32] = np.zeros((0, _COORDINATES), np.float32)
        self._picture: NDArray[np.float32] = np.zeros((0, 2), np.float32)

    def closed(self, *curves: Sequence[Spot]) -> Outline:
        """One outline of smooth closed curves; a repeated point is a corner."""
        return self._add([_bezier(curve, closed=True) for curve in curves], CLOSE)

    def open(self, *curves: Sequence[Spot]) -> Outline:
        """One outline of smooth open curves; a repeated point is a corner."""
        return self._add([_bezier(curve, closed=False) for curve in curves], b"")

    def locks(self, *spines: tuple[float, Sequence[Spot]]) -> Outline:
        """Tapered strands along curves.

        Args:
            spines: the greatest width of each, and its curve.
        """
        return self.closed(*(_lock(width, spine) for width, spine in spines))

    def project(self, turn: HeadTurn, *, swing: Point = (0.0, 0.0), jaw: float = 0.0) -> None:
        """Move all outlines to where they are seen.

        Args:
            swing: how far what swings most is moved in the picture.
            jaw: how far the jaw lowers the chin.
        """
        if len(self._space) != self._count:
            self._settle()
        right, down, near = turn.columns()
        columns = np.array((right, down, near, swing, (jaw * down[0], jaw * down[1])), np.float32)
        np.matmul(self._space, columns, out=self._picture)

    def _add(self, curves: list[NDArray[np.float32]], last: bytes) -> Outline:
        commands = b"".join(MOVE + (len(curve) // 3) * CUBIC + last for curve in curves)
        count = sum(map(len, curves))
        outline = Outline(commands, self._count, count)
        self._outlines.append(outline)
        self._rows += curves
        self._count += count
        return outline

    def _settle(self) -> None:
        self._space = np.concatenate(self._rows)
        self._picture = np.zeros((self._count, 2), np.float32)
        for one in self._outlines:
            one.address = self._picture[one.start :].ctypes.data


def _bezier(curve: Sequence[Spot], *, closed: bool) -> NDArray[np.float32]:
    """Bezier points of a Catmull-Rom curve, [1 + 3 segments, coordinates]."""
    points = np.array([(*spot, *(0.0,) * (_COORDINATES - len(spot))) for spot in curve], np.float32)
    around = (points[-1:], points, points[:2]) if closed else (points[:1], points, points[-1:])
    a = np.concatenate(around)
    before, one, two, after = a[:-3], a[1:-2], a[2:-1], a[3:]
    moves = (one != two).any(axis=1)
    controls = np.stack((one + (two - before) / 6, two - (after - one) / 6, two), axis=1)[moves]
    return np.concatenate((a[1:2], controls.reshape(-1, _COORDINATES)))


def _lock(width: float, spine: Sequence[Spot]) -> list[Spot]:
    """The outline of a strand: pointed at both ends, thickest a little before its middle."""
    there: list[Spot] = []
    back: list[Spot] = []
    last = len(spine) - 1
    for index, (x, y, *rest) in enumerate(spine):
        (x0, y0, *_), (x1, y1, *_) = spine[max(index - 1, 0)], spine[min(index + 1, last)]
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        half = 0.5 * width * math.sin(math.pi * (index / last) ** 0.8) / length
        across, along = -(y1 - y0) * half, (x1 - x0) * half
        there.append((x + across, y + along, *rest))
        back.append((x - across, y - along, *rest))
    return [there[0], *there, back[-1], *back[::-1]]
