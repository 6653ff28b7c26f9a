"""Faces drawn in layers: properties of the pixels."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bus.errors import EngineError, NotFound
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.render.coarticulation import MOUTH_SHAPES
from services.render.contact_sheet import emotion_poses, main, viseme_poses
from services.render.layered import picture, renderer
from services.render.layered.looks import LOOKS
from services.render.layered.picture import Linear, Nodes, blend, ellipse, fill, group, oval
from services.render.layered.renderer import LayeredFace, LayeredRenderer
from services.render.layered.stage import Stage
from services.render.photo.decoding import Pixels
from services.render.pose import EMOTIONS, Pose
from tests.services.render.conftest import png

SIZE = 256
GREEN = ((0.0, "#003300", 1.0), (1.0, "#00ff00", 1.0))
IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
MOUTH = (slice(150, 200), slice(95, 161))
LEFT_EYE = (slice(95, 130), slice(80, 125))
RIGHT_EYE = (slice(95, 130), slice(131, 176))


@pytest.fixture(scope="module")
def faces() -> dict[str, LayeredFace]:
    made = LayeredRenderer(SIZE)
    return {look: made.face(look) for look in LOOKS}


def draw(face: LayeredFace, pose: Pose) -> NDArray[np.int16]:
    return face.pixels(pose)[:, :, :3].astype(np.int16)


WHOLE = (slice(None), slice(None))


def changed(a: NDArray[np.int16], b: NDArray[np.int16], part: tuple[slice, slice] = WHOLE) -> float:
    """Share of the pixels that differ visibly."""
    return float((np.abs(a[part] - b[part]).max(axis=2) > 24).mean())


def test_there_is_one_look_for_each_built_in_character(faces: dict[str, LayeredFace]) -> None:
    assert {character.look for character in BUILTIN_CHARACTERS.values()} == LOOKS.keys()
    assert len(faces) >= 3


def test_a_change_of_any_file_that_draws_changes_the_version_of_the_stored_loops(tmp_path: Path) -> None:
    folder = Path(renderer.__file__).parent
    versions = {renderer.drawing_version()}
    for file in folder.glob("*.py"):
        copied = Path(shutil.copytree(folder, tmp_path / file.stem, ignore=shutil.ignore_patterns("__pycache__")))
        with (copied / file.name).open("a") as source:
            source.write("\n")
        versions.add(renderer.drawing_version(copied))
    assert len(versions) == 1 + len(list(folder.glob("*.py")))


def test_looks_differ(faces: dict[str, LayeredFace]) -> None:
    drawn = [draw(face, Pose()) for face in faces.values()]
    for index, one in enumerate(drawn):
        for other in drawn[index + 1 :]:
            assert changed(one, other) > 0.3
    assert len({face.version for face in faces.values()}) == len(faces)


@pytest.mark.parametrize("look", LOOKS)
def test_emotions_differ_visibly(faces: dict[str, LayeredFace], look: str) -> None:
    drawn = dict(zip(EMOTIONS, (draw(faces[look], pose) for pose in emotion_poses()), strict=True))
    for one, a in drawn.items():
        for other, b in drawn.items():
            if one < other:
                assert changed(a, b) > 0.015, (one, other)


@pytest.mark.parametrize("look", LOOKS)
def test_every_viseme_shows_at_the_mouth_and_the_tongue_tells_th_from_d_and_s(
    faces: dict[str, LayeredFace], look: str
) -> None:
    drawn: dict[str, NDArray[np.int16]] = {
        viseme: draw(faces[look], pose) for viseme, pose in zip(MOUTH_SHAPES, viseme_poses(), strict=True)
    }
    for viseme, opened in drawn.items():
        assert viseme == "sil" or changed(drawn["sil"], opened, MOUTH) > 0.02, viseme
    for one, other in (("TH", "DD"), ("TH", "SS"), ("DD", "SS")):
        assert changed(drawn[one], drawn[other], MOUTH) > 0.03, (one, other)


@pytest.mark.parametrize("look", LOOKS)
def test_every_control_of_a_pose_shows(faces: dict[str, LayeredFace], look: str) -> None:
    rest = Pose(jaw=0.2, teeth=0.2, upper=0.2, smile=0.2, squint=0.2)
    drawn = draw(faces[look], rest)
    for field in dataclasses.fields(Pose):
        if field.name in ("emotion", "speaking"):
            continue  # for engines with expressions of their own, and for mouths that are open in a photo
        moved = rest.plus(**{field.name: {"yaw": 4.0, "pitch": 4.0, "roll": 4.0}.get(field.name, 0.6)})
        assert changed(drawn, draw(faces[look], moved)) > 0.0005, field.name


@pytest.mark.parametrize("look", LOOKS)
def test_disgust_raises_one_side_of_the_lip_and_a_smile_both(faces: dict[str, LayeredFace], look: str) -> None:
    def lopsided(pose: Pose) -> float:
        mouth = draw(faces[look], dataclasses.replace(pose, yaw=0.0, roll=0.0))[MOUTH]
        return changed(mouth, mouth[:, ::-1])

    poses = dict(zip(EMOTIONS, emotion_poses(), strict=True))
    happy, angry, disgusted = (lopsided(poses[one]) for one in ("happy", "angry", "disgusted"))
    assert disgusted > 1.25 * happy
    assert disgusted > 1.25 * angry


@pytest.mark.parametrize("look", LOOKS)
def test_the_mouth_opens_with_the_jaw_and_stays_closed_where_the_lips_are_pressed(
    faces: dict[str, LayeredFace], look: str
) -> None:
    closed, pressed = draw(faces[look], Pose()), draw(faces[look], Pose(press=1.0))
    opened = [changed(closed, draw(faces[look], Pose(jaw=jaw)), MOUTH) for jaw in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert opened == sorted(opened)
    assert opened[-1] > 0.15
    assert changed(pressed, draw(faces[look], Pose(jaw=0.6, press=1.0)), MOUTH) < 0.75 * opened[2]


@pytest.mark.parametrize("look", LOOKS)
def test_lids_close_each_on_its_own_side(faces: dict[str, LayeredFace], look: str) -> None:
    rest = draw(faces[look], Pose())
    winked = draw(faces[look], Pose(lid_left=0.0))
    assert changed(rest, winked, LEFT_EYE) > 0.15
    assert changed(rest, winked, RIGHT_EYE) == 0.0


def test_a_turn_of_the_head_moves_the_nose_more_than_the_hair_behind(faces: dict[str, LayeredFace]) -> None:
    left, right = (draw(faces["milo"], Pose(yaw=yaw)) for yaw in (-15, 15))
    assert changed(left, right) > 0.05
    mirror = abs(left[:, ::-1] - right).mean()
    assert mirror < abs(left - right).mean()


@pytest.mark.parametrize("look", LOOKS)
def test_extreme_poses_stay_within_the_frame(faces: dict[str, LayeredFace], look: str) -> None:
    behind = faces[look].backdrop[:, :, :3].astype(np.int16)
    for pose in (Pose(yaw=25), Pose(yaw=-25), Pose(pitch=20), Pose(pitch=-20), Pose(roll=15), Pose(roll=-15)):
        pixels = draw(faces[look], pose.plus(jaw=1.2, smile=1.5, lid_left=2.0, gaze_x=3.0))
        assert np.array_equal(pixels[0], behind[0]), "the top row shows nothing but the backdrop"
        assert np.array_equal(pixels[:100, 0], behind[:100, 0])


def test_the_same_pose_gives_the_same_frame_after_any_other(faces: dict[str, LayeredFace]) -> None:
    face = faces["ada"]
    first = face.render([Pose(jaw=0.4)])[0]
    face.render([Pose(yaw=20, jaw=1.0)])
    faces["otto"].render([Pose()])
    assert np.array_equal(face.render([Pose(jaw=0.4)])[0], first)


def test_frames_are_planar_yuv_in_video_range(faces: dict[str, LayeredFace]) -> None:
    face = faces["noor"]
    (frame,) = face.render([Pose()])
    assert frame.shape == (SIZE * 3 // 2, SIZE)
    assert frame[:SIZE].min() >= 16
    assert frame[:SIZE].max() <= 235
    back = cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_I420)
    assert np.abs(back.astype(int) - face.pixels(Pose())[:, :, :3]).mean() < 3.0


def test_a_larger_frame_shows_the_same(faces: dict[str, LayeredFace]) -> None:
    large = LayeredRenderer(2 * SIZE).face("ada").pixels(Pose())[:, :, :3]
    small = cv2.resize(large, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - draw(faces["ada"], Pose())).mean() < 2.0


def test_an_unknown_look_names_the_known_ones() -> None:
    with pytest.raises(NotFound, match="ada, milo"):
        LayeredRenderer(SIZE).face("nobody")


def test_what_is_kept_from_picture_to_picture_shows_only_the_new_one() -> None:
    def picture(x: float, opacity: float, *, visible: bool) -> Nodes:
        clipped = group(ellipse(8, 8, 40, 40, "#0000ff"), clip=oval(x, 20, 4, 4), visible=visible)
        glowing = group(ellipse(0, 0, 3, 3, Linear(-3, 0, 3, 0, GREEN)), matrix=(1, 0, 0, 1, x, 28))
        return [*fill(oval(x, 6, 4, 4), "#ff0000", opacity), *group(clipped, matrix=(1, 0, 0, 1, 0, 2)), *glowing]

    def drawn(stage: Stage, nodes: Nodes) -> Pixels:
        pixels[:] = 0
        stage.draw(nodes)
        return pixels.copy()

    pixels = np.zeros((32, 32, 4), np.uint8)
    poses = [picture(6, 1.0, visible=True), picture(20, 0.5, visible=False), picture(25, 0.0, visible=True)]
    kept = Stage(pixels, IDENTITY, poses[0])
    seen = [drawn(kept, nodes) for nodes in (*poses, *reversed(poses))]
    anew = [drawn(Stage(pixels, IDENTITY, nodes), nodes) for nodes in poses]
    assert [one.tobytes() for one in seen] == [one.tobytes() for one in (*anew, *reversed(anew))]
    assert (anew[0][6, 6].tolist(), anew[0][22, 6].tolist()) == ([0, 0, 255, 255], [255, 0, 0, 255])
    assert not anew[1][:, :, 0].any()
    assert not anew[2][:, :, 2].any()
    with pytest.raises(ValueError, match="shorter"):
        kept.draw(poses[0][:1])


def test_a_broken_path_is_an_engine_error() -> None:
    nodes = fill(picture.Path(b"", [1.0, 1.0]), "#ffffff")
    with pytest.raises(EngineError, match="read a path"):
        Stage(np.zeros((16, 16, 4), np.uint8), IDENTITY, nodes).draw(nodes)


def test_colours_blend() -> None:
    assert blend("#000000", "#ff8040", 0.5) == "#804020"


def test_the_contact_sheet_shows_all_looks_or_photos(
    tmp_path: Path, drawn: Callable[..., Pixels], face_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, photos = str(tmp_path / "sheet.png"), tmp_path / "photos"
    assert main([out, "64"]) == 0
    sheet = cv2.imread(out)
    assert sheet is not None
    assert sheet.shape == (64 * 6 * len(LOOKS), 64 * 8, 3)
    photos.mkdir()
    (photos / "milo.png").write_bytes(png(drawn("milo")))
    (photos / "notes.txt").write_bytes(b"no picture")
    monkeypatch.setenv("VISAVIS_MODELS", str(face_models.parent))
    assert main([out, "64", "--rows", "visemes,turns", "--photos", str(photos)]) == 0
    sheet = cv2.imread(out)
    assert sheet is not None
    assert sheet.shape == (64 * 3, 64 * 8, 3)
    assert main([out, "--photos", str(photos / "notes.txt"), str(photos / "missing.png")]) == 1
    assert main([]) == 2
    assert main([out, "large"]) == 2
    assert main([out, "--rows", "ears"]) == 2
