"""Portraits animated by warping: properties of the pixels."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import av
import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from bus.errors import NotFound
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.render.character_renderer import CharacterRenderer, WarpAnimator
from services.render.contact_sheet import emotion_poses, viseme_poses
from services.render.photo.face_detector import DetectedFace
from services.render.photo.portrait import Portrait, PortraitStore
from services.render.photo.warp import WarpedFace
from services.render.pose import EMOTIONS, Pose
from services.render.render_threads import RenderThreads
from services.render.speech_frames import SpeechRenderer
from tests.services.render.fakes import FakeReader, audio_chunks, speech_started, watching

SIZE = 512


@pytest.fixture(scope="module")
def face(portrait: Portrait) -> WarpedFace:
    return WarpedFace(portrait, SIZE)


def draw(face: WarpedFace, pose: Pose) -> NDArray[np.int16]:
    return face.pixels(pose).astype(np.int16)


def around(portrait: Portrait, *points: int, reach: int = 22) -> tuple[slice, slice]:
    low, high = (f(portrait.face.mesh[list(points), :2], axis=0).astype(int) for f in (np.min, np.max))
    return slice(low[1] - reach, high[1] + reach), slice(low[0] - reach, high[0] + reach)


def changed(a: NDArray[np.int16], b: NDArray[np.int16], part: tuple[slice, slice]) -> float:
    return float((np.abs(a[part] - b[part]).max(axis=2) > 24).mean())


def darkness(pixels: NDArray[np.int16], part: tuple[slice, slice]) -> int:
    """Pixels as dark as the inside of a mouth."""
    return int((pixels[part].sum(axis=2) < 160).sum())


def test_the_pose_at_rest_is_the_portrait(face: WarpedFace, portrait: Portrait) -> None:
    assert np.array_equal(face.pixels(Pose()), portrait.pixels)


def test_low_brows_stay_where_they_are_when_the_eyes_close(portrait: Portrait) -> None:
    mesh, pixels = portrait.face.mesh.copy(), portrait.pixels.copy()
    # A dark brow a little above each eye, where the lid's skin would be.
    brows = ((46, 53, 52, 65, 55), (285, 295, 282, 283, 276))
    for brow, lid in zip(brows, (159, 386), strict=True):
        mesh[list(brow), 1] = mesh[lid, 1] - 16.0
        line = np.asarray(mesh[list(brow), :2] - (0.0, 4.0), np.int32)
        cv2.polylines(pixels, [line], isClosed=False, color=(20, 15, 10), thickness=5)
    face = WarpedFace(dataclasses.replace(portrait, face=DetectedFace(mesh), pixels=pixels), SIZE)
    rest, closed = draw(face, Pose()), draw(face, Pose(lid_left=0.0, lid_right=0.0))
    for brow in brows:
        x0, x1 = int(mesh[brow[0], 0]), int(mesh[brow[-1], 0])
        row = int(mesh[brow[2], 1])
        assert changed(rest, closed, (slice(row - 8, row), slice(x0, x1))) == 0.0
    assert changed(rest, closed, around(portrait, 33, 133, reach=4)) > 0.25


def test_lids_close_each_on_its_own_side(face: WarpedFace, portrait: Portrait) -> None:
    rest, winked = draw(face, Pose()), draw(face, Pose(lid_left=0.0))
    left, right = around(portrait, 33, 133, reach=8), around(portrait, 362, 263, reach=8)
    assert changed(rest, winked, left) > 0.25
    assert changed(rest, winked, right) == 0.0
    closing = [changed(rest, draw(face, Pose(lid_right=lid)), right) for lid in (1.0, 0.7, 0.4, 0.0)]
    assert closing == sorted(closing)


def test_a_lid_has_the_colour_of_the_skin_under_a_low_dark_brow(portrait: Portrait) -> None:
    mesh, pixels = portrait.face.mesh, portrait.pixels.copy()
    brow = np.asarray(mesh[[33, 159, 133], :2] - (0.0, 26.0), np.int32)
    cv2.polylines(pixels, [brow], isClosed=False, color=(20, 15, 10), thickness=22)
    closed = draw(WarpedFace(dataclasses.replace(portrait, pixels=pixels), SIZE), Pose(lid_left=0.0))
    x, top, bottom = int(mesh[159, 0]), int(mesh[159, 1]), int(mesh[145, 1])
    skin = pixels[bottom + 2 * (bottom - top) : bottom + 3 * (bottom - top), x - 8 : x + 8].mean()
    # Above the lashes, which lie at the edge.
    assert closed[top : (top + bottom) // 2, x - 8 : x + 8].mean() > 0.8 * skin


def test_the_iris_follows_the_gaze(face: WarpedFace, portrait: Portrait) -> None:
    part = around(portrait, 33, 133, reach=0)

    def dark_middle(pose: Pose) -> float:
        darkness = 255.0 - draw(face, pose)[part].mean(axis=2)
        darkness = np.maximum(darkness - 120.0, 0.0)
        return float((darkness.sum(axis=0) * np.arange(darkness.shape[1])).sum() / darkness.sum())

    places = [dark_middle(Pose(gaze_x=gaze)) for gaze in (-1.0, 0.0, 1.0)]
    assert places[0] + 1.0 < places[1] < places[2] - 1.0


@pytest.mark.parametrize(("turn", "step"), [("yaw", (1, 0)), ("pitch", (0, 1))])
def test_the_nose_moves_further_than_the_ears_when_the_head_turns(
    face: WarpedFace, portrait: Portrait, turn: str, step: tuple[int, int]
) -> None:
    rest, turned = face.pixels(Pose()), face.pixels(Pose().plus(**{turn: 8.0}))
    moved = cv2.calcOpticalFlowFarneback(
        cv2.cvtColor(rest, cv2.COLOR_RGB2GRAY), cv2.cvtColor(turned, cv2.COLOR_RGB2GRAY), np.zeros((SIZE, SIZE, 2)),
        0.5, 4, 31, 5, 7, 1.5, 0,
    )
    nose, corner = moved[around(portrait, 1, reach=12)], moved[:20, :20]
    assert nose.mean(axis=(0, 1)) @ np.array(step) > 4.0
    assert np.abs(corner).max() < 1.0


def test_a_tilt_turns_the_head_about_the_neck(face: WarpedFace, portrait: Portrait) -> None:
    left, right = (face.pixels(Pose(roll=roll)).astype(int) for roll in (-8.0, 8.0))
    assert np.abs(left - right)[around(portrait, 10, 151)].mean() > 5.0
    assert np.abs(left - right)[:, :8].mean() < 1.0


def test_emotions_and_visemes_differ_visibly(face: WarpedFace, portrait: Portrait) -> None:
    whole = around(portrait, 10, 152, 234, 454)
    drawn = dict(zip(EMOTIONS, (draw(face, pose) for pose in emotion_poses()), strict=True))
    for one, a in drawn.items():
        for other, b in drawn.items():
            if one < other:
                assert changed(a, b, whole) > 0.01, (one, other)
    mouth = around(portrait, 61, 291)
    closed, *others = [draw(face, pose) for pose in viseme_poses()]
    for number, opened in enumerate(others, 1):
        assert changed(closed, opened, mouth) > 0.01, number


def test_extreme_poses_are_rendered(face: WarpedFace) -> None:
    pose = Pose(jaw=1.4, smile=1.5, lid_left=2.0, lid_right=-1.0, gaze_x=4.0, gaze_y=-4.0, yaw=25, pitch=-20, roll=15,
                press=1.0, breath=1.0, shoulders=1.0, teeth=2.0, tongue=-1.0)
    (frame,) = face.render([pose])
    assert frame.shape == (SIZE * 3 // 2, SIZE)
    assert frame[:SIZE].min() >= 16
    assert frame[:SIZE].max() <= 235


def test_the_same_pose_gives_the_same_pixels_after_any_other(face: WarpedFace, portrait: Portrait) -> None:
    first = face.pixels(Pose(jaw=0.4, yaw=3))
    face.pixels(Pose(jaw=1.0, lid_left=0.0))
    assert np.array_equal(WarpedFace(portrait, SIZE).pixels(Pose(jaw=0.4, yaw=3)), first)


def test_a_smaller_frame_shows_the_same(face: WarpedFace, portrait: Portrait) -> None:
    pose = Pose(jaw=0.5, yaw=4)
    small = WarpedFace(portrait, 256).pixels(pose)
    reduced = cv2.resize(face.pixels(pose), (256, 256), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - reduced).mean() < 3.0


async def test_a_character_from_a_photo_speaks(tmp_path: Path, portrait: Portrait) -> None:
    portraits = PortraitStore(tmp_path / "portraits")
    zoe = msgspec.structs.replace(BUILTIN_CHARACTERS["ada"], name="Zoë", look=portrait.look)
    reader = FakeReader(
        media=list(audio_chunks(40)), newest=watching(), characters={"zoe": zoe},
        assets={portrait.look: portrait.to_bytes()},
    )  # fmt: skip
    thread = RenderThreads(CharacterRenderer(128, portraits, WarpAnimator(128)), portraits)
    frames = SpeechRenderer(thread, bitrate=1_000_000).frames(speech_started(character="zoe"), reader)
    outputs: list[Any] = [output async for output in frames]
    first, *batches, ended = outputs
    assert (first.character, first.engine, first.width) == ("zoe", "layered", 128)
    decoder = av.CodecContext.create("h264", "r")
    shown = [f for batch in batches for unit in batch.units for f in decoder.decode(av.Packet(unit))]
    shown += decoder.decode(None)
    assert len(shown) == ended.frames
    images = [frame.to_ndarray(format="rgb24").astype(int) for frame in shown]
    assert max(np.abs(image - images[0]).max() for image in images) > 60, "the mouth opens"


def test_drawn_looks_and_photos_come_from_one_renderer(tmp_path: Path, portrait: Portrait) -> None:
    portraits = PortraitStore(tmp_path / "portraits")
    portraits.put(portrait.look, portrait.to_bytes())
    renderer = CharacterRenderer(128, portraits, WarpAnimator(128))
    assert (renderer.name, renderer.width, renderer.height) == ("layered", 128, 128)
    drawn, photo = renderer.face("milo"), renderer.face(portrait.look)
    assert [one.render([Pose()])[0].shape for one in (drawn, photo)] == [(192, 128)] * 2
    assert drawn.version != photo.version
    with pytest.raises(NotFound, match="add its photo again"):
        renderer.face("photo-" + "0" * 32)
    with pytest.raises(NotFound, match="look must be one of"):
        renderer.face("nobody")
