"""LivePortrait for the benchmark: its networks with published or made-up weights, and the time of each of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

import torch
from torch.utils.flop_counter import FlopCounterMode

from services.models.catalogue import LIVEPORTRAIT
from services.models.verification import missing_files
from services.render.engine import AnimatedFace
from services.render.liveportrait import weights
from services.render.liveportrait.controls import controls_for_pose
from services.render.liveportrait.generator import SpadeGenerator
from services.render.liveportrait.layers import fold
from services.render.liveportrait.loading import Compiling, warm_up
from services.render.liveportrait.renderer import MAX_BATCH, LivePortraitFace, to_yuv420
from services.render.liveportrait.source import compute_source
from services.render.liveportrait.warping import WarpingModule
from services.render.liveportrait.weights import Networks
from services.render.photo.portrait import Portrait
from services.render.pose import Pose
from tests.golden import recipe

_MADE_UP = {
    "appearance": "appearance_feature_extractor", "motion": "motion_extractor", "warping": "warping_module",
    "generator": "spade_generator", "stitching": "stitching", "lip": "lip", "eye": "eye",
}


@cache
def networks(folder: Path, precision: str, compiling: str, device: torch.device) -> Networks:
    dtype = getattr(torch, precision)
    if missing_files(LIVEPORTRAIT.files, folder):
        made = {field: recipe.state_dict(name) for field, name in _MADE_UP.items()}
        loaded = weights.assemble(made, device=device, dtype=dtype)
    else:
        loaded = weights.load(folder, device=device, dtype=dtype)
    warm_up(loaded, cast(Compiling, compiling))
    return loaded


def face_maker(
    portrait: Portrait, size: int, folder: Path, precision: str, compiling: str, device: torch.device
) -> Callable[[], AnimatedFace]:
    """Makes faces of one portrait that share the networks."""
    networks.cache_clear()  # one set of networks in memory at a time
    loaded = networks(folder, precision, compiling, device)
    source = compute_source(portrait, loaded)
    return lambda: LivePortraitFace(portrait, source, loaded, size)


def flops() -> float:
    """TFLOP that a frame takes as it is computed here; counted on shapes alone."""
    with torch.device("meta"):
        warping, generator = WarpingModule().eval(), SpadeGenerator().eval()
        fold(warping)
        fold(generator)
        features, points = torch.empty(1, 32, 16, 64, 64), torch.empty(1, 21, 3)
        compressed = torch.empty(1, 4, 16, 64, 64)
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        generator(warping(features, points, points, compressed))
    return float(counter.get_total_flops()) / 1e12


@torch.inference_mode()
def network_stages(face: Any, frames: int) -> str:
    """Milliseconds a frame of each part of drawing, in batches as large as they get."""
    assert isinstance(face, LivePortraitFace)
    batch = min(MAX_BATCH, frames)
    loaded, wanted = face._networks, [controls_for_pose(Pose(jaw=0.4, yaw=3.0))] * batch
    rounds = frames // batch
    spent: dict[str, float] = {}

    def timed(name: str, work: Callable[[], torch.Tensor]) -> torch.Tensor:
        began = time.perf_counter()
        result = work()
        if loaded.device.type == "cuda":
            torch.cuda.synchronize()
        spent[name] = spent.get(name, 0.0) + time.perf_counter() - began
        return result.clone()

    for _ in range(rounds):
        driving = timed("key points", lambda: face.driving_keypoints(wanted))
        source = face._at_rest.expand_as(driving)
        moved = timed(
            "warping",
            lambda driving=driving, source=source: loaded.warping(face._features, driving, source, face._compressed),  # type: ignore[misc]
        )
        image = timed("generator", lambda moved=moved: loaded.generator(moved))  # type: ignore[misc]
        timed("colours and copy", lambda image=image: to_yuv420(image).cpu())  # type: ignore[misc]
    return ", ".join(f"{name} {1000 * seconds / (rounds * batch):.2f}" for name, seconds in spent.items())
