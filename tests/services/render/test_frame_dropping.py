"""Frames are dropped evenly where drawing is slower than real time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import av
from hypothesis import given
from hypothesis import strategies as st

from bus.events import FrameBatch, FramesEnded
from services.render.engine import Expressions, Frame
from services.render.frame_dropping import MAX_STEP, FrameDropper
from services.render.pose import Pose
from tests.services.render.fakes import (
    FakeFace,
    FakeReader,
    FakeRenderer,
    audio_chunks,
    speech_renderer,
    speech_started,
    watching,
)


def test_all_frames_are_drawn_while_there_is_time() -> None:
    dropper = FrameDropper(25)
    assert dropper.frames_to_draw(3, 5) == [3, 4, 5, 6, 7]
    dropper.record_time(5, 0.15)
    assert dropper.frames_to_draw(8, 5) == [8, 9, 10, 11, 12]


def test_as_many_frames_as_there_is_time_for_are_drawn_evenly() -> None:
    dropper = FrameDropper(25)
    for _ in range(20):
        dropper.record_time(3, 3 * 0.06)
    assert dropper.step == 2
    assert dropper.frames_to_draw(10, 10) == [10, 12, 14, 16, 18]
    for _ in range(20):
        dropper.record_time(1, 0.1)
    assert dropper.frames_to_draw(30, 9) == [30, 33, 36]


def test_the_first_frame_of_a_batch_is_always_drawn() -> None:
    dropper = FrameDropper(25)
    dropper.record_time(1, 0.07)
    assert dropper.frames_to_draw(5, 5) == [5, 6, 8]


def test_one_slow_batch_changes_nothing_and_a_faster_machine_draws_more_frames_again() -> None:
    dropper = FrameDropper(25)
    dropper.record_time(5, 0.02)
    dropper.record_time(5, 0.4)
    assert dropper.step == 1
    for _ in range(30):
        dropper.record_time(1, 1.0)
    assert dropper.step == MAX_STEP
    for _ in range(30):
        dropper.record_time(1, 0.02)
    assert dropper.step == 1


@given(st.floats(0.001, 3.0), st.integers(0, 1000), st.integers(1, 10))
def test_gaps_are_never_longer_than_the_step(cost: float, first: int, count: int) -> None:
    dropper = FrameDropper(25)
    dropper.record_time(1, cost)
    drawn = dropper.frames_to_draw(first, count)
    assert drawn[0] == first
    assert all(b - a <= dropper.step for a, b in pairwise([*drawn, first + count]))


class SlowFace(FakeFace):
    """A face that takes so many seconds of the test's own clock for each frame."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.now = 0.0

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> list[Frame]:
        self.now += self.seconds * len(poses)
        return super().render(poses, expressions)


class OneFace(FakeRenderer):
    def __init__(self, face: SlowFace) -> None:
        super().__init__()
        self.only = face

    def face(self, look: str) -> FakeFace:
        self.faces.append(self.only)
        return self.only


async def speech(seconds: float) -> tuple[SlowFace, list[Any]]:
    face = SlowFace(seconds)
    speeches = speech_renderer(OneFace(face), clock=lambda: face.now)
    reader = FakeReader(media=list(audio_chunks(200)), newest=watching())
    return face, [output async for output in speeches.frames(speech_started(), reader)]


async def test_a_slow_face_shows_every_frame_but_draws_fewer() -> None:
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


async def test_drawn_poses_keep_their_places_in_time() -> None:
    quick, _ = await speech(0.01)
    slow, _ = await speech(0.1)
    places = [quick.poses.index(pose) for pose in slow.poses]
    assert places == sorted(places)
    assert max(b - a for a, b in pairwise(places)) <= MAX_STEP
