"""LivePortrait for the benchmark: its networks with published or made-up weights, and the time of each of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import torch
from torch.utils.flop_counter import FlopCounterMode

from services.models.catalogue import LIVEPORTRAIT
from services.models.verification import missing_files
from services.render.engine import AnimatedFace
from services.render.liveportrait import weights
from services.render.liveportrait.batching import BatchedDrawing
from services.render.liveportrait.controls import controls_for_pose
from services.render.liveportrait.drawing import Compiling, resized, to_yuv420
from services.render.liveportrait.generator import SpadeGenerator
from services.render.liveportrait.layers import fold
from services.render.liveportrait.renderer import MAX_BATCH, LivePortraitFace
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
def networks(folder: Path, precision: str, device: torch.device) -> Networks:
    dtype = getattr(torch, precision)
    if missing_files(LIVEPORTRAIT.files, folder):
        made = {field: recipe.state_dict(name) for field, name in _MADE_UP.items()}
        return weights.assemble(made, device=device, dtype=dtype)
    return weights.load(folder, device=device, dtype=dtype)


@cache
def small(precision: str) -> Networks:
    """Narrow networks on the processor, which prove the way of a frame and nothing about its time."""
    from tests.services.render.liveportrait.small import small_networks

    made, dtype = small_networks(), getattr(torch, precision)
    for network in (made.warping, made.generator):
        fold(network)
        network.to(dtype)
    return Networks(**{**vars(made), "dtype": dtype})


def drawing_of(loaded: Networks, size: int, compiling: str) -> BatchedDrawing:
    """What draws, warmed up as in the service where there is a card; on a processor compiled by nothing that takes
    minutes."""
    torch._dynamo.reset()
    on_card = loaded.device.type == "cuda"
    drawing = BatchedDrawing(loaded, size, cast(Compiling, compiling), "inductor" if on_card else "eager")
    if on_card or compiling != "off":
        drawing.warm_up()
    return drawing


def face_maker(portrait: Portrait, drawing: BatchedDrawing) -> Callable[[], AnimatedFace]:
    """Makes faces of one portrait that share the networks."""
    source = drawing.run(partial(compute_source, portrait, drawing.networks))
    return lambda: LivePortraitFace(portrait, source, drawing)


def compilations() -> int:
    """How often torch has compiled anything since the last drawing was made."""
    return int(torch._dynamo.utils.counters["stats"]["unique_graphs"])


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


def network_stages(face: Any, frames: int) -> str:
    """Milliseconds a frame of each part of drawing, in batches as large as they get; the networks not compiled."""
    assert isinstance(face, LivePortraitFace)
    return face._drawing.run(partial(_network_stages, face, frames))


def _network_stages(face: LivePortraitFace, frames: int) -> str:
    batch = min(MAX_BATCH, frames)
    loaded, wanted = face._drawing.networks, [controls_for_pose(Pose(jaw=0.4, yaw=3.0))] * batch
    rounds = frames // batch
    spent: dict[str, float] = {}
    features, compressed = (
        one.expand(batch, -1, -1, -1, -1).clone() for one in (face._features, face._compressed)
    )

    def timed(name: str, work: Callable[[], torch.Tensor]) -> torch.Tensor:
        began = time.perf_counter()
        result = work()
        if loaded.device.type == "cuda":
            torch.cuda.synchronize()
        spent[name] = spent.get(name, 0.0) + time.perf_counter() - began
        return result

    for number in range(rounds + 1):
        if number == 1:  # the first round is not counted
            spent.clear()
        driving = timed("key points", lambda: face.driving_keypoints(wanted))
        points = timed("to the device", lambda driving=driving: driving.to(loaded.device))  # type: ignore[misc]
        source = face._at_rest.expand_as(driving).to(loaded.device)
        moved = timed(
            "warping", lambda points=points, source=source: loaded.warping(features, points, source, compressed)  # type: ignore[misc]
        )
        image = timed("generator", lambda moved=moved: loaded.generator(moved))  # type: ignore[misc]
        planes = timed("colours", lambda image=image: to_yuv420(resized(image, face._drawing.size)))  # type: ignore[misc]
        timed("to the host", lambda planes=planes: planes.cpu())  # type: ignore[misc]
    return ", ".join(f"{name} {1000 * seconds / (rounds * batch):.2f}" for name, seconds in spent.items())
