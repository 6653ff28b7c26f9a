"""The published weights of LivePortrait: the list of their files, downloading, and loading.

`python -m services.render.liveportrait.weights [FOLDER]` downloads them, 522 MB.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from bus.errors import ConfigurationError, VisavisError
from services import downloads
from services.downloads import ModelFile
from services.render.liveportrait.appearance import AppearanceExtractor
from services.render.liveportrait.generator import SpadeGenerator
from services.render.liveportrait.layers import fold
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

    @property
    def files(self) -> tuple[ModelFile, ...]:
        return self.appearance, self.motion, self.warping, self.generator, self.retargeting


ADDRESS = "https://huggingface.co/KwaiVGI/LivePortrait/resolve/82a4fa6735ca58432b6ce39301b4b9ee066dea47"
"""The authors' publication of the weights, at one revision; their model card says MIT."""
PUBLISHED = Checkpoints(
    appearance=ModelFile(
        "liveportrait/base_models/appearance_feature_extractor.pth",
        3_387_959, "5279bb8654293dbdf327030b397f107237dd9212fb11dd75b83dfb635211ceb5",
    ),
    motion=ModelFile(
        "liveportrait/base_models/motion_extractor.pth",
        112_545_506, "251e6a94ad667a1d0c69526d292677165110ef7f0cf0f6d199f0e414e8aa0ca5",
    ),
    generator=ModelFile(
        "liveportrait/base_models/spade_generator.pth",
        221_813_590, "4780afc7909a9f84e24c01d73b31a555ef651521a1fe3b2429bd04534d992aee",
    ),
    warping=ModelFile(
        "liveportrait/base_models/warping_module.pth",
        182_180_086, "2f61a6f265fe344f14132364859a78bdbbc2068577170693da57fb96d636e282",
    ),
    retargeting=ModelFile(
        "liveportrait/retargeting_models/stitching_retargeting_module.pth",
        2_393_098, "3652d5a3f95099141a56986aaddec92fadf0a73c87a20fac9a2c07c32b28b611",
    ),
)
_RETARGETING_KEYS = {"stitching": "retarget_shoulder", "lip": "retarget_mouth", "eye": "retarget_eye"}
"""Key of each small network in its checkpoint."""


@dataclass(frozen=True)
class Networks:
    """LivePortrait's networks, folded and ready to run on one device."""

    appearance: AppearanceExtractor
    motion: MotionExtractor
    warping: WarpingModule
    """This and the generator run for every frame, in the chosen precision; all others in float32."""
    generator: SpadeGenerator
    stitching: Mlp
    lip: Mlp
    eye: Mlp
    device: torch.device
    dtype: torch.dtype


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
        network.to(device=device, dtype=dtype if name in ("warping", "generator") else torch.float32)
    return networks


def _load_weights(network: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    try:
        network.load_state_dict(dict(state), strict=True, assign=True)
    except RuntimeError as error:
        raise ConfigurationError(f"the weights of {name} do not fit the network: {error}") from error
    network.eval().requires_grad_(False)
    fold(network)


def _read(file: ModelFile, folder: Path) -> dict[str, Tensor]:
    path = downloads.verify(file, folder)
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


def main(arguments: list[str], address: str = ADDRESS) -> int:
    folder = Path(arguments[0] if arguments else "data/models")
    try:
        downloads.fetch(PUBLISHED.files, folder, address, downloads.print_progress)
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 1
    print(f"— complete: {folder}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
