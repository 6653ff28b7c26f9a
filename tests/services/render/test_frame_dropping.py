"""Frames left out evenly where drawing is slower than showing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import av
from hypothesis import given
from hypothesis import strategies as st

from bus.events import FrameBatch, FramesEnded
from services.render.engine import Picture
from services.render.frame_dropping import LARGEST_STEP, Pace
from services.render.pose import Pose
from services.render.service import FACES, Render
from tests.services.render.fakes import NO_PORTRAITS, FakeFace, FakeReader, FakeRenderer
from tests.services.render.test_service import audio, started, watched


def test_all_frames_are_drawn_while_there_is_time() -> None:
    pace = Pace(25)
    assert pace.drawn(3, 5) == [3, 4, 5, 6, 7]
    pace.took(5, 0.15)
    assert pace.drawn(8, 5) == [8, 9, 10, 11, 12]


def test_as_many_as_there_is_time_for_are_drawn_evenly() -> None:
    pace = Pace(25)
    for _ in range(20):
        pace.took(3, 3 * 0.06)
    assert pace.step == 2
    assert pace.drawn(10, 10) == [10, 12, 14, 16, 18]
    for _ in range(20):
        pace.took(1, 0.1)
    assert pace.drawn(30, 9) == [30, 33, 36]


def test_a_piece_begins_with_a_picture_of_its_own() -> None:
    pace = Pace(25)
    pace.took(1, 0.07)
    assert pace.drawn(5, 5) == [5, 6, 8]


def test_one_slow_piece_is_forgiven_and_a_faster_machine_draws_more_again() -> None:
    pace = Pace(25)
    pace.took(5, 0.02)
    pace.took(5, 0.4)
    assert pace.step == 1
    for _ in range(30):
        pace.took(1, 1.0)
    assert pace.step == LARGEST_STEP
    for _ in range(30):
        pace.took(1, 0.02)
    assert pace.step == 1


@given(st.floats(0.001, 3.0), st.integers(0, 1000), st.integers(1, 10))
def test_gaps_are_never_longer_than_the_step(cost: float, first: int, count: int) -> None:
    pace = Pace(25)
    pace.took(1, cost)
    drawn = pace.drawn(first, count)
    assert drawn[0] == first
    assert all(b - a <= pace.step for a, b in pairwise([*drawn, first + count]))


class SlowFace(FakeFace):
    """Takes so many seconds of the test's own time for each picture."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.now = 0.0

    def render(self, poses: Sequence[Pose]) -> list[Picture]:
        self.now += self.seconds * len(poses)
        return super().render(poses)


class OneFace(FakeRenderer):
    def __init__(self, face: SlowFace) -> None:
        super().__init__()
        self.only = face

    def face(self, look: str) -> FakeFace:
        self.made.append(self.only)
        return self.only


async def speech(seconds: float) -> tuple[SlowFace, list[Any]]:
    face = SlowFace(seconds)
    render = Render(OneFace(face), NO_PORTRAITS, bitrate=1_000_000, clock=lambda: face.now)
    reader = FakeReader(media=list(audio(200)), newest=watched())
    return face, [output async for output in render.speech(started(), reader)]


async def test_a_slow_face_shows_every_frame_with_fewer_pictures() -> None:
    quick, in_time = await speech(0.01)
    slow, late = await speech(0.1)
    (ended,) = (output for output in late if isinstance(output, FramesEnded))
    assert len(quick.poses) == ended.frames
    assert ended.frames / 4 < len(slow.poses) < ended.frames / 2
    batches = [output for output in late if isinstance(output, FrameBatch)]
    assert [(b.index, b.frame, len(b.units)) for b in batches] == [
        (b.index, b.frame, len(b.units)) for b in in_time if isinstance(b, FrameBatch)
    ]
    for batch in batches:
        decoder = av.CodecContext.create("h264", "r")
        shown = [f for unit in batch.units for f in decoder.decode(av.Packet(unit))] + decoder.decode(None)
        assert len(shown) == len(batch.units)


async def test_poses_that_are_drawn_keep_their_places_in_time() -> None:
    quick, _ = await speech(0.01)
    slow, _ = await speech(0.1)
    places = [quick.poses.index(pose) for pose in slow.poses]
    assert places == sorted(places)
    assert max(b - a for a, b in pairwise(places)) <= LARGEST_STEP


async def test_faces_that_have_not_been_seen_for_long_make_room() -> None:
    renderer = FakeRenderer()
    render = Render(renderer, NO_PORTRAITS, bitrate=1_000_000)
    looks = [f"look{number}" for number in range(FACES)]
    for look in [*looks, looks[0], "another", looks[0]]:
        await render._face(look, FakeReader())
    assert len(renderer.made) == FACES + 1
    await render._face(looks[1], FakeReader())
    assert len(renderer.made) == FACES + 2
