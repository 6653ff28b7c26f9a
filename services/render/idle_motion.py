"""The life in a face that has nothing to say: a seamless loop of breathing, blinks, glances and sway."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from bus.events import FRAMES_PER_SECOND
from services.render.easing import bump, mix, ramp
from services.render.pose import Pose

LOOP = 8 * FRAMES_PER_SECOND
"""Frames in the loop; a multiple of BATCH."""
BATCH = 10
"""Frames from one key frame to the next, where the loop can be entered."""

_BREATHS = 2
_GLANCE = 2.5
"""Frames that the eyes take to a new target."""


class Idle:
    """A character's idle movement. Frame `phase` is the same as frame `phase + LOOP`."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self._sway = [chance.uniform(0, math.tau) for _ in range(6)]
        self._blinks = _blinks(chance)
        self._glances = _glances(chance)
        self._brow = chance.uniform(0, LOOP)

    def pose(self, phase: int) -> Pose:
        phase %= LOOP
        turn = math.tau * phase / LOOP
        sway = self._sway
        lid = 1.0 - max(_blink(phase, blink) for blink in self._blinks)
        gaze_x, gaze_y = self._gaze(phase)
        brow = 0.22 * _cyclic_bump(phase, self._brow, 36.0) + 0.04 * math.sin(turn + sway[5])
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
        (_, x, y), rest = self._glances[-1], self._glances
        for start, to_x, to_y in rest:
            share = ramp(phase, start, start + _GLANCE)
            x, y = mix(x, to_x, share), mix(y, to_y, share)
        return x, y


def _blinks(chance: random.Random) -> list[float]:
    """First frames of the blinks in a loop: one in about three seconds, sometimes two at once."""
    starts = [third * LOOP / 3 + chance.uniform(8, LOOP / 3 - 24) for third in range(3)]
    if chance.random() < 0.5:
        starts.append(starts[1] + 9)
    return starts


def _blink(phase: int, start: float) -> float:
    """How far a blink has closed the eye: shut in 80 ms, open again in 160 (lids fall faster than they rise)."""
    return ramp(phase, start, start + 2.2) * (1.0 - ramp(phase, start + 3.0, start + 7.0))


def _glances(chance: random.Random) -> list[tuple[float, float, float]]:
    """Frame, x and y of each new target; mostly the eyes of the person, now and then away from them.

    The loop begins with a look at the person: its first frame is the portrait.
    """
    count = 6
    glances: list[tuple[float, float, float]] = []
    for index in range(count):
        away = index % 3 == 1
        reach = 0.45 if away else 0.09
        start = (index + chance.uniform(0.1, 0.75)) * LOOP / count
        glances.append((start, chance.uniform(-reach, reach), 0.6 * chance.uniform(-reach, reach)))
    assert all(b[0] - a[0] > _GLANCE for a, b in pairwise(glances))
    return glances


def _cyclic_bump(phase: int, centre: float, length: float) -> float:
    distance = (phase - centre + LOOP / 2) % LOOP - LOOP / 2
    return bump(distance, -length / 2, length / 2)
