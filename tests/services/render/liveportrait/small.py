"""Small networks with random weights: they test the use of the networks, not their quality."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from services.render.liveportrait.appearance import AppearanceExtractor, AppearanceSizes
from services.render.liveportrait.generator import GeneratorSizes, SpadeGenerator
from services.render.liveportrait.warping import WarpingModule, WarpingSizes
from services.render.liveportrait.weights import Networks
from tests.services.render.liveportrait.golden import network

SIZE = 128


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def randomized(made: nn.Module) -> nn.Module:
    """A network with random weights of a scale that keeps signals from vanishing."""
    for number, (name, value) in enumerate(made.state_dict().items()):
        if value.is_floating_point():
            fan = max(1, value[0].numel()) if value.dim() > 1 else 100
            drawn = noise(*value.shape, seed=number) / fan**0.5
            value.copy_(drawn.abs() + 0.5 if name.endswith(("running_var", "norm.weight")) else drawn)
    return made.eval().requires_grad_(False)


def small_networks() -> Networks:
    """The real networks where they are cheap, narrow ones for the rest; frames of 128 x 128."""
    appearance = AppearanceExtractor(AppearanceSizes(width=2, downsamplings=4, channels=4, depth=4, blocks=1))
    warping = WarpingModule(
        WarpingSizes(channels=4, depth=4, compressed=1, narrow=8, widest=16, downsamplings=2, outputs=16)
    )
    generator = SpadeGenerator(GeneratorSizes(label=16, width=16, hidden=8, outputs=8, blocks=2))
    for made in (appearance, warping, generator):
        randomized(made)
    return Networks(
        appearance, network("motion_extractor"), warping, generator, network("stitching"), network("lip"),
        network("eye"), torch.device("cpu"), torch.float32,
    )
