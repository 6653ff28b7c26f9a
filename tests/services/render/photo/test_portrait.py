"""Portraits of photos: detection, mesh, crop, refusals with a reason, and the store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bus.errors import ConfigurationError, InvalidInput, NotFound
from bus.ids import look_of
from services.models.catalogue import FACE_LANDMARKS
from services.render.photo.crop import SIDE, crop, crop_square, portrait_square
from services.render.photo.face_detector import (
    LEFT_CHEEK,
    LIP_TOP,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    RIGHT_CHEEK,
    FaceDetector,
)
from services.render.photo.portrait import Portrait, PortraitStore, portrait_from_photo
from tests.golden import recipe
from tests.services.render.conftest import Drawing, png

ANCHORS: dict[int, tuple[list[list[int]], list[int]]] = {
    203: ([[0, 6, 12, 18], [24, 30, 36, 42]], [48, 66]),
    106: ([[33, 35, 40, 39], [87, 89, 94, 93]], [52, 61]),
    101: ([[39, 42, 45, 48], [51, 54, 57, 60]], [75, 81]),
    68: ([[36, 39], [42, 45]], [48, 54]),
    9: ([[2, 3], [0, 1]], [5, 6]),
    5: ([[0], [1]], [3, 4]),
}
"""Indices of both eyes and of the mouth in each landmark scheme, by its number of points."""


@pytest.mark.parametrize("count", ANCHORS)
@pytest.mark.parametrize(("which", "scale", "up", "side"), [("src", 2.3, -0.125, 512), ("lmkcrop", 1.5, -0.1, 224)])
def test_crop_squares_are_the_golden_ones(count: int, which: str, scale: float, up: float, side: int) -> None:
    golden = recipe.read("formulas")
    points = golden[f"lmk{count}"]
    (left, right), mouth = ANCHORS[count]
    eyes = (points[left].mean(axis=0) + points[right].mean(axis=0)) / 2.0
    made = crop_square(points, eyes, points[mouth].mean(axis=0), scale=scale, up=up)
    np.testing.assert_allclose(made.centre, golden[f"lmk{count}_{which}_center"], atol=1e-3)
    np.testing.assert_allclose(made.size, golden[f"lmk{count}_{which}_size"][0], atol=1e-3)
    np.testing.assert_allclose(made.angle, golden[f"lmk{count}_{which}_angle"][0], atol=1e-5)
    np.testing.assert_allclose(made.matrix(side), golden[f"lmk{count}_{which}_M_o2c_rot1"], atol=2e-3)


def test_a_cropped_face_is_the_golden_one() -> None:
    golden = recipe.read("formulas")
    cropped = crop(golden["paste_img_u8"], golden["crop_M_o2c"][:2].astype(np.float64), border=cv2.BORDER_CONSTANT)
    small = cv2.resize(cropped, (256, 256), interpolation=cv2.INTER_AREA)
    assert np.abs(small[::4, ::4].astype(int) - golden["crop256_u8_sub"]).max() <= 1


@pytest.mark.parametrize("look", ["ada", "milo", "noor", "otto"])
def test_a_face_is_detected_measured_and_cropped(detector: FaceDetector, drawn: Drawing, look: str) -> None:
    portrait = portrait_from_photo(png(drawn(look, 700)), detector)
    mesh = portrait.face.mesh
    assert portrait.pixels.shape == (SIDE, SIDE, 3)
    assert abs(mesh[1, 0] - SIDE / 2) < 25, "the nose is in the middle"
    assert mesh[33, 1] < mesh[1, 1] < mesh[LIP_TOP, 1] < mesh[152, 1]
    assert 0.25 < portrait.face.width / SIDE < 0.55
    assert abs(portrait.face.yaw) < 5
    assert portrait.face.lip_ratio < 0.08
    assert all(0.35 < ratio < 0.75 for ratio in portrait.face.eye_ratios)


def test_an_open_mouth_is_measured_as_open(detector: FaceDetector, drawn: Drawing) -> None:
    ratios = [portrait_from_photo(png(drawn(jaw=jaw)), detector).face.lip_ratio for jaw in (0.0, 0.4, 0.8)]
    assert ratios == sorted(ratios)
    assert ratios[-1] > 0.15


def test_a_tilted_head_is_set_upright(detector: FaceDetector, drawn: Drawing) -> None:
    turn = cv2.getRotationMatrix2D((400.0, 400.0), 25, 0.9)
    tilted = cv2.warpAffine(drawn(size=800), turn, (800, 800), borderMode=cv2.BORDER_REPLICATE)
    mesh = portrait_from_photo(png(np.asarray(tilted, np.uint8)), detector).face.mesh
    across = mesh[263] - mesh[33]
    assert abs(np.degrees(np.arctan2(across[1], across[0]))) < 3.0
    mouth = mesh[MOUTH_RIGHT] - mesh[MOUTH_LEFT]
    assert abs(np.degrees(np.arctan2(mouth[1], mouth[0]))) < 4.0


def test_a_small_face_in_a_large_photo_is_detected(detector: FaceDetector, drawn: Drawing) -> None:
    scene = np.full((900, 1280, 3), 190, np.uint8)
    scene[500:820, 700:1020] = drawn("noor", 320)
    assert portrait_from_photo(png(scene), detector).face.width > 150


def test_a_photo_without_a_face_is_refused(detector: FaceDetector) -> None:
    with pytest.raises(InvalidInput, match="no face was found"):
        portrait_from_photo(png(np.full((300, 400, 3), 120, np.uint8)), detector)
    with pytest.raises(InvalidInput, match="no face was found"):
        portrait_from_photo(png(np.full((1, 1, 3), 120, np.uint8)), detector)
    noise = np.random.default_rng(4).integers(0, 255, (400, 400, 3), np.uint8)
    with pytest.raises(InvalidInput, match="no face was found"):
        portrait_from_photo(png(noise), detector)


def test_a_photo_of_several_faces_is_refused_with_their_number(detector: FaceDetector, drawn: Drawing) -> None:
    three = np.hstack([drawn(look, 400) for look in ("ada", "milo", "otto")])
    with pytest.raises(InvalidInput, match="there are 3 faces in the picture; cut out the one"):
        portrait_from_photo(png(three), detector)


def test_a_small_face_in_the_background_is_ignored(detector: FaceDetector, drawn: Drawing) -> None:
    scene = np.full((1000, 1280, 3), 190, np.uint8)
    scene[100:900, 50:850] = drawn("ada", 800)
    scene[300:500, 1000:1200] = drawn("milo", 200)
    portrait = portrait_from_photo(png(scene), detector)
    alone = portrait_from_photo(png(drawn("ada", 800)), detector)
    assert np.abs(portrait.face.mesh - alone.face.mesh).mean() < 12.0


def test_a_tiny_face_is_refused_with_its_size(detector: FaceDetector, drawn: Drawing) -> None:
    with pytest.raises(InvalidInput, match=r"only \d\d pixels wide, at least 72"):
        portrait_from_photo(png(drawn(size=140)), detector)


def test_a_face_from_the_side_is_refused_with_its_angle(detector: FaceDetector, drawn: Drawing) -> None:
    with pytest.raises(InvalidInput, match=r"looks \d\d degrees to the side, at most 35"):
        portrait_from_photo(png(drawn(yaw=44.0)), detector)


def test_a_face_cut_off_by_the_edge_of_the_photo_is_refused(detector: FaceDetector, drawn: Drawing) -> None:
    pixels = drawn()
    whole = detector.detect(pixels)
    left, right = (int(whole.mesh[point, 0]) for point in (LEFT_CHEEK, RIGHT_CHEEK))
    detector.detect(np.ascontiguousarray(pixels[:, left - 4 : right + 4]))
    with pytest.raises(InvalidInput, match="part of the face is outside of the picture"):
        detector.detect(np.ascontiguousarray(pixels[:, (2 * left + right) // 3 :]))


def test_a_portrait_is_blurred_beyond_the_edge_of_the_photo_and_unchanged_within(
    detector: FaceDetector, drawn: Drawing
) -> None:
    pixels = drawn()
    face = detector.detect(pixels)
    # Cropped so closely that the portrait extends beyond it on three sides, over stripes that would be repeated.
    top, left, right = (int(v) for v in (face.mesh[10, 1], face.mesh[LEFT_CHEEK, 0], face.mesh[RIGHT_CHEEK, 0]))
    close = np.ascontiguousarray(pixels[top - 6 :, left - 6 : right + 6])
    close[:2, ::4] = 255
    close[:2, 2::4] = 0
    portrait = portrait_from_photo(png(close), detector)
    matrix = portrait_square(detector.detect(close)).matrix(SIDE)
    plain = crop(close, matrix)
    inside = crop(np.full(close.shape[:2], 255, np.uint8), matrix, border=cv2.BORDER_CONSTANT) == 255
    assert 0.2 < inside.mean() < 0.9
    assert np.array_equal(portrait.pixels[inside], plain[inside])
    sharp, soft = (np.abs(np.diff(one[:40].astype(int), axis=1)).mean() for one in (plain, portrait.pixels))
    assert soft < 0.2 * sharp


def test_the_same_photo_gives_the_same_portrait_and_look(detector: FaceDetector, drawn: Drawing) -> None:
    photo = png(drawn())
    one, other = portrait_from_photo(photo, detector), portrait_from_photo(photo, detector)
    assert one.look == other.look == look_of(photo)
    assert one.to_bytes() == other.to_bytes()
    assert look_of(photo + b"\0") != one.look


def test_a_stored_portrait_is_read_back(tmp_path: Path, portrait: Portrait) -> None:
    portraits = PortraitStore(tmp_path / "portraits")
    assert portraits.is_missing(portrait.look)
    assert not portraits.is_missing("ada")
    for _ in range(2):
        portraits.put(portrait.look, portrait.to_bytes())
    assert not portraits.is_missing(portrait.look)
    again = portraits.get(portrait.look)
    assert np.array_equal(again.pixels, portrait.pixels)
    assert np.array_equal(again.face.mesh, portrait.face.mesh)
    assert [path.name for path in (tmp_path / "portraits").iterdir()] == [f"{portrait.look}.npz"]


def test_a_missing_or_damaged_portrait_is_not_found(tmp_path: Path, portrait: Portrait) -> None:
    portraits = PortraitStore(tmp_path)
    for look in ("ada", "photo-../../secret", portrait.look):
        with pytest.raises(NotFound, match=look.split("/")[0]):
            portraits.get(look)
    (tmp_path / f"{portrait.look}.npz").write_bytes(portrait.to_bytes()[:1000])
    with pytest.raises(NotFound, match="damaged"):
        portraits.get(portrait.look)
    assert portraits.is_missing(portrait.look), "the damaged file is deleted"


def test_files_of_removed_faces_are_deleted(tmp_path: Path, portrait: Portrait) -> None:
    portraits = PortraitStore(tmp_path)
    for look in ("photo-" + "a" * 32, "photo-" + "b" * 32, "photo-" + "c" * 32):
        portraits.put(look, portrait.to_bytes())
        (tmp_path / f"{look}.computed.npz").write_bytes(b"x")
    (tmp_path / "other").write_bytes(b"x")
    for path in tmp_path.iterdir():
        if "c" * 32 not in path.name:
            os.utime(path, (1, 1))
    portraits.keep_only({"ada", "photo-" + "a" * 32})
    left = sorted(path.name.replace("photo-", "")[:1] for path in tmp_path.iterdir())
    assert left == ["a", "a", "c", "c", "o"], "c is new: its character may not be on record yet"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, portrait: Portrait) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be kept in"):
        PortraitStore(tmp_path / "file").put(portrait.look, portrait.to_bytes())


def test_missing_or_changed_models_are_not_run(tmp_path: Path, face_models: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        FaceDetector(tmp_path)
    for file in FACE_LANDMARKS.files:
        data: Any = bytearray((face_models / file.path).read_bytes())
        data[-1] ^= 1
        (tmp_path / file.path).write_bytes(data)
    with pytest.raises(ConfigurationError, match="not the published file"):
        FaceDetector(tmp_path)
