"""The TTS service: chooses its engine and runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

from bus.process.engines import EngineOption, choose_engine
from bus.settings import Settings
from bus.work.runner import run_service_process
from bus.work.service import Service
from services import downloads
from services.downloads import Model
from services.tts.engine import Synthesizer
from services.tts.engines import espeak as espeak_engine
from services.tts.engines import flite_library, xtts_requirements
from services.tts.engines import kokoro as kokoro_engine
from services.tts.engines.by_language import ByLanguage
from services.tts.engines.deferred import Arriving
from services.tts.engines.espeak import EspeakEngine
from services.tts.engines.flite import Flite
from services.tts.engines.silent import Silent
from services.tts.lips.reader import LipReader
from services.tts.service import service

log = logging.getLogger(__name__)


def _both_missing(settings: Settings) -> str | None:
    return flite_library.missing() or espeak_engine.missing()


def _xtts(settings: Settings) -> Synthesizer:
    log.warning("licence accepted by setting", extra={"model": "XTTS v2", "terms": xtts_requirements.LICENCE})

    def load(folder: Path, espeak: EspeakEngine | None, plain: Synthesizer) -> Synthesizer:
        from services.tts.engines.xtts import Xtts

        return Xtts.load(folder, settings, LipReader(espeak), plain)

    own = bool(settings.xtts_model)
    folder = xtts_requirements.folder_of(settings)
    return _downloaded("xtts", xtts_requirements.WEIGHTS, folder, settings, load, own=own)


def _kokoro(settings: Settings) -> Synthesizer:
    def load(folder: Path, espeak: EspeakEngine | None, plain: Synthesizer) -> Synthesizer:
        assert espeak is not None
        return kokoro_engine.Kokoro(folder, espeak, LipReader(espeak), plain)

    own = bool(settings.kokoro_model)
    return _downloaded("kokoro", kokoro_engine.WEIGHTS, kokoro_engine.folder_of(settings), settings, load, own=own)


Load = Callable[[Path, EspeakEngine | None, Synthesizer], Synthesizer]


def _downloaded(
    name: str, model: Model, folder: Path, settings: Settings, load: Load, *, own: bool
) -> Synthesizer:
    """The engine; where files of it are missing, one that is replaced by it once they are there.

    Args:
        own: the folder is the user's choice, and so is what lies in it: it need not be what was published.
    """
    espeak = None if espeak_engine.missing() else EspeakEngine()
    plain = _plain(settings, espeak)
    if not downloads.missing_files(model.files, folder):
        for file in () if own else model.files:
            downloads.verify(file, folder)
        return load(folder, espeak, plain)

    def arrive() -> Synthesizer:
        downloads.fetch(model.files, folder, model.address(settings.model_hub))
        return load(folder, espeak, plain)

    return Arriving(arrive, plain, name)


def _plain(settings: Settings, espeak: EspeakEngine | None) -> Synthesizer:
    """The best voice that needs no download."""
    if espeak is None:
        return Flite() if flite_library.missing() is None else Silent()
    return espeak if flite_library.missing() else ByLanguage(Flite(), espeak)


ENGINES: tuple[EngineOption[Synthesizer], ...] = (
    EngineOption("xtts", xtts_requirements.missing, _xtts),
    EngineOption("kokoro", kokoro_engine.missing, _kokoro),
    EngineOption("flite+espeak", _both_missing, lambda settings: ByLanguage(Flite(), EspeakEngine())),
    EngineOption("espeak", lambda settings: espeak_engine.missing(), lambda settings: EspeakEngine()),
    EngineOption("flite", lambda settings: flite_library.missing(), lambda settings: Flite()),
)
"""flite's voices sound like people, but they speak English only."""


def build(settings: Settings) -> Service:
    choice = choose_engine(ENGINES, settings.tts_engine, settings, setting="VISAVIS_TTS_ENGINE")
    log.info("voice", extra={"engine": choice.option.name, "why": choice.reason})
    return service(choice.option.load(settings), choice.option.name)


if __name__ == "__main__":
    sys.exit(run_service_process(build))
