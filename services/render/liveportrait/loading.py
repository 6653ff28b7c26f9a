"""Loads LivePortrait as an engine: requirements, precision, compilation, warm-up."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

import torch

from bus.settings import Settings
from services.gpu import gpus, limit_memory
from services.gpu_faults import GPU_USE, GpuFault
from services.models.catalogue import LIVEPORTRAIT
from services.models.fetching import folder_of
from services.models.loading import is_here, why_model_unavailable
from services.render.liveportrait import weights
from services.render.liveportrait.batching import BatchedDrawing
from services.render.liveportrait.renderer import LivePortraitAnimator

log = logging.getLogger(__name__)

Precision = Literal["auto", "float32", "float16", "bfloat16"]


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
    """The engine. It warms up in the background; its first frames may have to wait for that.

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
    drawing = BatchedDrawing(networks, settings.video_size, settings.render_compile)
    if device.type == "cuda":
        threading.Thread(target=_warm_up, args=(drawing,), name="warm up liveportrait", daemon=True).start()
    return LivePortraitAnimator(drawing, portraits)


def dtype_for(precision: Precision, device: torch.device) -> torch.dtype:
    if precision != "auto":
        return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[precision]
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if multiplies_bfloat16() else torch.float32


def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions that multiply bfloat16, which are twice as fast as those for float32.

    Without them torch computes bfloat16 slower than float32. Read and not measured: a machine that is busy would answer
    otherwise, and a face of another precision is another face.
    """
    found = torch.cpu.get_capabilities()
    return any(found.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def _warm_up(drawing: BatchedDrawing) -> None:
    """Frames that are asked for meanwhile take turns with it."""
    with suppress(GpuFault), GPU_USE.watched("be warmed up"):
        drawing.warm_up()
        precision = str(drawing.networks.dtype)
        log.info("warmed up", extra={"precision": precision, "gpus": "; ".join(map(str, gpus()))})
