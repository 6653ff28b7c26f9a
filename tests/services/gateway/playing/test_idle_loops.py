"""The gateway's idle loops are put together from the renderers' batches, in whatever order several of these draw."""

from __future__ import annotations

import itertools

import pytest

from bus.events import IdleBatch
from services.face_clips import CLIPS, MAIN
from services.gateway.playing.idle_loops import IdleLoops

LAST = 2


def batch(index: int, version: str = "v1", worker: str = "", clip: str = MAIN) -> IdleBatch:
    return IdleBatch(
        character="ada", clip=clip, version=version, index=index, frame=index, fps=25, loop=3, final=index == LAST,
        units=(f"{version}-{index}{worker}".encode(),), rests=clip == MAIN or index == 0,
    )  # fmt: skip


def shown(*batches: IdleBatch) -> tuple[bytes, ...] | None:
    """The loop that is shown after these."""
    loops = IdleLoops()
    for one in batches:
        loops.add(one)
    loop = loops.get("ada")
    return None if loop is None else loop.units


WHOLE = (b"v1-0", b"v1-1", b"v1-2")


def test_the_batches_of_one_renderer_are_a_loop() -> None:
    assert shown(batch(0), batch(1)) is None
    assert shown(batch(0), batch(1), batch(2)) == WHOLE


@pytest.mark.parametrize("order", sorted(set(itertools.permutations("aaabbb"))))
def test_two_renderers_that_draw_the_same_loop_at_once_give_one(order: tuple[str, ...]) -> None:
    counts = {"a": itertools.count(), "b": itertools.count()}
    assert shown(*(batch(next(counts[worker])) for worker in order)) == WHOLE


def test_a_renderer_that_died_in_the_middle_is_followed_by_another() -> None:
    assert shown(batch(0), batch(1), batch(0), batch(1), batch(2)) == WHOLE


def test_a_loop_of_another_version_begins_anew_and_replaces_the_first_once_it_is_whole() -> None:
    first = [batch(0), batch(1), batch(2), batch(0, "v2"), batch(1, "v2")]
    assert shown(*first) == WHOLE
    assert shown(*first, batch(2, "v2")) == (b"v2-0", b"v2-1", b"v2-2")


def test_two_versions_that_are_drawn_at_once_are_two_loops() -> None:
    mixed = [batch(index, version) for index in range(3) for version in ("v1", "v2")]
    assert shown(*mixed[:-1]) == WHOLE
    assert shown(*mixed) == (b"v2-0", b"v2-1", b"v2-2")


def test_batches_after_a_gap_are_no_loop() -> None:
    assert shown(batch(0), batch(2), batch(1), batch(2)) is None


def test_the_further_clips_go_with_the_idle_loop_of_their_version_once_all_are_here() -> None:
    loops = IdleLoops()
    further = [batch(index, clip=clip) for clip in CLIPS for index in range(3) if clip != MAIN]
    for one in further[:4]:  # they may come before the idle loop
        loops.add(one)
    for index in range(3):
        loops.add(batch(index))
    loop = loops.get("ada")
    assert loop is not None
    assert not loop.joins(CLIPS[1], 0)
    for one in further[3:]:
        loops.add(one)
    assert [loop.joins(CLIPS[1], frame) for frame in (0, 1, 3)] == [True, False, True]
    assert [loop.joins(MAIN, frame) for frame in (0, 1, 3)] == [True, True, True]
    assert [loop.unit(CLIPS[1], 4), loop.unit(MAIN, 4)] == [b"v1-1", b"v1-1"]
    for index in range(3):
        loops.add(batch(index, "v2"))
    newer = loops.get("ada")
    assert newer is not None
    assert (newer.version, newer.joins(CLIPS[1], 0), newer.joins(MAIN, 0)) == ("v2", False, True)
