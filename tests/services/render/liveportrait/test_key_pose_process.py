"""Key poses drawn by small networks with random weights, as the process does that draws them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from services.render.liveportrait import key_pose_process
from services.render.liveportrait.key_pose_process import draw_missing
from services.render.liveportrait.weights import Networks
from services.render.photo import key_poses
from services.render.photo.key_poses import KeyPictureStore
from services.render.photo.portrait import Portrait, PortraitStore

pytestmark = pytest.mark.usefixtures("one_thread")


def test_pictures_are_drawn_one_by_one_and_gone_on_with_after_an_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, networks: Networks, portrait: Portrait
) -> None:
    some = dict(islice(key_poses.key_poses().items(), 6))
    for module in (key_poses, key_pose_process):
        monkeypatch.setattr(module, "key_poses", lambda: some)
    PortraitStore(tmp_path).put(portrait.look, portrait.to_bytes())
    store, count = KeyPictureStore(tmp_path), 6
    assert list(islice(draw_missing(networks, tmp_path, portrait.look), 4)) == [(done, count) for done in range(4)]
    assert len(store.drawn(portrait.look)) == 3
    runs: list[int] = []
    hook = networks.generator.register_forward_hook(lambda module, inputs, images: runs.append(len(images)))
    assert [done for done, _ in draw_missing(networks, tmp_path, portrait.look)] == list(range(3, count + 1))
    assert runs == [1] * (count - 3)
    assert list(draw_missing(networks, tmp_path, portrait.look)) == [(count, count)]
    hook.remove()
    pictures = store.get(portrait.look)
    assert pictures is not None
    assert all(np.std(one) > 0 for one in pictures.values())
    assert not np.array_equal(pictures["rest"], pictures["viseme-FF"])
