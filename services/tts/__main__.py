"""The TTS service: chooses its engine and runs."""

from __future__ import annotations

import sys

from bus.engines import Engine, choose
from bus.runner import serve
from bus.service import Service
from bus.settings import Settings
from services.tts import espeak_engine, flite_library
from services.tts.engine import Synthesizer
from services.tts.espeak_engine import EspeakEngine
from services.tts.flite_engine import Flite
from services.tts.router import ByLanguage
from services.tts.service import service


def _both_missing(settings: Settings) -> str | None:
    return flite_library.missing() or espeak_engine.missing()


ENGINES: tuple[Engine[Synthesizer], ...] = (
    Engine("flite+espeak", _both_missing, lambda settings: ByLanguage(Flite(), EspeakEngine())),
    Engine("espeak", lambda settings: espeak_engine.missing(), lambda settings: EspeakEngine()),
    Engine("flite", lambda settings: flite_library.missing(), lambda settings: Flite()),
)
"""flite's voices sound like people, but they speak English only."""


def build(settings: Settings) -> Service:
    choice = choose(ENGINES, settings.tts_engine, settings, setting="VISAVIS_TTS_ENGINE")
    return service(choice.engine.make(settings), choice.engine.name)


if __name__ == "__main__":
    sys.exit(serve(build))
