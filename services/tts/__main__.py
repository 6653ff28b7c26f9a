"""Entry point of the TTS service: selects an engine and runs the service."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bus.process.engines import EngineOption, choose_engine
from bus.settings import Settings
from bus.work.runner import run_service_process
from bus.work.service import Service
from services import downloads
from services.downloads import Model, ModelFile
from services.tts.engine import Synthesizer
from services.tts.engines import espeak as espeak_engine
from services.tts.engines import flite_library, xtts_requirements
from services.tts.engines import kokoro as kokoro_engine
from services.tts.engines.deferred import DeferredEngine
from services.tts.engines.espeak import EspeakEngine
from services.tts.engines.flite import FliteEngine
from services.tts.engines.language_router import LanguageRouter
from services.tts.engines.silent import SilentEngine
from services.tts.lips.estimator import VisemeEstimator
from services.tts.service import service

log = logging.getLogger(__name__)

WhyUnavailable: TypeAlias = Callable[[], str | None]
"""The unmet requirement of an engine, as one sentence; None if it can run here."""
Fetch: TypeAlias = Callable[[Sequence[ModelFile], Path, str], None]
"""See `services.downloads.fetch`."""
Load: TypeAlias = Callable[[Path, EspeakEngine | None, Synthesizer], Synthesizer]
"""Loads an engine from a folder of model files, with eSpeak NG and the fallback for languages that it lacks."""


@dataclass(frozen=True)
class EngineTable:
    """The engines of this service, with the checks and the download that they depend on."""

    why_no_flite: WhyUnavailable = flite_library.why_unavailable
    why_no_espeak: WhyUnavailable = espeak_engine.why_unavailable
    fetch: Fetch = downloads.fetch

    def options(self) -> tuple[EngineOption[Synthesizer], ...]:
        """In order of preference: flite's voices sound more natural than eSpeak NG's, but speak English only."""
        return (
            EngineOption("xtts", xtts_requirements.why_unavailable, self._load_xtts),
            EngineOption("kokoro", kokoro_engine.why_unavailable, self._load_kokoro),
            EngineOption(
                "flite+espeak",
                lambda settings: self.why_no_flite() or self.why_no_espeak(),
                lambda settings: LanguageRouter(FliteEngine(), EspeakEngine()),
            ),
            EngineOption("espeak", lambda settings: self.why_no_espeak(), lambda settings: EspeakEngine()),
            EngineOption("flite", lambda settings: self.why_no_flite(), lambda settings: FliteEngine()),
        )

    def _load_xtts(self, settings: Settings) -> Synthesizer:
        log.warning("licence accepted by setting", extra={"model": "XTTS v2", "terms": xtts_requirements.LICENCE})

        def load(folder: Path, espeak: EspeakEngine | None, fallback: Synthesizer) -> Synthesizer:
            from services.tts.engines.xtts import XttsEngine

            return XttsEngine.load(folder, settings, VisemeEstimator(espeak), fallback)

        folder = xtts_requirements.model_folder(settings)
        own_folder = bool(settings.xtts_model)
        return self._load_or_defer("xtts", xtts_requirements.WEIGHTS, folder, settings, load, own_folder=own_folder)

    def _load_kokoro(self, settings: Settings) -> Synthesizer:
        def load(folder: Path, espeak: EspeakEngine | None, fallback: Synthesizer) -> Synthesizer:
            assert espeak is not None
            return kokoro_engine.KokoroEngine(folder, espeak, VisemeEstimator(espeak), fallback)

        folder = kokoro_engine.model_folder(settings)
        own_folder = bool(settings.kokoro_model)
        return self._load_or_defer("kokoro", kokoro_engine.WEIGHTS, folder, settings, load, own_folder=own_folder)

    def _load_or_defer(
        self, name: str, model: Model, folder: Path, settings: Settings, load: Load, *, own_folder: bool
    ) -> Synthesizer:
        """The engine; if files of its model are missing, a deferred one that downloads them.

        Args:
            own_folder: the user configured the folder, whose files may differ from the published ones.
        """
        espeak = None if self.why_no_espeak() else EspeakEngine()
        fallback = self._without_download(espeak)
        if not downloads.missing_files(model.files, folder):
            for file in () if own_folder else model.files:
                downloads.verify(file, folder)
            return load(folder, espeak, fallback)

        def fetch_and_load() -> Synthesizer:
            self.fetch(model.files, folder, model.base_url(settings.model_hub))
            return load(folder, espeak, fallback)

        return DeferredEngine(fetch_and_load, fallback, name)

    def _without_download(self, espeak: EspeakEngine | None) -> Synthesizer:
        """The best engine that needs no download."""
        if espeak is None:
            return FliteEngine() if self.why_no_flite() is None else SilentEngine()
        return espeak if self.why_no_flite() else LanguageRouter(FliteEngine(), espeak)


ENGINES: tuple[EngineOption[Synthesizer], ...] = EngineTable().options()


def build(settings: Settings) -> Service:
    choice = choose_engine(ENGINES, settings.tts_engine, settings, setting="VISAVIS_TTS_ENGINE")
    log.info("voice", extra={"engine": choice.option.name, "why": choice.reason})
    return service(choice.option.load(settings), choice.option.name)


if __name__ == "__main__":
    sys.exit(run_service_process(build))
