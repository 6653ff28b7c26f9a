"""Keeping up: how many of the pictures that are due can be drawn, where drawing is slower than showing."""

from __future__ import annotations

import math

from services.render.easing import mix

LARGEST_STEP = 5
"""Every fifth picture is drawn at the least; a face slower than that helps nobody."""
_USED = 0.9
"""Share of the time that drawing may take."""
_NEWS = 0.35
"""Weight of the newest measurement."""


class Pace:
    """Decides which frames of one speech are drawn; the others repeat the one before, so that lips stay in time.

    Args:
        fps: frames a second that are shown.
    """

    def __init__(self, fps: int) -> None:
        self._fps = fps
        self._cost: float | None = None

    @property
    def step(self) -> int:
        """Every so manieth frame is drawn."""
        if self._cost is None:
            return 1
        return min(max(math.ceil(self._cost * self._fps / _USED - 1e-9), 1), LARGEST_STEP)

    def took(self, drawn: int, seconds: float) -> None:
        """So many frames were drawn in that time, waiting for other speeches included."""
        cost = seconds / drawn
        self._cost = cost if self._cost is None else mix(self._cost, cost, _NEWS)

    def drawn(self, first: int, count: int) -> list[int]:
        """Those frames of `count` from `first` on that are drawn, evenly; the first one always."""
        step = self.step
        return [frame for frame in range(first, first + count) if frame == first or frame % step == 0]
