"""`python -m services.render`: the face. Chooses the engine and runs the service."""

from __future__ import annotations

import importlib.util
import sys

from bus.process.engines import EngineOption, choose_engine
from bus.settings import Settings
from bus.work.runner import run_service_process
from bus.work.service import Service
from services.gpu import gpus
from services.render.engine import Renderer
from services.render.faces import Warp, faces
from services.render.photo.portrait import Portraits
from services.render.photo.studio import Studio
from services.render.service import service


def _portraits(settings: Settings) -> Portraits:
    return Portraits(settings.data_folder / "portraits")


def _always(settings: Settings) -> str | None:
    return None


def _layered(settings: Settings) -> Renderer:
    return faces(settings.video_size, _portraits(settings), Warp(settings.video_size))


def _liveportrait_missing(settings: Settings) -> str | None:
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("pynvml") is None:
        return "torch is not installed; `pip install visavis[liveportrait]`, some gigabytes"
    if not gpus():
        return "there is no NVIDIA GPU, and without one a picture takes seconds"
    from services.render.liveportrait.loading import why_not  # takes a second, so only where it can matter

    return why_not(settings.models_folder, wanted=settings.render_engine == "liveportrait")


def _liveportrait(settings: Settings) -> Renderer:
    from services.render.liveportrait.loading import load

    engine = load(
        settings.models_folder, _portraits(settings).folder, settings.video_size,
        precision=settings.render_precision, compiling=settings.render_compile,
        memory=settings.render_gpu_bytes,
    )
    return faces(settings.video_size, _portraits(settings), engine)


ENGINES: tuple[EngineOption[Renderer], ...] = (
    EngineOption("liveportrait", why_unavailable=_liveportrait_missing, load=_liveportrait),
    EngineOption("layered", why_unavailable=_always, load=_layered),
)


def build(settings: Settings) -> Service:
    choice = choose_engine(ENGINES, settings.render_engine, settings, setting="VISAVIS_RENDER_ENGINE")
    studio = Studio(settings.models_folder / "face")
    return service(choice.option.load(settings), _portraits(settings), studio, bitrate=settings.video_bitrate)


if __name__ == "__main__":
    sys.exit(run_service_process(build))
