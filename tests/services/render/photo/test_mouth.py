"""The mouth of a portrait: properties of the pixels."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from services.render.contact_sheet import viseme_poses
from services.render.photo.displacement import DisplacementFields, eye_distance
from services.render.photo.face_detector import DetectedFace
from services.render.photo.lips import LOWER, OUTER_LOWER, UPPER
from services.render.photo.mouth import Mouth
from services.render.photo.portrait import Portrait
from services.render.photo.warp import WarpedFace
from services.render.pose import Pose
from tests.services.render.photo.test_warp import SIZE, around, changed, darkness, draw

EYES = 63.0
"""Millimetres between the eyes of a person."""


@pytest.fixture(scope="module")
def face(portrait: Portrait) -> WarpedFace:
    return WarpedFace(portrait, SIZE)


@pytest.fixture(scope="module")
def mouth(portrait: Portrait) -> tuple[slice, slice]:
    return around(portrait, 61, 291, 17)


@pytest.fixture(scope="module")
def smiling(portrait: Portrait) -> Portrait:
    """The same face with its lips parted, and a row of white teeth between them."""
    mesh, pixels = portrait.face.mesh.copy(), portrait.pixels.copy()
    upper, lower = mesh[list(UPPER)], mesh[list(LOWER)]
    gap = 18.0 * np.sin(np.linspace(0.0, np.pi, len(upper)))
    mesh[list(LOWER[1:-1]), 1] += gap[1:-1].astype(np.float32)
    mesh[list(OUTER_LOWER[1:-1]), 1] += gap[1:-1].astype(np.float32)
    between = np.concatenate([upper[:, :2], mesh[list(LOWER), :2][::-1]]).astype(np.int32)
    # The lower lip is pulled down, so that its red is below the teeth.
    for column in range(int(upper[0, 0]), int(upper[-1, 0])):
        top = int(np.interp(column, lower[:, 0], lower[:, 1]))
        down = round(float(np.interp(column, lower[:, 0], gap)))
        pixels[top + down :, column] = portrait.pixels[top : SIZE - down, column]
    cv2.fillPoly(pixels, [between], (250, 250, 245))
    return dataclasses.replace(portrait, face=DetectedFace(mesh), pixels=pixels)


def white(pixels: NDArray[np.int16], part: tuple[slice, slice]) -> int:
    return int((pixels[part].min(axis=2) > 225).sum())


def pale(pixels: NDArray[np.int16], part: tuple[slice, slice]) -> int:
    """Pixels with the colour of teeth, drawn in the light of the face."""
    return int(((pixels[part].min(axis=2) > 120) & (np.ptp(pixels[part], axis=2) < 60)).sum())


def dark(pixels: NDArray[np.int16], part: tuple[slice, slice]) -> NDArray[np.bool_]:
    return np.asarray(pixels[part].sum(axis=2) < 200, np.bool_)


def test_the_mouth_opens_with_the_jaw_and_closes_when_lips_are_pressed(
    face: WarpedFace, mouth: tuple[slice, slice]
) -> None:
    opened = [darkness(draw(face, Pose(jaw=jaw)), mouth) for jaw in (0.0, 0.3, 0.6, 1.0)]
    assert opened == sorted(opened)
    assert opened[-1] > opened[1] + 200 > opened[0] + 200
    assert darkness(draw(face, Pose(jaw=0.6, press=1.0)), mouth) == opened[0]


def test_the_lower_lip_falls_by_10_to_15_mm_and_keeps_its_thickness(face: WarpedFace, portrait: Portrait) -> None:
    middle = int(portrait.face.mesh[14, 0])
    inner, outer = (int(portrait.face.mesh[point, 1]) for point in (14, 17))

    def fallen(jaw: float, rows: slice) -> float:
        """How far these rows of the lower lip have gone down, pixels."""
        patch, frame = portrait.pixels[rows, middle - 14 : middle + 14], face.pixels(Pose(jaw=jaw))
        strip = frame[rows.start : rows.stop + 60, middle - 14 : middle + 14]
        return float(cv2.minMaxLoc(cv2.matchTemplate(strip, patch, cv2.TM_SQDIFF))[2][1])

    edge = slice(outer - 5, outer + 9)
    down = [EYES * fallen(jaw, edge) / eye_distance(portrait.face) for jaw in (0.5, 1.0, 1.5)]
    assert 4.0 <= down[0] < down[1] <= down[2] <= 15.0
    assert down[1] >= 10.0
    assert abs(fallen(1.0, slice(inner + 3, outer)) - fallen(1.0, edge)) <= 0.2 * (outer - inner) + 1.0


def test_a_rounded_mouth_is_rounder_than_an_open_one(face: WarpedFace, mouth: tuple[slice, slice]) -> None:
    def roundness(pose: Pose) -> float:
        inside = dark(draw(face, pose), mouth)
        rows, columns = np.flatnonzero(inside.sum(axis=1) > 2), np.flatnonzero(inside.sum(axis=0) > 2)
        return float(np.ptp(rows) / np.ptp(columns))

    open_mouth = roundness(Pose(jaw=0.85))
    assert roundness(Pose(jaw=0.28, pucker=1.0, width=-0.75)) > 1.4 * open_mouth
    assert roundness(Pose(jaw=0.6, pucker=0.6, width=-0.45)) > 1.25 * open_mouth


def test_a_smile_keeps_its_upper_teeth_when_the_jaw_falls_and_hides_them_when_lips_close(smiling: Portrait) -> None:
    face, mouth = WarpedFace(smiling, SIZE), around(smiling, 61, 291, 17)
    rest = draw(face, Pose())
    assert np.array_equal(rest, smiling.pixels)
    shown, hidden = white(rest, mouth), darkness(rest, mouth)
    opened = draw(face, Pose(jaw=0.6))
    assert white(opened, mouth) > 0.7 * shown
    assert darkness(opened, mouth) > hidden + 100
    # The teeth stay in one piece: the dark is below them, not between them.
    middle = smiling.face.mesh[13].astype(int)
    column = opened[middle[1] - 10 : middle[1] + 70, middle[0]]
    teeth, throat = np.flatnonzero(column.min(axis=1) > 225), np.flatnonzero(column.sum(axis=1) < 160)
    assert teeth.max() < throat.min()
    closing = [white(draw(face, Pose(press=press)), mouth) for press in (0.0, 0.3, 0.6, 1.0)]
    assert closing == sorted(closing, reverse=True)
    assert closing[-1] == 0
    chin = around(smiling, 152, reach=10)
    assert changed(draw(face, Pose(press=1.0)), rest, chin) < 0.02


def test_a_smile_gives_way_to_words_and_closed_lips_stay_as_they_are(portrait: Portrait, smiling: Portrait) -> None:
    part = around(smiling, 61, 291, 17)
    smile, closed = WarpedFace(smiling, SIZE), WarpedFace(portrait, SIZE)
    rest, hiss = white(draw(smile, Pose()), part), Pose(jaw=0.12, teeth=1.0)
    between = [white(draw(smile, dataclasses.replace(hiss, speaking=share)), part) for share in (0.0, 0.5, 1.0)]
    assert between == sorted(between, reverse=True)
    assert between[-1] < 0.6 * rest <= between[0]
    assert white(draw(smile, Pose(speaking=1.0)), part) < 0.6 * rest
    wide = Pose(jaw=0.95, teeth=0.35, upper=0.2)
    assert white(draw(smile, dataclasses.replace(wide, speaking=1.0)), part) == white(draw(smile, wide), part)
    assert np.array_equal(draw(closed, hiss), draw(closed, dataclasses.replace(hiss, speaking=1.0)))


def test_teeth_are_drawn_where_the_photo_shows_none_and_the_tongue_comes_between_them(
    face: WarpedFace, mouth: tuple[slice, slice]
) -> None:
    few, many = (pale(draw(face, Pose(jaw=0.6, teeth=teeth)), mouth) for teeth in (0.0, 0.8))
    assert pale(draw(face, Pose()), mouth) < few < many
    without, between = (draw(face, Pose(jaw=0.24, teeth=0.5, tongue=tongue)) for tongue in (0.0, 1.0))
    assert darkness(between, mouth) < 0.7 * darkness(without, mouth)


def test_the_inside_of_a_mouth_in_a_grey_photo_is_grey(portrait: Portrait, smiling: Portrait) -> None:
    for one in (portrait, smiling):
        grey = np.asarray(cv2.cvtColor(cv2.cvtColor(one.pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
        face = WarpedFace(dataclasses.replace(one, pixels=grey), SIZE)
        for pose in viseme_poses()[3::4]:
            assert np.ptp(draw(face, pose), axis=2).max() <= 1


def test_nothing_jumps_at_the_edge_of_what_a_mouth_moves(portrait: Portrait, smiling: Portrait) -> None:
    for one in (portrait, smiling):
        mouth = Mouth(one.pixels, one.face, DisplacementFields(one.face))
        for pose in (Pose(jaw=1.4, teeth=1.0, upper=1.0), Pose(press=1.0), Pose(jaw=0.5, pucker=1.0, tuck=1.0)):
            drawn = one.pixels.copy()
            mouth.draw(drawn, pose)
            assert np.abs(drawn.astype(int) - one.pixels)[mouth.region].max() > 50
            moved = np.abs(drawn.astype(int) - one.pixels)
            rows, columns = mouth.region
            inner = slice(rows.start + 1, rows.stop - 1), slice(columns.start + 1, columns.stop - 1)
            moved[inner] = 0
            assert moved.max() <= 3


def test_the_chin_goes_down_with_the_jaw_and_the_forehead_stays(face: WarpedFace, portrait: Portrait) -> None:
    rest, opened = draw(face, Pose()), draw(face, Pose(jaw=0.9))
    assert changed(rest, opened, around(portrait, 152, reach=40)) > 0.05
    assert changed(rest, opened, around(portrait, 10, 151)) == 0.0
    assert changed(rest, opened, around(portrait, 33, 133, reach=10)) == 0.0
