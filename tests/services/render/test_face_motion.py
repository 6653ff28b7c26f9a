"""The clips of a face that does not speak lead into each other without a jump, and differ."""

from __future__ import annotations

from itertools import product

import pytest

from services.face_clips import (
    CLIPS,
    IDLE_CLIPS,
    KEY_FRAME_INTERVAL,
    LOOP_FRAMES,
    NOD,
    TRANSITIONS,
    WINDOW_FRAMES,
    state_after,
)
from services.render.face_motion import FaceMotion

SEEDS = (1, 7)
# Of the eyes apart, which may jump from one picture to the next, as eyes do.
MOST_STEPS = {"yaw": 1.0, "pitch": 1.9, "roll": 0.8, "smile": 0.09, "brow_left": 0.09, "furrow": 0.06, "press": 0.07}


def begins(clip: str) -> str:
    return TRANSITIONS[clip][0] if clip in TRANSITIONS else state_after(clip)


@pytest.mark.parametrize("seed", SEEDS)
def test_wherever_one_clip_may_follow_another_the_face_does_not_jump(seed: int) -> None:
    motion = FaceMotion(seed)
    poses = {clip: [motion.pose(clip, frame) for frame in range(LOOP_FRAMES)] for clip in CLIPS}
    for one, other in product(CLIPS, CLIPS):
        if state_after(one) != begins(other):
            continue
        for key in range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL):
            if not (motion.is_at_rest(one, key) and motion.is_at_rest(other, key)):
                continue
            for name, most in MOST_STEPS.items():
                step = abs(getattr(poses[one][key - 1], name) - getattr(poses[other][key], name))
                assert step <= most, (one, other, key, name)
            assert min(poses[other][key].lid_left, poses[one][key - 1].lid_left) > 0.85


@pytest.mark.parametrize("seed", SEEDS)
def test_within_a_clip_the_head_does_not_jump_and_the_clip_has_no_seam(seed: int) -> None:
    motion = FaceMotion(seed)
    for clip in {*CLIPS} - {*TRANSITIONS}:
        for frame in range(LOOP_FRAMES):
            one, other = motion.pose(clip, frame), motion.pose(clip, frame + 1)
            for name, most in MOST_STEPS.items():
                assert abs(getattr(one, name) - getattr(other, name)) <= most, (clip, frame, name)


def test_every_idle_clip_may_begin_and_end_at_the_borders_of_windows_and_they_differ_between() -> None:
    motion = FaceMotion(SEEDS[0])
    assert all(motion.is_at_rest(clip, frame) for clip in IDLE_CLIPS for frame in range(0, LOOP_FRAMES, WINDOW_FRAMES))
    ways = {tuple(round(motion.pose(clip, frame).yaw, 3) for frame in range(LOOP_FRAMES)) for clip in IDLE_CLIPS}
    assert len(ways) == len(IDLE_CLIPS)


def test_who_listens_bends_to_the_person_and_nods_and_who_thinks_looks_up() -> None:
    motion = FaceMotion(SEEDS[0])
    for key in range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL):
        idle, listening, thinking = (motion.pose(clip, key) for clip in ("idle", "listening", "thinking"))
        assert listening.pitch > idle.pitch
        assert abs(listening.roll - idle.roll) > 2.0
        assert listening.brow_left > idle.brow_left + 0.1
        assert abs(listening.gaze_x) < 0.2
        assert thinking.pitch < idle.pitch
        middle = key + KEY_FRAME_INTERVAL // 2
        assert motion.pose(NOD, middle).pitch > motion.pose("listening", middle).pitch + 3.0
    looks = [motion.pose("thinking", frame) for frame in range(LOOP_FRAMES)]
    assert sum(one.gaze_y < -0.1 for one in looks) > 0.6 * LOOP_FRAMES
