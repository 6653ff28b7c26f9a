"""The clips of a silent face in a past conversation."""

from __future__ import annotations

from services.face_clips import KEY_FRAME_INTERVAL, MAIN, WINDOW_FRAMES, idle_clip
from services.face_replay import shown_clips

SEED = 7
DAY = 1_790_000_000 * 25 // WINDOW_FRAMES * WINDOW_FRAMES


def all_are_there(clip: str, frame: int) -> bool:
    return True


def test_behind_a_speech_the_face_goes_on_with_the_main_clip_until_the_next_window() -> None:
    window = next(at for at in range(DAY, DAY + 100 * WINDOW_FRAMES, WINDOW_FRAMES) if idle_clip(SEED, at) != MAIN)
    frames = range(window + KEY_FRAME_INTERVAL, window + 2 * WINDOW_FRAMES)
    until = WINDOW_FRAMES - KEY_FRAME_INTERVAL
    usual = [*shown_clips([], frames, SEED, all_are_there)]
    behind = [*shown_clips([], frames, SEED, all_are_there, after_speech=True)]
    assert {*usual[:until]} == {idle_clip(SEED, window)}  # in the middle of a movement
    assert {*behind[:until]} == {MAIN}
    assert behind[until:] == usual[until:]
