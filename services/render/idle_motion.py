"""Idle motion: a seamless loop of breathing, blinks, saccades and head sway, for a face that does not speak.

Blinks and saccades apart it is the base of all clips of a face, so that one clip can follow another at any key frame.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import pairwise

from services.face_clips import KEY_FRAME_INTERVAL, LOOP_FRAMES
from services.render.easing import hann, lerp, smoothstep
from services.render.pose import Pose

_BREATHS = 2
"""Breaths in the loop."""
SACCADE_FRAMES = 2.5
"""Frames that the eyes take to a new target."""
LATEST_BLINK = 2.8
"""Frames after a key frame at which a blink begins at the latest, so that it is over at the next one."""
_FOLLOWING = 20.0
"""Frames that the head takes to follow the eyes."""


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
        gaze_x, gaze_y = self._gaze(phase)
        lid = 1.0 - max(blink(phase, start) for start in self._blinks) - 0.1 * max(gaze_y, 0.0)
        return replace(self.rest(phase), lid_left=lid, lid_right=lid, gaze_x=gaze_x, gaze_y=gaze_y)

    def rest(self, phase: int) -> Pose:
        """The same without blinks and saccades: the pose from which another clip may go on."""
        phase %= LOOP_FRAMES
        turn = math.tau * phase / LOOP_FRAMES
        sway = self._sway
        follow_x, follow_y = self._followed(phase)
        brow = 0.22 * _cyclic_hann(phase, self._brow, 36.0) + 0.04 * math.sin(turn + sway[5])
        return Pose(
            yaw=2.6 * math.sin(turn + sway[0]) + 1.0 * math.sin(2 * turn + sway[1]) + 1.2 * follow_x,
            pitch=1.1 * math.sin(turn + sway[2]) + 0.5 * math.sin(3 * turn + sway[3]) + 0.6 * follow_y,
            roll=1.3 * math.sin(turn + sway[4]) + 0.4 * math.sin(2 * turn + sway[5]),
            breath=0.5 - 0.5 * math.cos(_BREATHS * turn),
            brow_left=brow,
            brow_right=0.8 * brow,
            smile=0.25 + 0.05 * math.sin(turn + sway[3]),
        )

    def _followed(self, phase: float) -> tuple[float, float]:
        """Where the head, which is slower than the eyes, follows them."""
        x = y = 0.0
        for (_, from_x, from_y), (start, to_x, to_y) in pairwise([self._saccades[-1], *self._saccades]):
            # Counted from the saccade on, round the seam of the loop: the last one may still be followed after it.
            share = smoothstep(phase, start, start + _FOLLOWING)
            if start + _FOLLOWING > LOOP_FRAMES:
                share += smoothstep(phase + LOOP_FRAMES, start, start + _FOLLOWING) - 1.0
            x, y = x + (to_x - from_x) * share, y + (to_y - from_y) * share
        _, last_x, last_y = self._saccades[-1]
        return x + last_x, y + last_y

    def _gaze(self, phase: int) -> tuple[float, float]:
        _, x, y = self._saccades[-1]
        for start, to_x, to_y in self._saccades:
            share = smoothstep(phase, start, start + SACCADE_FRAMES)
            x, y = lerp(x, to_x, share), lerp(y, to_y, share)
        return x, y


def _blinks(rng: random.Random) -> list[float]:
    """First frames of the blinks in a loop: one in about three seconds, sometimes a double blink."""
    thirds = [third * LOOP_FRAMES / 3 + rng.uniform(8, LOOP_FRAMES / 3 - 24) for third in range(3)]
    starts = [aligned(start, rng) for start in thirds]
    if rng.random() < 0.5:
        starts.append(starts[1] + KEY_FRAME_INTERVAL)
    return starts


def aligned(frame: float, rng: random.Random) -> float:
    """A frame near this one at which a blink can begin, so that the eyes are open at each key frame."""
    return frame // KEY_FRAME_INTERVAL * KEY_FRAME_INTERVAL + rng.uniform(0.0, LATEST_BLINK)


def blink(phase: int, start: float) -> float:
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
    assert all(b[0] - a[0] > SACCADE_FRAMES for a, b in pairwise(saccades))
    return saccades


def _cyclic_hann(phase: int, centre: float, length: float) -> float:
    """A Hann window around `centre`, which may reach over the seam of the loop."""
    distance = (phase - centre + LOOP_FRAMES / 2) % LOOP_FRAMES - LOOP_FRAMES / 2
    return hann(distance, -length / 2, length / 2)
