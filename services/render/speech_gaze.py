"""Where a face looks while it speaks: mostly into the person's eyes, now and then away from them, as people do."""

from __future__ import annotations

import random
from bisect import bisect_right

from services.render.easing import lerp, smoothstep

SACCADE_FRAMES = 2.5
"""Frames that the eyes take to a new target."""
TURN_FRAMES = 9
"""Frames in which the head follows them a little."""
_MEET, _LEAVE = (30, 70), (12, 28)
"""Frames for which the eyes meet the person's and leave them: the shortest and the longest time."""
_FIRST_LEAVE = (14, 45)
_FIX = (12, 28)
"""Frames between two small movements over the person's face."""


class SpeechGaze:
    """The gaze of one speech. It begins and ends with the person."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self._targets: list[tuple[int, float, float]] = [(-10, 0.0, 0.0)]
        """First frame of each saccade, and where it goes."""
        self._away_at = rng.randint(*_FIRST_LEAVE)

    def at(self, frame: int, duration: float = SACCADE_FRAMES) -> tuple[float, float]:
        """The gaze in a frame, x and y as in a Pose.

        Args:
            duration: frames that a movement takes, at most _FIX[0].
        """
        while self._targets[-1][0] <= frame:
            self._add_target()
        index = bisect_right(self._targets, frame, key=lambda target: target[0]) - 1
        start, x, y = self._targets[index]
        _, from_x, from_y = self._targets[max(0, index - 1)]
        share = smoothstep(frame, start - 1, start - 1 + duration)
        return lerp(from_x, x, share), lerp(from_y, y, share)

    def _add_target(self) -> None:
        rng, (last, x, _) = self._random, self._targets[-1]
        if abs(x) > 0.2:
            start = last + rng.randint(*_LEAVE)
            self._away_at = start + rng.randint(*_MEET)
        else:
            start = last + rng.randint(*_FIX)
            if start >= self._away_at:
                side = rng.choice((-1.0, 1.0))
                self._targets.append((start, side * rng.uniform(0.28, 0.5), rng.uniform(-0.28, 0.22)))
                return
        self._targets.append((start, rng.uniform(-0.07, 0.07), rng.uniform(-0.05, 0.05)))
