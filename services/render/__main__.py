"""`python -m services.render`: chooses the engine that draws faces, and runs the render service."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from bus.errors import ConfigurationError
from bus.process.engines import EngineOption, choose_engine
from bus.settings import Settings
from bus.work.runner import run_service_process
from bus.work.service import Service
from services.gpu import Gpu, gpus
from services.gpu_faults import GPU_USE, GpuFault
from services.models.catalogue import LIVEPORTRAIT
from services.models.deferred import Deferred
from services.models.fetching import folder_of
from services.models.loading import is_here, load_or_defer
from services.render.character_renderer import CharacterRenderer, PortraitAnimator, WarpAnimator
from services.render.encoder import best_codec
from services.render.engine import ExpressionNetwork, Renderer
from services.render.gpu_animator import GpuAnimator
from services.render.key_pose_maker import KeyPoseMaker
from services.render.photo.key_poses import KeyPictureStore
from services.render.photo.portrait import PortraitStore
from services.render.photo.portrait_maker import PortraitMaker
from services.render.service import service

_MOST_THREADS = 8
"""By default: Python itself takes a fifth of the time for a picture, and only one thread may run it. With LivePortrait
they wait for the graphics card, which draws what all of them ask for at once, and encode."""


def _portraits(settings: Settings) -> PortraitStore:
    return PortraitStore(settings.data_folder / "portraits")


def _why_layered_unavailable(settings: Settings) -> str | None:
    return None


def _warping(settings: Settings) -> WarpAnimator:
    return WarpAnimator(settings.video_size, KeyPictureStore(_portraits(settings).folder))


def _layered(settings: Settings) -> Renderer:
    return CharacterRenderer(settings.video_size, _portraits(settings), _warping(settings))


def _why_torch_missing() -> str | None:
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("pynvml") is None:
        return "torch is not installed; `pip install visavis[liveportrait]`, some gigabytes"
    return None


def _why_no_card(settings: Settings, *, find_gpus: Callable[[], list[Gpu]]) -> str | None:
    """Why `auto` takes another engine: LivePortrait runs without a card, but much too slowly."""
    if missing := _why_torch_missing():
        return missing
    if not find_gpus():
        return "there is no NVIDIA GPU, and without one a frame takes seconds"
    from services.render.liveportrait.loading import why_no_card  # takes a second, so only where it can matter

    return why_no_card()


def _key_pose_maker(settings: Settings, *, find_gpus: Callable[[], list[Gpu]]) -> KeyPoseMaker | None:
    """What draws key poses of photos, where the networks are here and no card runs them."""
    if settings.render_key_poses == "off" or _why_torch_missing() or not is_here(LIVEPORTRAIT, settings):
        return None
    if not _why_no_card(settings, find_gpus=find_gpus):
        return None
    return KeyPoseMaker(_portraits(settings), folder_of(LIVEPORTRAIT, settings))


def _why_liveportrait_unavailable(settings: Settings) -> str | None:
    if missing := _why_torch_missing():
        return missing
    from services.render.liveportrait.loading import why_unavailable

    return why_unavailable(settings)


def _liveportrait(settings: Settings, *, find_gpus: Callable[[], list[Gpu]]) -> Renderer:
    """Photos are warped until the weights are fetched, and while there is no card that can be used."""
    portraits, warp = _portraits(settings), _warping(settings)

    def load(folder: Path) -> PortraitAnimator:
        from services.render.liveportrait.loading import load

        return load(folder, portraits.folder, settings)

    deferred: Deferred[PortraitAnimator]
    if reason := _why_no_card(settings, find_gpus=find_gpus):
        GPU_USE.record(GpuFault(reason, cause="absent"))
        deferred = Deferred(None, warp, LIVEPORTRAIT.name, fallback_name=warp.name)
    else:
        deferred = load_or_defer(LIVEPORTRAIT, settings, load, lambda: warp, fallback_name=warp.name)
    return CharacterRenderer(settings.video_size, portraits, GpuAnimator(deferred, warp))


def _expressions(settings: Settings) -> ExpressionNetwork | None:
    """The network that moves lips in place of visemes, where one is asked for.

    Raises:
        ConfigurationError: it cannot run here, or its files are missing or damaged.
    """
    if not settings.render_expressions:
        return None
    if importlib.util.find_spec("torch") is None:
        raise ConfigurationError("VISAVIS_RENDER_EXPRESSIONS needs torch; `pip install visavis[liveportrait]`")
    import torch

    from services.render.joyvasa.loading import load

    return load(Path(settings.render_expressions), torch.device("cuda" if torch.cuda.is_available() else "cpu"))


def engines(find_gpus: Callable[[], list[Gpu]] = gpus) -> tuple[EngineOption[Renderer], ...]:
    """The engines in order of preference."""
    return (
        EngineOption(
            "liveportrait",
            _why_liveportrait_unavailable,
            partial(_liveportrait, find_gpus=find_gpus),
            partial(_why_no_card, find_gpus=find_gpus),
        ),
        EngineOption("layered", _why_layered_unavailable, _layered),
    )


ENGINES = engines()
"""As the settings page and `visavis doctor` list them."""


def build(settings: Settings, find_gpus: Callable[[], list[Gpu]] = gpus) -> Service:
    """The service with the engine that the settings ask for."""
    choice = choose_engine(engines(find_gpus), settings.render_engine, settings, setting="VISAVIS_RENDER_ENGINE")
    renderer = choice.option.load(settings)
    threads = settings.render_threads or min(len(os.sched_getaffinity(0)), _MOST_THREADS)
    built = service(
        renderer,
        _portraits(settings),
        PortraitMaker.prepared(settings),
        bitrate=settings.video_bitrate,
        threads=threads,
        codec=best_codec() if find_gpus() else "libx264",
        key_poses=_key_pose_maker(settings, find_gpus=find_gpus),
        network=_expressions(settings) if choice.option.name == "liveportrait" else None,
    )
    return replace(built, engine=choice.option.name, serving=lambda: renderer.name)


if __name__ == "__main__":
    sys.exit(run_service_process(build))
