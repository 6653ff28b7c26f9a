"""Photos moved by pictures of their key poses, and how those come about. The pictures are those of the plain warp, in
other colours: what is tested is how they are blended, kept and drawn, not how they look."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from bus.ids import PHOTO_LOOK, key_pictures_of
from bus.work.service import AssetOutput
from services.render.character_renderer import WarpAnimator
from services.render.key_pose_maker import BUSY, KeyPoseMaker
from services.render.photo.decoding import Pixels
from services.render.photo.key_pose_face import KeyPoseFace
from services.render.photo.key_poses import KeyPictureStore, key_poses
from services.render.photo.portrait import Portrait, PortraitStore
from services.render.photo.warp import WarpedFace
from services.render.pose import Pose
from tests.services.render.fakes import FakeReader

LOOK = PHOTO_LOOK + "5" * 32
NAMES = tuple(key_poses())


@pytest.fixture(scope="module")
def pictures(portrait: Portrait) -> Mapping[str, Pixels]:
    """As if another engine had drawn them: softer, and warmer by a tenth."""
    face = WarpedFace(portrait, 512)
    warm = np.array((1.1, 1.0, 0.9))
    return {
        name: np.clip(cv2.GaussianBlur(face.pixels(pose), (0, 0), 1.5) * warm, 0, 255).astype(np.uint8)
        for name, pose in key_poses().items()
    }


@pytest.fixture(scope="module")
def face(portrait: Portrait, pictures: Mapping[str, Pixels]) -> KeyPoseFace:
    return KeyPoseFace(portrait, pictures, 512)


def apart(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(int) - b).mean())


@pytest.mark.parametrize("name", ["rest", "viseme-aa", "viseme-PP", "viseme-ou", "closed", "gaze-left", "turned-right"])
def test_a_key_pose_shows_its_own_picture(name: str, face: KeyPoseFace, pictures: Mapping[str, Pixels]) -> None:
    shown = face.pixels(key_poses()[name])
    own = apart(shown, pictures[name])
    assert own < 1.0
    others = {other: apart(shown, pictures[other]) for other in NAMES}
    assert min(others, key=others.__getitem__) == name


def test_between_key_poses_the_face_moves_without_jumps_and_each_lid_by_itself(
    face: KeyPoseFace, portrait: Portrait
) -> None:
    way = [face.pixels(Pose(jaw=step / 20, lid_left=1 - step / 20, yaw=step / 2)) for step in range(21)]
    steps = [apart(a, b) for a, b in pairwise(way)]
    assert max(steps) < 4 * np.mean(steps)
    assert apart(way[0], way[-1]) > 3 * max(steps)

    changed = np.abs(face.pixels(Pose(lid_left=0.0)).astype(int) - face.pixels(Pose())).max(axis=2)
    _, columns = np.nonzero(changed > 8)
    assert len(columns) > 100
    assert columns.max() < portrait.face.mesh[168, 0], "the other eye stays open"


def test_the_pictures_serve_once_they_are_whole_and_are_given_up_where_they_are_damaged(
    tmp_path: Path, portrait: Portrait, pictures: Mapping[str, Pixels]
) -> None:
    store, look = KeyPictureStore(tmp_path), portrait.look
    animator = WarpAnimator(128, store)
    assert isinstance(animator.face(portrait), WarpedFace)
    for name in NAMES[:3]:
        store.add(look, name, pictures[name])
    (rest,) = tmp_path.glob("*.rest.jpg")
    rest.with_name(rest.name.replace("rest", "closed")).write_bytes(rest.read_bytes()[:1000])
    assert store.drawn(look) == set(NAMES[:3]), "a picture that was being written when the machine went down is none"
    assert store.get(look) is None
    (tmp_path / f"{look}.0123abcd.keys.npz").write_bytes(b"of an earlier version")
    source = tmp_path / f"{look}.5279bb86-251e6a94.npz"
    source.write_bytes(b"what LivePortrait computes of the portrait")
    for name in NAMES[3:]:
        store.add(look, name, pictures[name])
    store.join(look)
    assert [path.name.split(".")[-2:] for path in tmp_path.iterdir() if path != source] == [["keys", "npz"]]
    made = animator.face(portrait)
    assert isinstance(made, KeyPoseFace)
    assert made.version != WarpedFace(portrait, 128).version, "its idle loop is drawn anew"
    assert len(made.render([Pose(), Pose(jaw=0.5)])) == 2
    whole = store.read(look)
    store.put(look, whole[: len(whole) // 2])
    assert isinstance(animator.face(portrait), WarpedFace)
    assert not store.is_whole(look)

    PortraitStore(tmp_path, grace=-1.0).keep_only(set())
    assert list(tmp_path.iterdir()) == []


DRAWER = """
import sys
from pathlib import Path
import numpy as np
from services.render.photo.key_poses import KeyPictureStore, key_poses
store, look = KeyPictureStore(Path(sys.argv[2])), sys.argv[3]
print(0, len(key_poses()), flush=True)
for name in key_poses():
    store.add(look, name, np.zeros((512, 512, 3), np.uint8))
print(len(key_poses()), len(key_poses()), flush=True)
store.join(look)
"""


async def outcome(maker: KeyPoseMaker, looks: set[str], reader: FakeReader, steps: int = 1) -> list[AssetOutput | str]:
    """What comes of some steps, with time between them for the process to end."""
    found: list[AssetOutput | str] = []
    for _ in range(steps):
        found += [one async for one in maker.step(looks, reader)]
        if maker._drawing is not None:
            await asyncio.wait([maker._drawing._following])
    return found


async def test_key_poses_are_drawn_once_for_all_machines(tmp_path: Path, portrait: Portrait) -> None:
    store, reader = PortraitStore(tmp_path), FakeReader()
    maker = KeyPoseMaker(store, Path("/weights"), (sys.executable, "-c", DRAWER))
    assert await outcome(maker, {LOOK}, reader) == [], "the portrait is not on this machine yet"
    store.put(LOOK, portrait.to_bytes())
    begun = [one async for one in maker.step({LOOK}, reader)]
    assert begun == []
    assert maker.note().startswith("LivePortrait draws the key poses of a photo, ")
    asset, look = await outcome(maker, {LOOK}, reader, 2)
    assert isinstance(asset, AssetOutput)
    assert asset.data is not None
    assert (asset.name, look, maker.note()) == (key_pictures_of(LOOK), LOOK, "")
    assert await outcome(maker, {LOOK}, reader, 2) == []

    other = PortraitStore(tmp_path / "other")
    other.put(LOOK, portrait.to_bytes())
    reader.assets[asset.name] = asset.data
    elsewhere = KeyPoseMaker(other, Path("/weights"), ("/bin/false",))
    assert await outcome(elsewhere, {LOOK}, reader, 2) == [LOOK]
    assert KeyPictureStore(tmp_path / "other").get(LOOK) is not None


async def test_a_process_that_fails_is_told_of_and_not_begun_again_and_one_whose_photo_goes_is_ended(
    tmp_path: Path, portrait: Portrait, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    store = PortraitStore(tmp_path)
    store.put(LOOK, portrait.to_bytes())
    fails = KeyPoseMaker(store, Path("/weights"), (sys.executable, "-c", "import sys; sys.exit('no weights')"))
    assert await outcome(fails, {LOOK}, FakeReader(), 80) == []
    assert [one.__dict__["why"] for one in caplog.records if "not drawn" in one.message] == ["no weights"]
    busy = KeyPoseMaker(store, Path("/weights"), (sys.executable, "-c", f"import sys; sys.exit({BUSY})"))
    await outcome(busy, {LOOK}, FakeReader(), 2)
    assert busy._drawing is None
    await outcome(busy, {LOOK}, FakeReader(), 70)
    assert len([one for one in caplog.records if one.message == "key poses are drawn"]) == 3, "it is tried again"

    hangs = KeyPoseMaker(store, Path("/weights"), (sys.executable, "-c", "import time; time.sleep(600)"))
    assert [one async for one in hangs.step({LOOK}, FakeReader())] == []
    drawing = hangs._drawing
    assert drawing is not None
    assert [one async for one in hangs.step(set(), FakeReader())] == []
    assert (drawing.status, hangs.note()) == (-9, "")
