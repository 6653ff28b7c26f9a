"""Networks with the recipe's weights, and comparison of their outputs with the golden numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from services.render.liveportrait.appearance import AppearanceExtractor
from services.render.liveportrait.generator import SpadeGenerator
from services.render.liveportrait.layers import fold, set_channels_last
from services.render.liveportrait.motion_extractor import MotionExtractor
from services.render.liveportrait.retargeting import EYE, LIP, STITCHING, Mlp
from services.render.liveportrait.warping import WarpingModule
from tests.golden import recipe

NETWORKS: Mapping[str, Callable[[], nn.Module]] = {
    "appearance_feature_extractor": AppearanceExtractor,
    "motion_extractor": MotionExtractor,
    "warping_module": WarpingModule,
    "spade_generator": SpadeGenerator,
    "stitching": lambda: Mlp(STITCHING),
    "lip": lambda: Mlp(LIP),
    "eye": lambda: Mlp(EYE),
}
TIMES = 10.0
"""Tolerance of a number, in multiples of the reference's own rounding error."""
HALF_LIMITS: Mapping[torch.dtype, Mapping[str, float]] = {
    torch.float16: {"warping_module": 0.004, "spade_generator": 0.125 / 255},
    torch.bfloat16: {"warping_module": 0.03, "spade_generator": 0.5 / 255},
}
"""How far the shorter formats may be from the golden numbers, on average over a network's output: the warped features,
whose mean size is 0.44, and the frame, an eighth of a grey level and half a one."""


@cache
def weights(name: str) -> Mapping[str, Tensor]:
    """The recipe's weights of a network, made once."""
    return recipe.state_dict(name)


def network(name: str) -> Any:
    """A new network with the recipe's weights, loaded strictly."""
    with torch.device("meta"):
        made = NETWORKS[name]()
    made.load_state_dict({key: value.clone() for key, value in weights(name).items()}, strict=True, assign=True)
    return made.eval().requires_grad_(False)


def inputs(name: str, *shape: int) -> Tensor:
    """One of the inputs that the recipe computes by a formula."""
    return torch.from_numpy(recipe.stream(f"input/{name}", int(np.prod(shape))).astype(np.float32).reshape(shape))


def output(name: str, device: torch.device, dtype: torch.dtype, side: int = 64) -> tuple[str, Tensor]:
    """The golden name and the value of what a network makes of its golden input, folded as it is used.

    Args:
        side: cells on a side of the input of those that run for every frame; fewer than 64: only its middle.
    """
    made = network(name)
    fold(made)
    made.to(device=device, dtype=dtype)
    if device.type == "cuda":
        set_channels_last(made)
    first = (64 - side) // 2
    middle = (..., slice(first, first + side), slice(first, first + side))
    with torch.inference_mode():
        if name == "appearance_feature_extractor":
            return "out", made(portrait(recipe.read("F")).to(device, dtype))
        if name == "motion_extractor":
            return "head.kp", made(portrait(recipe.read("M")).to(device, dtype)).canonical_keypoints.flatten(1)
        if name == "warping_module":
            stored = recipe.read("W")
            source, driving = (torch.from_numpy(stored[f"kp_{one}"]).to(device) for one in ("source", "driving"))
            return "out", made(1.5 * inputs("feature_3d", 1, 32, 16, 64, 64)[middle].to(device), driving, source)
        if name == "spade_generator":
            return "out", made(inputs("generator_feature", 1, 256, 64, 64)[middle].to(device, dtype))
        return name, made(torch.from_numpy(recipe.read("S")[f"{name}|in"]).to(device, dtype))


def portrait(golden: Mapping[str, NDArray[Any]]) -> Tensor:
    """The stored image as input of a network."""
    return torch.from_numpy(golden["image_u8"]).permute(2, 0, 1)[None].float() / 255.0


def assert_golden(golden: Mapping[str, NDArray[Any]], name: str, value: Tensor) -> None:
    """Assert that a tensor has the golden shape, numbers and statistics."""
    assert value.shape == tuple(golden[f"{name}|shape"]), name
    flat = value.double().numpy().ravel()
    limit = TIMES * float(golden[f"{name}|maxerr"][0])
    if f"{name}|idx" in golden:
        flat_part, expected = flat[golden[f"{name}|idx"]], golden[f"{name}|val"]
    else:
        flat_part, expected = flat, golden[f"{name}|full"].ravel()
    off = float(np.abs(flat_part - expected).max())
    assert off <= limit, f"{name}: off by {off:.3g}, allowed {limit:.3g}"
    mean, deviation, low, high, mean_size = golden[f"{name}|stats"][:5]
    found = (flat.mean(), flat.std(), flat.min(), flat.max(), np.abs(flat).mean())
    np.testing.assert_allclose(found, (mean, deviation, low, high, mean_size), atol=limit, rtol=0, err_msg=name)


@contextmanager
def watched(network: nn.Module, names: list[str]) -> Iterator[dict[str, Tensor]]:
    """Outputs of those submodules of a network while the block runs, by name."""
    seen: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def note(module: nn.Module, arguments: object, output: Tensor) -> None:
            seen[name] = output

        return note

    handles = [network.get_submodule(name).register_forward_hook(watch(name)) for name in names]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
