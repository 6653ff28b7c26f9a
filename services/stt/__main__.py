"""The STT service: chooses its engine and runs."""

from __future__ import annotations

import importlib.util
import sys

from bus.engines import Engine, choose
from bus.runner import serve
from bus.service import Service
from bus.settings import Settings
from services.stt.engine import Transcriber
from services.stt.service import service


def _pocketsphinx_missing(settings: Settings) -> str | None:
    if importlib.util.find_spec("pocketsphinx") is None:
        return "the package pocketsphinx is not installed"
    return None


def _pocketsphinx(settings: Settings) -> Transcriber:
    from services.stt.pocketsphinx_engine import Pocketsphinx

    return Pocketsphinx(prepared=2)


ENGINES: tuple[Engine[Transcriber], ...] = (Engine("pocketsphinx", _pocketsphinx_missing, _pocketsphinx),)


def build(settings: Settings) -> Service:
    choice = choose(ENGINES, settings.stt_engine, settings, setting="VISAVIS_STT_ENGINE")
    return service(choice.engine.make(settings), choice.engine.name)


if __name__ == "__main__":
    sys.exit(serve(build))
