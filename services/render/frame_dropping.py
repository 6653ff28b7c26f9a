"""Frame dropping: draws fewer frames than are shown where drawing is slower than real time."""

from __future__ import annotations

import math

from services.render.easing import lerp

MAX_STEP = 5
"""At least every fifth frame is drawn; a face with fewer frames is of no use."""
_TIME_SHARE = 0.9
"""Share of the time that drawing may take."""
AMPLE = 0.5
"""Seconds from now until a picture is shown in which there is time to draw it, however long others take."""
_SMOOTHING = 0.35
"""Weight of the newest measurement in the moving average."""


class FrameDropper:
    """Decides which frames of one speech are drawn; the others repeat the frame before, so that lips stay in sync.

    Args:
        fps: frames a second that are shown.
    """

    def __init__(self, fps: int) -> None:
        self._fps = fps
        self._cost: float | None = None
        """Seconds for a frame, as a moving average."""

    @property
    def step(self) -> int:
        """Every `step`-th frame is drawn."""
        if self._cost is None:
            return 1
        return min(max(math.ceil(self._cost * self._fps / _TIME_SHARE - 1e-9), 1), MAX_STEP)

    def record_time(self, drawn: int, seconds: float, *, until_shown: float = 0.0) -> None:
        """Record the time that drawing a number of frames took, including the wait for other speeches.

        Args:
            until_shown: see `frames_to_draw`; where that was ample, others went first, and the wait says nothing.
        """
        if until_shown >= AMPLE:
            return
        cost = seconds / drawn
        self._cost = cost if self._cost is None else lerp(self._cost, cost, _SMOOTHING)

    def frames_to_draw(self, first: int, count: int, *, until_shown: float = 0.0) -> list[int]:
        """The frames to draw of the `count` frames from `first` on: evenly spaced, the first one always.

        Args:
            until_shown: seconds until the first of them is shown.
        """
        step = 1 if until_shown >= AMPLE else self.step
        return [frame for frame in range(first, first + count) if frame == first or frame % step == 0]
