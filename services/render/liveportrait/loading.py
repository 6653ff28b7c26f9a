"""LivePortrait as an engine: what it needs of the machine, and making it ready."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from services import downloads
from services.gpu import gpus, limit_memory
from services.render.liveportrait import weights
from services.render.liveportrait.renderer import BATCH, LivePortrait
from services.render.liveportrait.retargeting import POINTS
from services.render.liveportrait.source import Sources
from services.render.liveportrait.weights import Networks

log = logging.getLogger(__name__)

Precision = Literal["auto", "float32", "float16", "bfloat16"]
Compiling = Literal["off", "compile", "graphs"]


def why_not(models: Path, *, wanted: bool) -> str | None:
    """What is missing, as one sentence, on a machine that has torch and a GPU.

    Args:
        wanted: by name, so that weights may be downloaded.
    """
    if not torch.cuda.is_available():
        return f"torch {torch.__version__} cannot use the GPU"
    if not wanted and downloads.missing_files(weights.FILES, models):
        return (
            f"its weights are not in {models}; VISAVIS_RENDER_ENGINE=liveportrait downloads 522 MB, and so does "
            f"`python -m services.render.liveportrait.weights {models}`"
        )
    return None


def load(
    models: Path, portraits: Path, size: int, *, precision: Precision, compiling: Compiling, memory: int
) -> LivePortrait:
    """The engine, its weights downloaded where they are absent; it warms up with its first face.

    Args:
        portraits: folder of them, and of what is computed of them.
        memory: bytes of the GPU that may be taken.
    Raises:
        EngineError: weights could not be downloaded.
        ConfigurationError: weights are damaged.
    """
    downloads.fetch(weights.FILES, models, weights.ADDRESS)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    limit_memory(str(device), memory)
    networks = weights.load(models, device=device, dtype=dtype_of(precision, device))
    return LivePortrait(networks, Sources(portraits, networks), size, partial(prepare, compiling=compiling))


def dtype_of(precision: Precision, device: torch.device) -> torch.dtype:
    if precision == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[precision]


def prepare(networks: Networks, compiling: Compiling) -> None:
    """Compile, where that is asked for, and run each size of batch once: the first runs take longest."""
    if networks.device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = False  # float32 is asked for where it is needed
    if compiling != "off":
        for network in (networks.warping, networks.generator):
            network.compile(mode="reduce-overhead" if compiling == "graphs" else "default", dynamic=False)
    if networks.device.type != "cuda":
        return
    with torch.inference_mode():
        features = torch.zeros(1, 32, 16, 64, 64, device=networks.device, dtype=networks.dtype)
        compressed = networks.warping.dense_motion_network.compressed(features)
        for count in range(1, BATCH + 1):
            points = torch.zeros(count, POINTS, 3, device=networks.device)
            networks.generator(networks.warping(features, points, points, compressed))
        torch.cuda.synchronize()
    log.info("warmed up", extra={"precision": str(networks.dtype), "gpus": "; ".join(map(str, gpus()))})
