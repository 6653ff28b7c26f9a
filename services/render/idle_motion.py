"""Idle motion: a seamless loop of breathing, blinks, saccades and head sway, for a face that does not speak."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from bus.events import FRAMES_PER_SECOND
from services.render.easing import hann, lerp, smoothstep
from services.render.pose import Pose

LOOP_FRAMES = 8 * FRAMES_PER_SECOND
"""Frames in the loop; a multiple of KEY_FRAME_INTERVAL."""
KEY_FRAME_INTERVAL = 10
"""Frames from one key frame to the next; playback of the loop can start at each of them."""

_BREATHS = 2
"""Breaths in the loop."""
_SACCADE_FRAMES = 2.5
"""Frames that the eyes take to a new target."""


class IdleMotion:
    """The idle motion of one character."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self._sway = [rng.uniform(0, math.tau) for _ in range(6)]
        """Phases of the sines that the sway is a sum of, radians."""
        self._blinks = _blinks(rng)
        self._saccades = _saccades(rng)
        self._brow = rng.uniform(0, LOOP_FRAMES)
        """Frame at which the brows are raised the most."""

    def pose(self, phase: int) -> Pose:
        """The pose of a frame of the loop; periodic, with LOOP_FRAMES."""
        phase %= LOOP_FRAMES
        turn = math.tau * phase / LOOP_FRAMES
        sway = self._sway
        lid = 1.0 - max(_blink(phase, blink) for blink in self._blinks)
        gaze_x, gaze_y = self._gaze(phase)
        brow = 0.22 * _cyclic_hann(phase, self._brow, 36.0) + 0.04 * math.sin(turn + sway[5])
        return Pose(
            yaw=2.6 * math.sin(turn + sway[0]) + 1.0 * math.sin(2 * turn + sway[1]) + 1.2 * gaze_x,
            pitch=1.1 * math.sin(turn + sway[2]) + 0.5 * math.sin(3 * turn + sway[3]) + 0.6 * gaze_y,
            roll=1.3 * math.sin(turn + sway[4]) + 0.4 * math.sin(2 * turn + sway[5]),
            breath=0.5 - 0.5 * math.cos(_BREATHS * turn),
            lid_left=lid - 0.1 * max(gaze_y, 0.0),
            lid_right=lid - 0.1 * max(gaze_y, 0.0),
            gaze_x=gaze_x,
            gaze_y=gaze_y,
            brow_left=brow,
            brow_right=0.8 * brow,
            smile=0.25 + 0.05 * math.sin(turn + sway[3]),
        )

    def _gaze(self, phase: int) -> tuple[float, float]:
        _, x, y = self._saccades[-1]
        for start, to_x, to_y in self._saccades:
            share = smoothstep(phase, start, start + _SACCADE_FRAMES)
            x, y = lerp(x, to_x, share), lerp(y, to_y, share)
        return x, y


def _blinks(rng: random.Random) -> list[float]:
    """First frames of the blinks in a loop: one in about three seconds, sometimes a double blink."""
    starts = [third * LOOP_FRAMES / 3 + rng.uniform(8, LOOP_FRAMES / 3 - 24) for third in range(3)]
    if rng.random() < 0.5:
        starts.append(starts[1] + 9)
    return starts


def _blink(phase: int, start: float) -> float:
    """How far a blink has closed the eye: shut in 80 ms, open again in 160 (lids fall faster than they rise)."""
    return smoothstep(phase, start, start + 2.2) * (1.0 - smoothstep(phase, start + 3.0, start + 7.0))


def _saccades(rng: random.Random) -> list[tuple[float, float, float]]:
    """First frame of each saccade and its target, x and y; mostly the viewer's eyes, sometimes away from them.

    The loop begins with the gaze on the viewer, since its first frame is the portrait.
    """
    count = 6
    saccades: list[tuple[float, float, float]] = []
    for index in range(count):
        away = index % 3 == 1
        reach = 0.45 if away else 0.09
        start = (index + rng.uniform(0.1, 0.75)) * LOOP_FRAMES / count
        saccades.append((start, rng.uniform(-reach, reach), 0.6 * rng.uniform(-reach, reach)))
    assert all(b[0] - a[0] > _SACCADE_FRAMES for a, b in pairwise(saccades))
    return saccades


def _cyclic_hann(phase: int, centre: float, length: float) -> float:
    """A Hann window around `centre`, which may reach over the seam of the loop."""
    distance = (phase - centre + LOOP_FRAMES / 2) % LOOP_FRAMES - LOOP_FRAMES / 2
    return hann(distance, -length / 2, length / 2)
