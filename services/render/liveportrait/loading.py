"""Loads LivePortrait as an engine: requirements, precision, compilation, warm-up."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from bus.settings import Settings
from services.gpu import gpus, limit_memory
from services.gpu_faults import GPU_USE
from services.models.catalogue import LIVEPORTRAIT
from services.models.fetching import folder_of
from services.models.loading import is_here, why_model_unavailable
from services.render.liveportrait import weights
from services.render.liveportrait.renderer import MAX_BATCH, LivePortraitAnimator
from services.render.liveportrait.retargeting import KEYPOINTS
from services.render.liveportrait.source import SourceStore
from services.render.liveportrait.weights import Networks

log = logging.getLogger(__name__)

Precision = Literal["auto", "float32", "float16", "bfloat16"]
Compiling = Literal["off", "compile", "graphs"]


def why_no_card() -> str | None:
    """Why torch cannot use the GPU of this machine, in one sentence; None where it can."""
    return None if torch.cuda.is_available() else f"torch {torch.__version__} cannot use the GPU"


def why_unavailable(settings: Settings) -> str | None:
    """Which weights the engine lacks, in one sentence; None for none."""
    if missing := why_model_unavailable(LIVEPORTRAIT, settings):
        return missing
    if settings.render_engine != "liveportrait" and not is_here(LIVEPORTRAIT, settings):
        return (
            f"its weights are not in {folder_of(LIVEPORTRAIT, settings)}; VISAVIS_RENDER_ENGINE=liveportrait downloads "
            "522 MB, and so does `visavis models fetch liveportrait`"
        )
    return None


def load(folder: Path, portraits: Path, settings: Settings) -> LivePortraitAnimator:
    """The engine. It warms up with its first face.

    Args:
        folder: of the weights.
        portraits: folder of portraits, and of the sources computed from them.
    Raises:
        ConfigurationError: weights are missing or damaged.
        GpuFault: the GPU has no memory left for them, or fails.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with GPU_USE.watched("load LivePortrait"):
        limit_memory(str(device), settings.render_gpu_bytes)
        networks = weights.load(folder, device=device, dtype=dtype_for(settings.render_precision, device))
    GPU_USE.worked()
    sources = SourceStore(portraits, networks)
    return LivePortraitAnimator(
        networks, sources, settings.video_size, partial(warm_up, compiling=settings.render_compile)
    )


def dtype_for(precision: Precision, device: torch.device) -> torch.dtype:
    if precision == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[precision]


def warm_up(networks: Networks, compiling: Compiling) -> None:
    """Compile the networks where that is asked for, and run each batch size once: first runs take the longest."""
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
        for count in range(1, MAX_BATCH + 1):
            keypoints = torch.zeros(count, KEYPOINTS, 3, device=networks.device)
            networks.generator(networks.warping(features, keypoints, keypoints, compressed))
        torch.cuda.synchronize()
    log.info("warmed up", extra={"precision": str(networks.dtype), "gpus": "; ".join(map(str, gpus()))})
