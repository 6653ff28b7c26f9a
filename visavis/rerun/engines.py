"""Which engines a re-run uses: from `--with` to the settings of its services, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from msgspec import structs

from bus.errors import ConfigurationError, InvalidInput
from bus.settings import PREFIX, Settings, read_settings
from services.dialogue.local_model import files as local_model
from services.models.loading import is_here
from visavis.doctor_checks import engine_of_service
from visavis.doctor_models import models_in_use

ServiceName: TypeAlias = Literal["stt", "dialogue", "tts", "render"]
SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
Kept: TypeAlias = Literal["stt", "dialogue", "tts"]
KEPT: tuple[Kept, ...] = get_args(Kept)

_MODEL_SETTINGS: Mapping[str, str] = {
    "stt=whisper": "stt_model",
    "stt=whisper-torch": "stt_model",
    "dialogue=openai": "llm_model",
    "dialogue=local": "llm_file",
    "tts=kokoro": "kokoro_model",
    "tts=xtts": "xtts_model",
}
"""Which setting the part after the colon in `--with stt=whisper:small` goes to."""


@dataclass(frozen=True)
class Engines:
    """The services that work anew, with the settings they get, and those whose recorded results are kept."""

    services: tuple[ServiceName, ...]
    kept: frozenset[Kept]
    settings: Settings
    """Of the services, models included."""
    environment: Mapping[str, str]
    """The same as environment variables, as far as `--with` sets them."""
    incomplete: frozenset[ServiceName] = frozenset()
    """Services without a named engine that lack a model here: another engine serves, as in the running system."""


def parse_engine(text: str) -> tuple[ServiceName, dict[str, str]]:
    """`stt=whisper:small` as the service and its settings by field.

    Raises:
        InvalidInput: it has another form, names no service, or an engine that takes no model.
    """
    service, equals, engine = text.partition("=")
    name, colon, model = engine.partition(":")
    if service not in SERVICES or not equals or not name:
        raise InvalidInput(f"--with takes SERVICE=ENGINE[:MODEL] with one of {', '.join(SERVICES)}, got {text!r}")
    found = {f"{service}_engine": name}
    if service == "stt":
        found["stt_model"] = ""  # the one of the running system may belong to another engine
    if colon:
        field = _MODEL_SETTINGS.get(f"{service}={name}")
        if field is None or not model:
            takes = ", ".join(_MODEL_SETTINGS)
            raise InvalidInput(f"--with {text}: {name} takes no model after a colon; those that do are {takes}")
        found[field] = model
    return _service(service), found


def _service(name: str) -> ServiceName:
    return next(one for one in SERVICES if one == name)


def choose(settings: Settings, wanted: Sequence[str], kept: Sequence[Kept], *, tools: bool = False) -> Engines:
    """The engines of a re-run; every service that is neither kept nor named works with the present settings.

    Pictures are drawn only where an engine for them is named.

    Args:
        tools: whether the language model may call the tools that the settings name.
    Raises:
        InvalidInput: a service is named twice, or both named and kept.
        ConfigurationError: there is no such engine, or it cannot run here, or its model is not here.
    """
    changed: dict[str, str] = {}
    named: list[ServiceName] = []
    for text in wanted:
        service, fields = parse_engine(text)
        if service in named:
            raise InvalidInput(f"--with names {service} twice; one re-run compares one set of engines")
        if service in kept:
            raise InvalidInput(f"{service} can be re-run with another engine or kept, not both")
        named.append(service)
        changed |= fields
    if not tools:
        changed["tools"] = ""
    services = tuple(one for one in SERVICES if one not in kept and (one != "render" or one in named))
    if "render" in services and "tts" not in services:
        raise InvalidInput("pictures are drawn to the sound of speeches: --with render=… cannot go with --keep tts")
    asked = _with_fields(settings, changed)
    chosen = _check(asked, services)
    missing = {service: _missing_models(service, engine, asked) for service, engine in chosen.items()}
    if needed := list(dict.fromkeys(model for service in named for model in missing.get(service, ()))):
        raise ConfigurationError(
            f"a re-run downloads nothing, and these models are not here; fetch them with `visavis models fetch "
            f"{' '.join(needed)}`"
        )
    # An engine whose model is on its way would be measured as the one that serves in its place.
    changed["model_downloads"] = "off"
    # `auto` is settled here, so that the services choose what was checked.
    changed |= {f"{service}_engine": engine for service, engine in chosen.items()}
    environment = {f"{PREFIX}{field.upper()}": value for field, value in changed.items()}
    incomplete = frozenset(service for service, models in missing.items() if models)
    return Engines(services, frozenset(kept), _with_fields(settings, changed), environment, incomplete)


def _with_fields(settings: Settings, changed: Mapping[str, str]) -> Settings:
    # Through `read_settings`, which checks the values.
    given = read_settings({f"{PREFIX}{field.upper()}": value for field, value in changed.items()})
    return structs.replace(settings, **{field: getattr(given, field) for field in changed})


def _check(settings: Settings, services: Sequence[ServiceName]) -> dict[ServiceName, str]:
    """The engine of each service.

    Raises:
        ConfigurationError: see `choose`.
    """
    chosen: dict[ServiceName, str] = {}
    for service in services:
        result = engine_of_service(service, settings)
        if result.state != "ok":
            raise ConfigurationError(result.message)
        chosen[service] = result.engine
    if chosen.get("dialogue") == "local":
        local_model.model_file(settings)
    return chosen


def _missing_models(service: ServiceName, engine: str, settings: Settings) -> list[str]:
    """The models that an engine loads and that are not here, by name."""
    if service == "stt":
        from services.stt.__main__ import models_of

        wanted = list(models_of(engine, settings))
    else:
        nobody: dict[str, str] = dict.fromkeys(map(str, SERVICES), "")
        gateway = models_in_use(nobody, settings)
        wanted = [model for model in models_in_use(nobody | {service: engine}, settings) if model not in gateway]
    return [model.name for model in wanted if not is_here(model, settings)]
