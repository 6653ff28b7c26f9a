"""Draws the key poses of one portrait without a graphics card: `python -m …key_pose_process WEIGHTS PORTRAITS LOOK`.

A process of its own, of the lowest priority: it takes minutes and some gigabytes, and gives them back. It goes on where
an earlier one ended, and ends with whoever started it. It prints how many pictures are there, and how many there will
be.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from bus.errors import VisavisError
from services.render.liveportrait import weights
from services.render.liveportrait.batching import BatchedDrawing
from services.render.liveportrait.loading import dtype_for
from services.render.liveportrait.renderer import LivePortraitAnimator
from services.render.liveportrait.weights import Networks
from services.render.photo.crop import SIDE
from services.render.photo.decoding import Pixels
from services.render.photo.key_poses import KeyPictureStore, key_poses
from services.render.photo.portrait import PortraitStore

BUSY = 75
"""Exit status where another process on this machine draws."""
_LOCK = ".key-poses.lock"


def draw_missing(networks: Networks, folder: Path, look: str) -> Iterator[tuple[int, int]]:
    """Draw those pictures that are missing; gives how many there are, and of how many, before the first and after each.

    Raises:
        NotFound: there is no such portrait.
        ConfigurationError: the folder cannot be written.
    """
    store = KeyPictureStore(folder)
    poses = key_poses()
    if store.is_whole(look):
        yield len(poses), len(poses)
        return
    missing = [name for name in poses if name not in store.drawn(look)]
    yield len(poses) - len(missing), len(poses)
    if missing:
        face = LivePortraitAnimator(BatchedDrawing(networks, SIDE), folder).face(PortraitStore(folder).get(look))
        for number, name in enumerate(missing, start=1):
            (frame,) = face.render([poses[name]])
            store.add(look, name, _from_yuv420(np.ascontiguousarray(frame)))
            yield len(poses) - len(missing) + number, len(poses)
    store.join(look)


def _from_yuv420(frame: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420), np.uint8)


def main(arguments: list[str]) -> int:
    parent = os.getppid()
    os.nice(19)
    Path("/proc/self/oom_score_adj").write_text("1000")  # where memory ends, this is what can be spared
    folder, look = Path(arguments[1]), arguments[2]
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return BUSY
        try:
            cpu = torch.device("cpu")
            networks = weights.load(Path(arguments[0]), device=cpu, dtype=dtype_for("auto", cpu))
            for done, total in draw_missing(networks, folder, look):
                print(done, total, flush=True)
                if os.getppid() != parent:
                    return 1
        except VisavisError as error:
            print(error.detail, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
