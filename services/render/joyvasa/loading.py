"""Loads JoyVASA's published files, and makes expressions of a sound with them."""

from __future__ import annotations

import argparse
import pickle
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bus.errors import ConfigurationError
from services.audio import Samples
from services.gpu_faults import first_line, gpu_faults
from services.render.engine import Expressions
from services.render.joyvasa.network import MotionGenerator, Sizes

GENERATOR, TEMPLATE = "motion_generator_hubert_chinese.pt", "motion_template.pkl"
"""The published files, anywhere below the folder."""
_KEYPOINTS = 21
_GUIDANCE = 2.8
"""As its authors run it."""
_SMOOTHING = np.array([0.25, 0.5, 0.25], np.float32)
_NOT_NEEDED = (
    "denoising_net.TE.", "denoising_net.PE.", "denoising_net.alignment_mask", "diffusion_sched.",
    "audio_encoder.masked_spec_embed",
)  # fmt: skip
"""What is computed anew, or serves training only."""


class JoyVasa:
    """Expressions by JoyVASA. Thread-safe: it holds nothing of a speech."""

    def __init__(self, generator: MotionGenerator, mean: NDArray[np.float32], spread: NDArray[np.float32]) -> None:
        self._generator = generator
        self._mean, self._spread = mean, spread
        self.version = f"joyvasa-{blake2b(mean.tobytes() + spread.tobytes(), digest_size=4).hexdigest()}"

    @torch.inference_mode()
    def expressions(self, sound: Samples, seed: int) -> Expressions:
        """See `services.render.engine.ExpressionNetwork`."""
        sizes, device = self._generator.sizes, self._generator.null_audio_feat.device
        noise = torch.Generator().manual_seed(seed % (1 << 63))
        frames = -(-len(sound) * sizes.fps // 16_000)
        windows = max(1, -(-frames // sizes.window))
        padded = np.zeros(windows * sizes.samples, np.float32)
        padded[: len(sound)] = sound.astype(np.float32) / 32768.0
        before: tuple[Tensor, Tensor] | None = None
        made: list[Tensor] = []
        with gpu_faults("make motion of a sound"):
            for part in torch.from_numpy(padded).reshape(windows, 1, -1):
                before = self._generator.window(part.to(device), before, noise, _GUIDANCE)
                made.append(before[0][0, :, : 3 * _KEYPOINTS])
            motion = torch.cat(made)[:frames].float().cpu().numpy()
        around = np.pad(motion, ((1, 1), (0, 0)), "edge")
        smooth = sum(share * around[place : place + frames] for place, share in enumerate(_SMOOTHING))
        points = (smooth * self._spread + self._mean).reshape(-1, _KEYPOINTS, 3)
        # A speech begins at rest, so the first frame is the face to which offsets are added.
        return np.asarray(points - points[:1], np.float32)


def load(folder: Path, device: torch.device) -> JoyVasa:
    """The network in a folder of the published files.

    Raises:
        ConfigurationError: a file is missing, damaged, or another one; the detail says which.
        GpuFault: the GPU has no memory left for them, or fails.
    """
    mean, spread = _template(_find(folder, TEMPLATE))
    generator = _generator(_find(folder, GENERATOR))
    with gpu_faults("load JoyVASA"):
        return JoyVasa(generator.to(device), mean, spread)


def _find(folder: Path, name: str) -> Path:
    found = sorted(folder.rglob(name)) if folder.is_dir() else []
    if not found:
        raise ConfigurationError(f"VISAVIS_RENDER_EXPRESSIONS: there is no {name} in {folder}")
    return found[0]


def _generator(file: Path) -> MotionGenerator:
    try:
        # Tensors and the options of the training, and nothing that a pickle could run.
        with torch.serialization.safe_globals([argparse.Namespace]):
            stored: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        weights: dict[str, Tensor] = stored["model"]
        sizes = _sizes(weights, vars(stored["args"]))
        kept = {name: one for name, one in weights.items() if not name.startswith(_NOT_NEEDED)}
        generator = MotionGenerator(sizes)
        generator.load_state_dict(kept)
    except Exception as error:
        raise ConfigurationError(f"{file} is not JoyVASA's motion generator: {first_line(error)}") from error
    return generator.eval()


def _sizes(weights: dict[str, Tensor], options: dict[str, Any]) -> Sizes:
    """Sizes by the shapes of the weights; what no shape tells, by the options."""
    if (target := options.get("target") or "sample") != "sample":
        raise ValueError(f"it predicts {target}, not the sample")
    start = weights["start_motion_feat"]
    inner = weights["audio_encoder.encoder.layers.0.feed_forward.intermediate_dense.weight"]

    def layers(prefix: str) -> int:
        return len({name[len(prefix) :].split(".")[0] for name in weights if name.startswith(prefix)})

    return Sizes(
        features=weights["start_audio_feat"].shape[2],
        motion=start.shape[2],
        window=int(options["n_motions"]),
        before=start.shape[1],
        layers=layers("denoising_net.transformer.layers."),
        steps=int(options["n_diff_steps"]),
        fps=int(options.get("fps") or 25),
        sound=inner.shape[1],
        sound_layers=layers("audio_encoder.encoder.layers."),
        sound_inner=inner.shape[0],
        learned_positions="denoising_net.PE" in weights,
        has_indicator=weights["denoising_net.feature_proj.weight"].shape[1] > start.shape[2],
    )


class _NumbersOnly(pickle.Unpickler):
    """Reads a pickle of NumPy arrays, and refuses whatever else it names."""

    _ALLOWED: ClassVar = frozenset({"_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"})

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "numpy" and name in self._ALLOWED:
            return super().find_class(module, name)
        if (module, name) == ("_codecs", "encode"):  # bytes in protocols before 3
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a motion template")


def _template(file: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of the expression, [63] each."""

    def numbers(opened: BinaryIO) -> list[NDArray[np.float32]]:
        stored = _NumbersOnly(opened).load()
        return [np.asarray(stored[name], np.float32).reshape(3 * _KEYPOINTS) for name in ("mean_exp", "std_exp")]

    try:
        with file.open("rb") as opened:
            mean, spread = numbers(opened)
    except Exception as error:
        raise ConfigurationError(f"{file} is not JoyVASA's motion template: {first_line(error)}") from error
    return mean, spread
