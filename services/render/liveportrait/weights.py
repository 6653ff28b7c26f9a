"""Loads the published weights of LivePortrait, which `services.models` fetches and knows by their hash."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from bus.errors import ConfigurationError
from services.models.catalogue import LIVEPORTRAIT
from services.models.files import ModelFile
from services.models.verification import verify
from services.render.liveportrait.appearance import AppearanceExtractor
from services.render.liveportrait.generator import SpadeGenerator
from services.render.liveportrait.layers import fold, set_channels_last
from services.render.liveportrait.motion_extractor import MotionExtractor
from services.render.liveportrait.retargeting import EYE, LIP, STITCHING, Mlp
from services.render.liveportrait.warping import WarpingModule


@dataclass(frozen=True)
class Checkpoints:
    """The files of the weights."""

    appearance: ModelFile
    motion: ModelFile
    warping: ModelFile
    generator: ModelFile
    retargeting: ModelFile
    """The three small networks."""


_FILES = {file.name: file for file in LIVEPORTRAIT.files}
PUBLISHED = Checkpoints(
    appearance=_FILES["appearance_feature_extractor.pth"],
    motion=_FILES["motion_extractor.pth"],
    warping=_FILES["warping_module.pth"],
    generator=_FILES["spade_generator.pth"],
    retargeting=_FILES["stitching_retargeting_module.pth"],
)
_RETARGETING_KEYS = {"stitching": "retarget_shoulder", "lip": "retarget_mouth", "eye": "retarget_eye"}
"""Key of each small network in its checkpoint."""
_SMALL = frozenset(_RETARGETING_KEYS)


@dataclass(frozen=True)
class Networks:
    """LivePortrait's networks, folded and ready to run."""

    appearance: AppearanceExtractor
    motion: MotionExtractor
    warping: WarpingModule
    """This and the generator run for every frame, in the chosen precision; all others in float32."""
    generator: SpadeGenerator
    stitching: Mlp
    """This, `lip` and `eye` run on the processor: they are smaller than the way to a card and back."""
    lip: Mlp
    eye: Mlp
    device: torch.device
    dtype: torch.dtype

    def compressed(self, features: Tensor) -> Tensor:
        """What all frames of a portrait share, computed from its features."""
        return self.warping.dense_motion_network.compressed(features.to(self.dtype))


def load(
    folder: Path, *, device: torch.device, dtype: torch.dtype, checkpoints: Checkpoints = PUBLISHED
) -> Networks:
    """Load the weights.

    Raises:
        ConfigurationError: a file is missing, damaged, or not what the networks need.
    """
    small = _read(checkpoints.retargeting, folder)
    return assemble(
        {
            "appearance": _read(checkpoints.appearance, folder),
            "motion": _read(checkpoints.motion, folder),
            "warping": _read(checkpoints.warping, folder),
            "generator": _read(checkpoints.generator, folder),
            **{name: _retargeting_weights(small, key) for name, key in _RETARGETING_KEYS.items()},
        },
        device=device,
        dtype=dtype,
    )


def assemble(weights: Mapping[str, Mapping[str, Tensor]], *, device: torch.device, dtype: torch.dtype) -> Networks:
    """The networks with these weights, by field of `Networks`.

    Raises:
        ConfigurationError: keys or shapes do not fit.
    """
    with torch.device("meta"):  # no memory and no time for values that are replaced at once
        networks = Networks(
            AppearanceExtractor(), MotionExtractor(), WarpingModule(), SpadeGenerator(), Mlp(STITCHING), Mlp(LIP),
            Mlp(EYE), device, dtype,
        )
    for name, state in weights.items():
        network = getattr(networks, name)
        _load_weights(network, state, name)
        if name in _SMALL:
            continue
        network.to(device=device, dtype=dtype if name in ("warping", "generator") else torch.float32)
        if device.type == "cuda":  # on a processor torch's own layout is the faster one
            set_channels_last(network)
    return networks


def _load_weights(network: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    try:
        network.load_state_dict(dict(state), strict=True, assign=True)
    except RuntimeError as error:
        raise ConfigurationError(f"the weights of {name} do not fit the network: {error}") from error
    network.eval().requires_grad_(False)
    fold(network)


def _read(file: ModelFile, folder: Path) -> dict[str, Tensor]:
    path = verify(file, folder)
    try:
        state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ConfigurationError(f"{path} is no checkpoint: {error}") from error
    return state


def _retargeting_weights(state: Mapping[str, object], key: str) -> dict[str, Tensor]:
    """The weights of one small network, without the prefix that data-parallel training added to their keys."""
    found = state.get(key)
    if not isinstance(found, Mapping):
        raise ConfigurationError(f"{PUBLISHED.retargeting.name} has no part {key}")
    return {str(name).replace("module.", ""): value for name, value in found.items()}
