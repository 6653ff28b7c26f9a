"""Which clip a face that does not speak shows is decided by the time, the conversation and its state alone."""

from __future__ import annotations

from itertools import pairwise

from services.face_clips import (
    CLIPS,
    IDLE_CLIPS,
    KEY_FRAME_INTERVAL,
    MAIN,
    TRANSITIONS,
    WINDOW_FRAMES,
    FaceDirector,
    FaceState,
    state_after,
)

MINUTE = 60 * 25
DAY = 25 * 3600 * 24


def joins(clip: str, frame: int) -> bool:
    """Every clip rests at each key frame, but one idle clip moves through its windows."""
    return clip != "idle-2" or frame % WINDOW_FRAMES == 0


def shown(director: FaceDirector, start: int, count: int, wanted: FaceState = "idle") -> list[str]:
    frames = range(start, start + count, KEY_FRAME_INTERVAL)
    return [director.choose(frame, joins, wanted) for frame in frames]


def test_no_two_minutes_of_idle_are_alike_and_every_page_shows_the_same() -> None:
    minutes = [tuple(shown(FaceDirector(7), start, MINUTE)) for start in range(DAY, DAY + 40 * MINUTE, MINUTE)]
    assert len(set(minutes)) == len(minutes)
    assert {clip for minute in minutes for clip in minute} == {*IDLE_CLIPS}
    # One that began earlier, and in another state, shows the same within a window.
    earlier = FaceDirector(7)
    shown(earlier, DAY - MINUTE + 130, MINUTE - 130 - 2 * WINDOW_FRAMES, "thinking")
    shown(earlier, DAY - 2 * WINDOW_FRAMES, 2 * WINDOW_FRAMES)
    assert tuple(shown(earlier, DAY, MINUTE)) == minutes[0]
    assert tuple(shown(FaceDirector(8), DAY, MINUTE)) != minutes[0]


def test_an_idle_clip_that_moves_is_neither_left_nor_entered_in_the_middle() -> None:
    director = FaceDirector(7)
    for wanted in ("idle", "listening", "thinking", "idle"):
        clips = [MAIN, *shown(director, DAY + 10, MINUTE, wanted)]
        for number, (one, other) in enumerate(pairwise(clips)):
            frame = DAY + 10 + number * KEY_FRAME_INTERVAL
            if number and one != other and "idle-2" in (one, other):
                assert frame % WINDOW_FRAMES == 0


def test_each_state_is_reached_by_transitions_that_lead_there() -> None:
    director = FaceDirector()
    script: list[tuple[FaceState, list[str]]] = [
        ("listening", ["attend", "listening", "listening"]),
        ("thinking", ["ponder", "thinking", "thinking"]),
        ("listening", ["relax", "attend", "listening"]),
        ("idle", ["release", MAIN, MAIN]),
        ("thinking", ["attend", "ponder", "thinking"]),
        ("idle", ["relax", MAIN, MAIN]),
    ]
    frame = DAY + KEY_FRAME_INTERVAL
    for wanted, expected in script:
        found = [director.choose(frame, lambda clip, frame: True, wanted) for _ in expected]
        assert found == expected
    assert {state_after(clip) for clip in CLIPS} == {"idle", "listening", "thinking"}
    assert {ends[0] for ends in TRANSITIONS.values()} == {"idle", "listening", "thinking"}


def test_a_nod_comes_while_the_face_listens_and_at_no_other_time() -> None:
    director = FaceDirector()

    def choose(wanted: FaceState) -> str:
        return director.choose(DAY + KEY_FRAME_INTERVAL, lambda clip, frame: True, wanted, nods=True)

    assert [choose("idle"), choose("listening"), choose("listening"), choose("thinking"), choose("thinking")] == [
        MAIN, "attend", "nod", "ponder", "thinking",
    ]  # fmt: skip


def test_without_the_further_clips_the_idle_loop_goes_round() -> None:
    director = FaceDirector(7)
    for wanted in ("idle", "listening", "thinking"):
        frames = range(DAY, DAY + MINUTE, KEY_FRAME_INTERVAL)
        assert {director.choose(frame, lambda clip, frame: clip == MAIN, wanted) for frame in frames} == {MAIN}
