"""Entry point of the TTS service: selects an engine and runs the service."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TypeAlias

from bus.errors import EngineError
from bus.process.engines import EngineOption, load_engine
from bus.settings import Settings
from bus.work.runner import run_service_process
from bus.work.service import Service
from services.engine_speed import TOO_SLOW, EngineSpeeds, version_of
from services.gpu_faults import GPU_USE, GpuFault
from services.models.catalogue import KOKORO, XTTS
from services.models.deferred import Deferred
from services.models.loading import is_here, load_now_or_later, load_or_defer
from services.readings import engine_note
from services.tts.engine import Synthesizer
from services.tts.engines import espeak as espeak_engine
from services.tts.engines import flite_library, xtts_requirements
from services.tts.engines import hibari as hibari_engine
from services.tts.engines import kokoro as kokoro_engine
from services.tts.engines import pico as pico_engine
from services.tts.engines.deferred_engine import DeferredEngine
from services.tts.engines.espeak import EspeakEngine
from services.tts.engines.flite import FliteEngine
from services.tts.engines.gpu_engine import GpuEngine
from services.tts.engines.hibari import HibariEngine
from services.tts.engines.language_router import LanguageRouter
from services.tts.engines.misaki_reader import MisakiReader
from services.tts.engines.pico import PicoEngine
from services.tts.engines.silent import SilentEngine
from services.tts.lips.estimator import VisemeEstimator
from services.tts.service import service
from services.tts.speed import workload

log = logging.getLogger(__name__)

WhyUnavailable: TypeAlias = Callable[[], str | None]
"""The unmet requirement of an engine, as one sentence; None if it can run here."""


def _must_kokoro_keep_up(settings: Settings) -> bool:
    """Whether a slow Kokoro is passed over: not where it, its files or hibari are named."""
    return settings.tts_engine == "auto" and not settings.kokoro_model


def _why_kokoro_too_slow(settings: Settings) -> str | None:
    """That Kokoro was timed here and does not keep up."""
    if not _must_kokoro_keep_up(settings):
        return None
    return EngineSpeeds.of(settings).why_too_slow("kokoro", version_of(KOKORO))


def _why_xtts_not_preferred(settings: Settings) -> str | None:
    """That XTTS was timed here and does not keep up, or that there is no card for it where it is named all the same."""
    too_slow = EngineSpeeds.of(settings).why_too_slow("xtts", version_of(XTTS))
    return too_slow or (xtts_requirements.why_no_card(settings) if settings.tts_engine == "xtts" else None)


def _hibari_version() -> str:
    """Its network comes with the package, which may not be installed."""
    try:
        return f"hibari-tts {metadata.version('hibari-tts')}"
    except metadata.PackageNotFoundError:
        return "hibari-tts"


@dataclass(frozen=True)
class EngineTable:
    """The engines of this service, with the checks that they depend on."""

    why_flite_unavailable: WhyUnavailable = flite_library.why_unavailable
    why_espeak_unavailable: WhyUnavailable = espeak_engine.why_unavailable
    why_hibari_unavailable: WhyUnavailable = hibari_engine.why_unavailable
    why_pico_unavailable: WhyUnavailable = pico_engine.why_unavailable

    def options(self) -> tuple[EngineOption[Synthesizer], ...]:
        """In order of preference: hibari answers soonest; flite and Pico are easier to understand than eSpeak NG."""
        return (
            EngineOption(
                "xtts",
                xtts_requirements.why_unavailable,
                self._load_xtts,
                _why_xtts_not_preferred,
            ),
            EngineOption(
                "hibari",
                lambda settings: self.why_hibari_unavailable(),
                self._load_hibari,
                lambda settings: EngineSpeeds.of(settings).why_too_slow("hibari", _hibari_version()),
            ),
            EngineOption(
                "kokoro", lambda settings: kokoro_engine.why_unavailable(), self._load_kokoro, _why_kokoro_too_slow
            ),
            EngineOption(
                "pico",
                lambda settings: self.why_pico_unavailable(),
                lambda settings: self._without_download(self._espeak()),
            ),
            EngineOption(
                "flite+espeak",
                lambda settings: self.why_flite_unavailable() or self.why_espeak_unavailable(),
                lambda settings: LanguageRouter(FliteEngine(), EspeakEngine()),
            ),
            EngineOption("espeak", lambda settings: self.why_espeak_unavailable(), lambda settings: EspeakEngine()),
            EngineOption("flite", lambda settings: self.why_flite_unavailable(), lambda settings: FliteEngine()),
        )

    def _load_xtts(self, settings: Settings) -> Synthesizer:
        log.warning("licence accepted by setting", extra={"model": "XTTS v2", "terms": xtts_requirements.LICENCE})
        espeak = self._espeak()
        name, fallback = self._on_processor(settings, espeak)

        def load(folder: Path) -> Synthesizer:
            from services.tts.engines.xtts import XttsEngine

            with GPU_USE.watched("load the voice"):
                xtts = XttsEngine.load(folder, settings, VisemeEstimator(espeak), fallback)
            GPU_USE.worked()
            if settings.tts_engine == "auto" and not settings.xtts_model:
                speeds = EngineSpeeds.of(settings)
                speeds.check("tts", "xtts", version_of(XTTS), workload(xtts), on_processor=False)
            return xtts

        deferred: Deferred[Synthesizer]
        if reason := xtts_requirements.why_no_card(settings):
            GPU_USE.record(GpuFault(reason, cause="absent"))
            deferred = Deferred(None, fallback, XTTS.name, fallback_name=name)
        elif settings.xtts_model:
            folder = Path(settings.xtts_model)
            deferred = load_now_or_later(lambda: load(folder), lambda: fallback, XTTS.name, fallback_name=name)
        else:
            deferred = load_or_defer(XTTS, settings, load, lambda: fallback, fallback_name=name)
        return GpuEngine(deferred, fallback, name)

    def _on_processor(self, settings: Settings, espeak: EspeakEngine | None) -> tuple[str, Synthesizer]:
        """The best engines of the processor that need no download now, with their name."""
        if self.why_hibari_unavailable() is None:
            kokoro_is_here = bool(settings.kokoro_model) or is_here(KOKORO, settings)
            try:
                if kokoro_is_here and kokoro_engine.why_unavailable() is None:
                    return "hibari", self._load_hibari(settings)
                return "hibari", HibariEngine(self._without_download(espeak))
            except EngineError as error:  # it is too slow, or does not load
                log.warning("a simpler engine speaks in its place", extra={"model": "hibari", "why": error.detail})
        return self._name_without_download(settings), self._without_download(espeak)

    def _load_hibari(self, settings: Settings) -> Synthesizer:
        """hibari for English women, Kokoro for men and its other languages, where it keeps up."""
        try:
            others = self._without_download(self._espeak()) if _why_kokoro_too_slow(settings) else None
            hibari = HibariEngine(others or self._load_kokoro(settings))
        except EngineError as error:
            if error.code != TOO_SLOW:
                raise
            log.warning("a simpler engine speaks in its place", extra={"model": "kokoro", "why": error.detail})
            hibari = HibariEngine(self._without_download(self._espeak()))
        if settings.tts_engine == "auto":
            EngineSpeeds.of(settings).check("tts", "hibari", _hibari_version(), workload(hibari))
        return hibari

    def _load_kokoro(self, settings: Settings) -> Synthesizer:
        espeak = self._espeak()
        fallback = self._without_download(espeak)

        def load(folder: Path) -> Synthesizer:
            kokoro = kokoro_engine.KokoroEngine(folder, MisakiReader(espeak), VisemeEstimator(espeak), fallback)
            if _must_kokoro_keep_up(settings):
                EngineSpeeds.of(settings).check("tts", "kokoro", version_of(KOKORO), workload(kokoro))
            return kokoro

        if settings.kokoro_model:
            return load(Path(settings.kokoro_model))
        name = self._name_without_download(settings)
        return DeferredEngine(load_or_defer(KOKORO, settings, load, lambda: fallback, fallback_name=name))

    def _espeak(self) -> EspeakEngine | None:
        return None if self.why_espeak_unavailable() else EspeakEngine()

    def _without_download(self, espeak: EspeakEngine | None) -> Synthesizer:
        """The best engines that need no download, for all voices and languages."""
        flite = FliteEngine() if self.why_flite_unavailable() is None else None
        others: Synthesizer = espeak or flite or SilentEngine()
        if self.why_pico_unavailable() is None:
            others = PicoEngine(VisemeEstimator(espeak), others)
        return others if flite is None else LanguageRouter(flite, others)

    def _name_without_download(self, settings: Settings) -> str:
        """What the table of engines calls those of `_without_download`; "silent" where none can run."""
        simple = ("pico", "flite+espeak", "espeak", "flite")
        reasons = {row.name: row.why_unavailable for row in self.options()}
        return next((name for name in simple if reasons[name](settings) is None), "silent")


ENGINES: tuple[EngineOption[Synthesizer], ...] = EngineTable().options()


def build(settings: Settings) -> Service:
    choice, engine = load_engine(ENGINES, settings.tts_engine, settings, setting="VISAVIS_TTS_ENGINE")
    speeds = EngineSpeeds.of(settings)
    return replace(
        service(engine, choice.option.name),
        serving=lambda: engine.serving if isinstance(engine, DeferredEngine | GpuEngine) else "",
        note=lambda: engine_note(speeds.note("tts")),
    )


if __name__ == "__main__":
    sys.exit(run_service_process(build))
