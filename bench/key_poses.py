"""What key poses of a photo cost: drawn once by LivePortrait on the processor, then blended for every frame.

`python -m bench.key_poses` draws those of a drawn face, with random weights where the published ones are missing, in
this process; the service does the same in one of the lowest priority. `--poses 3`: only so many. The frames are of
pictures that the plain warp made, so `--poses` changes nothing about them.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import torch

from bench.liveportrait import networks
from bench.machine import machine, table
from bench.render import portrait, poses, weights_note
from services.render.engine import AnimatedFace
from services.render.liveportrait.key_pose_process import draw_missing
from services.render.liveportrait.loading import dtype_for
from services.render.photo.key_pose_face import KeyPoseFace
from services.render.photo.key_poses import key_poses
from services.render.photo.portrait import Portrait, PortraitStore
from services.render.photo.warp import WarpedFace


def drawing(made: Portrait, models: Path, count: int) -> list[str]:
    """The row of the pictures: how long each takes."""
    cpu = torch.device("cpu")
    dtype = dtype_for("auto", cpu)
    loaded = networks(models, str(dtype).removeprefix("torch."), cpu)
    with tempfile.TemporaryDirectory() as folder:
        PortraitStore(Path(folder)).put(made.look, made.to_bytes())
        times = [(time.perf_counter(), time.process_time())]
        for _ in islice(draw_missing(loaded, Path(folder), made.look), count + 1):
            times.append((time.perf_counter(), time.process_time()))
        wall, spent = (np.array([b[of] - a[of] for a, b in pairwise(times[1:])]) for of in (0, 1))
        size = sum(path.stat().st_size for path in Path(folder).glob("*.jpg")) / max(len(wall), 1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    return [
        str(dtype).removeprefix("torch."), f"{np.median(wall):.2f}", f"{np.median(spent):.2f}",
        f"{np.median(wall) * len(key_poses()):.0f}", f"{memory:.1f}", f"{size * len(key_poses()) / 1e6:.1f}",
    ]  # fmt: skip


def frames(name: str, make: Callable[[], AnimatedFace], count: int) -> list[str]:
    """The row of one way to draw frames."""
    wanted = poses(count)
    began = time.process_time()
    face = make()
    ready = time.process_time() - began
    face.render(wanted[:5])
    began = time.process_time()
    for pose in wanted:
        face.render([pose])
    return [name, f"{1000 * (time.process_time() - began) / count:.2f}", f"{1000 * ready:.0f}"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.key_poses", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("data/models"))
    parser.add_argument("--poses", type=int, default=len(key_poses()))
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--size", type=int, default=512)
    parsed = parser.parse_args(arguments)
    print(f"Machine: {machine()}; LivePortrait with {weights_note(parsed.models)}; {len(key_poses())} key poses\n")
    made = portrait(parsed.models)
    if parsed.poses:
        head = ["format", "s a picture", "processor, s", "s for all", "peak memory, GiB", "MB stored"]
        print(table(head, [drawing(made, parsed.models, parsed.poses)]), flush=True)
        print()
    cv2.setNumThreads(1)
    own = WarpedFace(made, 512)
    pictures = {name: own.pixels(pose) for name, pose in key_poses().items()}
    rows = [
        frames("plain warp", lambda: WarpedFace(made, parsed.size), parsed.frames),
        frames("key poses", lambda: KeyPoseFace(made, pictures, parsed.size), parsed.frames),
    ]
    print(table(["photo by", "processor, ms a frame", "face ready, ms of the processor"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
