"""The checks of `visavis doctor` on models: those that the engines in use load, and what would be better here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bus.settings import PREFIX, Settings
from services.engine_speed import LIMIT, EngineSpeeds
from services.improvements import Machine, improvements
from services.models.catalogue import FACE_LANDMARKS, KOKORO, LIVEPORTRAIT, MIND, SILERO, SMART_TURN, XTTS
from services.models.fetching import folder_of
from services.models.files import Model
from services.models.loading import is_here
from services.models.whisper import CTRANSLATE2
from visavis.doctor_checks import CheckResult, hint, ok, warning
from visavis.models import megabytes

SUBJECT = "models"


def models_in_use(engines: Mapping[str, str], settings: Settings) -> list[Model]:
    """The models of the catalogue that services would load, each once.

    Args:
        engines: the engine of each service, by service; "" for one that cannot run.
    """
    from services.stt.__main__ import models_of

    found = [SILERO, *models_of(engines["stt"], settings), FACE_LANDMARKS]
    if settings.turn_model != "off":
        found.append(SMART_TURN)
    too_slow = {one.engine for one in EngineSpeeds.of(settings).all() if not one.keeps_up}
    if engines["tts"] == "kokoro" or (engines["tts"] == "hibari" and "kokoro" not in too_slow):
        found += [] if settings.kokoro_model else [KOKORO]
    if engines["tts"] == "xtts" and not settings.xtts_model:
        found.append(XTTS)
    if engines["render"] == "liveportrait":
        found.append(LIVEPORTRAIT)
    if engines["dialogue"] == "local" and not settings.llm_file:
        found.append(MIND)
    return list(dict.fromkeys(found))


def models(engines: Mapping[str, str], settings: Settings, machine: Machine) -> Iterator[CheckResult]:
    """Which of the models in use are here, and how each missing one comes here."""
    wanted = models_in_use(engines, settings)
    here = [model for model in wanted if is_here(model, settings)]
    if here:
        names = ", ".join(model.name for model in here)
        yield ok(SUBJECT, f"here: {names} ({megabytes(sum(model.bytes for model in here))})")
    for model in wanted:
        if model not in here:
            yield _missing(model, engines["stt"], settings, machine)


def _missing(model: Model, stt: str, settings: Settings, machine: Machine) -> CheckResult:
    size = f"{model.purpose}, {megabytes(model.bytes)}" if model.bytes else model.purpose
    if settings.model_downloads == "off":
        remedy = f"put its files into {folder_of(model, settings)}, or unset {PREFIX}MODEL_DOWNLOADS"
        return warning(SUBJECT, f"{model.name} is missing ({size}), and downloads are switched off", remedy)
    message, remedy = f"{model.name} is missing ({size})", f"`{machine.fetch(model.name)}` fetches it now"
    if model == FACE_LANDMARKS:
        return hint(SUBJECT, f"{message}; photos are refused until render has fetched it", remedy)
    if stt == "moonshine" and model in CTRANSLATE2.values():
        return hint(SUBJECT, f"{message}; it is fetched at the first phrase in another language than English", remedy)
    if model.fetching == "set-up":
        return warning(SUBJECT, f"{message}; `{machine.start}` fetches it before the start", remedy)
    return warning(SUBJECT, f"{message}; it is fetched while a simpler engine serves", remedy)


def better(engines: Mapping[str, str], settings: Settings, machine: Machine) -> Iterator[CheckResult]:
    """What would be better here than the engines in use, and what it costs; their missing models have own lines."""
    in_use = {model.name for model in models_in_use(engines, settings)}
    running = {service: engine for service, engine in engines.items() if engine}
    for one in improvements(running, replace(machine, models=machine.models | in_use)):
        yield hint("better", one.title, f"`{one.command}`: {one.cost}")


def speeds(settings: Settings) -> Iterator[CheckResult]:
    """Which engines keep up with speech on this machine; each was timed once, by the service that loaded it."""
    timed = EngineSpeeds.of(settings)
    fast = [one for one in timed.all() if one.keeps_up]
    if fast:
        factors = ", ".join(f"{one.engine} {one.factor:.2g} s" for one in fast)
        yield ok("speed", f"for a second of speech: {factors}; at most {LIMIT:g} s keeps up")
    for one in timed.all():
        if not one.keeps_up:
            name = f"name it in {PREFIX}{one.service.upper()}_ENGINE"
            remedy = f"{name} to use it nevertheless, or delete {timed.path(one.engine)} to have it timed again"
            yield hint("speed", one.sentence, remedy)
