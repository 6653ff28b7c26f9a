"""The motion of a face that does not speak in all its clips: idle in several ways, listening, thinking, between."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from bus.ids import seed_of
from services.face_clips import (
    IDLE_CLIPS,
    KEY_FRAME_INTERVAL,
    LOOP_FRAMES,
    MAIN,
    NOD,
    TRANSITIONS,
    WINDOW_FRAMES,
    FaceState,
    state_after,
)
from services.render.easing import hann, lerp, smoothstep
from services.render.idle_motion import SACCADE_FRAMES, IdleMotion, aligned, blink
from services.render.pose import Pose

_MOVING = 0.55
"""Share of the windows of a further idle clip in which the head moves."""
_DEGREES_OF_GAZE = 30.0
"""That the eyes turn where the gaze is 1."""
_BLENDED = (
    "yaw", "pitch", "roll", "breath", "smile", "press", "squint", "gaze_x", "gaze_y", "brow_left", "brow_right",
    "furrow", "lid_left", "lid_right",
)  # fmt: skip
"""Fields in which the states differ."""
_QUICK = ("gaze_x", "gaze_y", "press")
_LEAVING = 12
"""Frames in which a speech leaves the clip that it takes over from."""


@dataclass(frozen=True)
class _Look:
    """Where the eyes look from one frame of a clip to another."""

    start: float
    end: float
    x: float
    y: float


@dataclass(frozen=True)
class _Move:
    """A movement that begins and ends at rest."""

    start: int
    end: int
    offsets: Mapping[str, float]


class FaceMotion:
    """All clips of one character.

    Args:
        seed: of the character.
    """

    def __init__(self, seed: int) -> None:
        self._idle = IdleMotion(seed)
        rng = random.Random(seed + 1)
        self._side = rng.choice((-1.0, 1.0))
        """To which the head is tilted and the eyes turn in thought."""
        self._drift = [rng.uniform(0, math.tau) for _ in range(4)]
        self._moves: dict[str, list[_Move]] = {clip: [] for clip in IDLE_CLIPS}
        self._looks: dict[str, list[_Look]] = {"thinking": _looks_in_thought(rng, self._side), "listening": []}
        self._blinks = {
            clip: _blinks(rng, often=clip != "listening") for clip in (*IDLE_CLIPS, "listening", "thinking")
        }
        self._nods = [rng.uniform(3.2, 5.6) for _ in range(LOOP_FRAMES // KEY_FRAME_INTERVAL)]
        for clip in IDLE_CLIPS[1:]:
            self._moves[clip], self._looks[clip] = _moves_and_looks(rng)

    def pose(self, clip: str, phase: int) -> Pose:
        """The pose of a frame of a clip; periodic, with LOOP_FRAMES."""
        phase %= LOOP_FRAMES
        if clip == MAIN:
            return self._idle.pose(phase)
        if clip in TRANSITIONS:
            return self._transition(*TRANSITIONS[clip], phase)
        at_rest = self.rest(state_after(clip), phase)
        since = phase % KEY_FRAME_INTERVAL
        if clip == NOD:
            share = hann(since, 0, KEY_FRAME_INTERVAL)
            nod = share * self._nods[phase // KEY_FRAME_INTERVAL]
            return at_rest.plus(pitch=nod, brow_left=0.1 * share, brow_right=0.1 * share, lid_left=-0.03 * nod,
                                lid_right=-0.03 * nod)  # fmt: skip
        offsets: dict[str, float] = {}
        for move in self._moves.get(clip, ()):
            share = hann(phase, move.start, move.end)
            for name, value in move.offsets.items():
                offsets[name] = offsets.get(name, 0.0) + share * value
        pose = at_rest.plus(**offsets)
        x, y = self._gaze(clip, phase, pose)
        lid = 1.0 - max((blink(phase, start) for start in self._blinks[clip]), default=0.0)
        return replace(
            pose, gaze_x=x, gaze_y=y, lid_left=pose.lid_left * lid - 0.1 * max(y, 0.0),
            lid_right=pose.lid_right * lid - 0.1 * max(y, 0.0),
        )  # fmt: skip

    def rest(self, state: FaceState, phase: int) -> Pose:
        """The pose at a key frame of whatever clip shows a state, blinks and the gaze apart."""
        base = self._idle.rest(phase)
        turn, side, drift = math.tau * phase / LOOP_FRAMES, self._side, self._drift
        if state == "listening":
            pose = base.plus(
                pitch=2.2 + 0.5 * math.sin(2 * turn + drift[0]),
                roll=4.2 * side + 0.8 * math.sin(turn + drift[1]),
                brow_left=0.26 + 0.05 * math.sin(3 * turn + drift[2]),
                brow_right=0.26 + 0.05 * math.sin(3 * turn + drift[2]),
                smile=0.08,
                lid_left=0.04,
                lid_right=0.04,
            )
            return replace(pose, yaw=0.7 * pose.yaw, gaze_x=-0.7 * pose.yaw / _DEGREES_OF_GAZE,
                           gaze_y=-pose.pitch / _DEGREES_OF_GAZE)  # fmt: skip
        if state == "thinking":
            return base.plus(
                yaw=side * (4.2 + 1.0 * math.sin(2 * turn + drift[0])),
                pitch=-2.6 + 0.9 * math.sin(3 * turn + drift[1]),
                roll=-1.8 * side + 0.7 * math.sin(2 * turn + drift[2]),
                gaze_x=0.42 * side,
                gaze_y=-0.5,
                brow_left=0.22 + 0.1 * side,
                brow_right=0.22 - 0.1 * side,
                furrow=0.14 + 0.06 * math.sin(2 * turn + drift[3]),
                press=0.14 + 0.1 * math.sin(turn + drift[3]),
                smile=-0.1,
                squint=0.08,
            )
        return base

    def is_at_rest(self, clip: str, phase: int) -> bool:
        """Whether another clip may follow at a key frame, or this one another: nothing but the eyes would move."""
        return not any(move.start < phase % LOOP_FRAMES < move.end for move in self._moves.get(clip, ()))

    def _transition(self, before: FaceState, after: FaceState, phase: int) -> Pose:
        since = phase % KEY_FRAME_INTERVAL
        pose = _between(self.rest(before, phase), self.rest(after, phase), since, KEY_FRAME_INTERVAL)
        # Large turns of the eyes come with a blink.
        shut = blink(since, 0.4) if "thinking" in (before, after) else 0.0
        return pose.plus(lid_left=-shut, lid_right=-shut)

    def _gaze(self, clip: str, phase: int, pose: Pose) -> tuple[float, float]:
        home_x, home_y = pose.gaze_x, pose.gaze_y
        if clip in IDLE_CLIPS:  # the eyes stay with the person while the head moves
            home_x, home_y = -0.6 * pose.yaw / _DEGREES_OF_GAZE, -0.6 * pose.pitch / _DEGREES_OF_GAZE
        for look in self._looks[clip]:
            share = smoothstep(phase, look.start, look.start + SACCADE_FRAMES)
            share *= 1.0 - smoothstep(phase, look.end - SACCADE_FRAMES, look.end)
            home_x, home_y = lerp(home_x, look.x, share), lerp(home_y, look.y, share)
        return home_x, home_y


class UnderlyingMotion:
    """What a speaking face does besides: the idle motion, reached from the clip that the speech takes over from.

    Args:
        clip: that is shown until then.
        start: frame of the loop at which the speech begins.
    """

    def __init__(self, character: str, clip: str, start: int) -> None:
        self._motion = face_motion(character)
        self._clip = clip
        self._start = start
        self._key = start + -start % KEY_FRAME_INTERVAL
        """Where a transition ends: the next key frame."""

    def pose(self, phase: int) -> Pose:
        """The pose of a frame of the loop, counted on from the start without going round."""
        idle = self._motion.pose(MAIN, phase)
        frame = phase - self._start
        if self._clip == MAIN or frame >= _LEAVING:
            return idle
        clip = self._clip if phase < self._key or self._clip in IDLE_CLIPS else state_after(self._clip)
        return _between(self._motion.pose(clip, phase), idle, frame + 1, _LEAVING)


def _between(one: Pose, other: Pose, frame: float, frames: float) -> Pose:
    """A pose on the way from one to another; eyes and lips are there first.

    Args:
        frame, frames: of the way, and in all.
    """
    share, first = smoothstep(frame, 0, frames), smoothstep(frame, 0, SACCADE_FRAMES)
    return other.plus(**{
        name: (1.0 - (first if name in _QUICK else share)) * (getattr(one, name) - getattr(other, name))
        for name in _BLENDED
    })  # fmt: skip


@lru_cache(maxsize=64)
def face_motion(character: str) -> FaceMotion:
    """The motion of a character, by its id."""
    return FaceMotion(seed_of(character))


def _blinks(rng: random.Random, *, often: bool) -> list[float]:
    """First frames of the blinks of a clip: one in two to four seconds, sometimes two in a row."""
    starts: list[float] = []
    frame = rng.uniform(20, 60)
    while frame < LOOP_FRAMES - KEY_FRAME_INTERVAL:
        starts.append(aligned(frame, rng))
        if rng.random() < 0.15:
            starts.append(starts[-1] + KEY_FRAME_INTERVAL)
        frame += rng.uniform(45, 80) if often else rng.uniform(70, 110)
    return starts


def _moves_and_looks(rng: random.Random) -> tuple[list[_Move], list[_Look]]:
    """What happens in the windows of a further idle clip: the head turns or tilts, the eyes look away and back."""
    moves: list[_Move] = []
    looks: list[_Look] = []
    for start in range(0, LOOP_FRAMES, WINDOW_FRAMES):
        if rng.random() < _MOVING:
            way = rng.choice((-1.0, 1.0))
            offsets = {
                "yaw": way * rng.uniform(1.5, 4.5),
                "pitch": rng.uniform(-1.8, 1.8),
                "roll": way * rng.uniform(-2.2, 2.2),
                "smile": rng.choice((0.0, 0.0, 0.12)),
                "brow_left": rng.uniform(-0.05, 0.15),
                "brow_right": rng.uniform(-0.05, 0.15),
            }
            moves.append(_Move(start, start + WINDOW_FRAMES, offsets))
        if rng.random() < 0.5:
            begins = start + rng.uniform(3, 12)
            ends = start + rng.uniform(24, WINDOW_FRAMES - 1)
            looks.append(_Look(begins, ends, rng.uniform(-0.45, 0.45), rng.uniform(-0.2, 0.28)))
    return moves, looks


def _looks_in_thought(rng: random.Random, side: float) -> list[_Look]:
    """The eyes wander: up and to the side, further up, down, and back."""
    looks: list[_Look] = []
    frame = rng.uniform(14, 24)
    while frame < LOOP_FRAMES - 30:
        stays = rng.uniform(14, 26)
        x, y = rng.choice(((0.1 * side, -0.6), (0.55 * side, -0.2), (0.3 * side, 0.2), (-0.3 * side, -0.45)))
        looks.append(_Look(frame, frame + stays, x, y))
        frame += stays + rng.uniform(8, 30)
    return looks
