"""`python -m services.render`: the face. Chooses the engine and runs the service."""

from __future__ import annotations

import sys

from bus.engines import Engine, choose
from bus.runner import serve
from bus.service import Service
from bus.settings import Settings
from services.render.engine import Renderer
from services.render.faces import Warp, faces
from services.render.service import service


def _always(settings: Settings) -> str | None:
    return None


def _layered(settings: Settings) -> Renderer:
    return faces(settings.video_size, settings.data_folder, Warp(settings.video_size))


ENGINES: tuple[Engine[Renderer], ...] = (
    Engine("layered", missing=_always, make=_layered),
)


def build(settings: Settings) -> Service:
    choice = choose(ENGINES, settings.render_engine, settings, setting="VISAVIS_RENDER_ENGINE")
    return service(choice.engine.make(settings), bitrate=settings.video_bitrate)


if __name__ == "__main__":
    sys.exit(serve(build))
