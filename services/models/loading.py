"""Finds, fetches, verifies and loads a model of the catalogue for an engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from bus.errors import ConfigurationError, InvalidInput
from bus.settings import PREFIX, Settings
from services.gpu_faults import GpuFault
from services.models.deferred import RETRY_PAUSES, Deferred
from services.models.fetching import fetcher_of, folder_of
from services.models.files import Licence, Model
from services.models.verification import missing_files, verify

log = logging.getLogger(__name__)

T = TypeVar("T")


def is_here(model: Model, settings: Settings) -> bool:
    """Whether all files of a model are in its folder."""
    return not missing_files(model.files, folder_of(model, settings))


def why_model_unavailable(model: Model, settings: Settings) -> str | None:
    """Why an engine cannot have a model, as one sentence; None if it is here or can be fetched."""
    if is_here(model, settings) or settings.model_downloads == "on":
        return None
    folder = folder_of(model, settings)
    return f"its model {model.name} is not in {folder}, and {PREFIX}MODEL_DOWNLOADS is off"


def why_not_allowed(model: Model, settings: Settings) -> str | None:
    """What a person has to accept before a model is fetched or loaded, as one sentence; None if nothing."""
    licence = model.licence
    return None if not licence.consent or _accepted(licence, settings) else request_consent(model)


def request_consent(model: Model) -> str:
    """The sentence that asks a person to accept the terms of a model that has some."""
    licence = model.licence
    return (
        f"{model.name} is under the {licence.name}: {licence.allows}, of the model or of what it makes; read its terms "
        f"({licence.terms}), and if you agree set {PREFIX}{licence.consent.upper()}=accepted"
    )


def _accepted(licence: Licence, settings: Settings) -> bool:
    return str(getattr(settings, licence.consent)) == "accepted"


def verified_folder(model: Model, settings: Settings) -> Path:
    """The folder of a model, after its files were verified.

    Raises:
        ConfigurationError: a file is missing or is another one than was published.
    """
    folder = folder_of(model, settings)
    for file in model.files:
        verify(file, folder)
    return folder


def fetch_and_verify(model: Model, settings: Settings) -> Path:
    """Fetch the files of a model that are missing, and verify all of them; returns their folder.

    Raises:
        InvalidInput: nobody has accepted the model's terms.
        EngineError: they cannot be fetched.
        ConfigurationError: the folder cannot be written, or a file is another one than was published.
    """
    if reason := why_not_allowed(model, settings):
        raise InvalidInput(reason)
    with fetcher_of(settings) as fetcher:
        fetcher.fetch(model, folder_of(model, settings))
    return verified_folder(model, settings)


def load_or_defer(
    model: Model,
    settings: Settings,
    load: Callable[[Path], T],
    make_fallback: Callable[[], T],
    *,
    fallback_name: str = "",
) -> Deferred[T]:
    """Load a model now if its files are here; else fetch and load it in the background, while the fallback serves.

    Args:
        load: from the folder of its files.
        make_fallback: called only if it is needed.
        fallback_name: of the engine that it makes, if it does.
    """
    if is_here(model, settings):
        try:
            return load_now_or_later(
                lambda: load(verified_folder(model, settings)), make_fallback, model.name, fallback_name=fallback_name
            )
        except ConfigurationError as error:
            log.warning("model cannot be used", extra={"model": model.name, "why": error.detail})
    fallback = make_fallback()
    return Deferred(lambda: load(fetch_and_verify(model, settings)), fallback, model.name, fallback_name=fallback_name)


def load_now_or_later(
    load: Callable[[], T],
    make_fallback: Callable[[], T],
    name: str,
    *,
    fallback_name: str = "",
    pauses: Sequence[float] = RETRY_PAUSES,
) -> Deferred[T]:
    """Load something whose files are here; where the graphics card is full, try again later, while the fallback serves.

    Where the card is lost or absent, the fallback serves for good.

    Args:
        load, name, fallback_name, pauses: see `Deferred`.
        make_fallback: called only if it is needed.
    """
    try:
        return Deferred.ready(load(), name)
    except GpuFault as fault:
        log.error("model not loaded, the fallback serves", extra={"model": name, "why": fault.detail})
        again = load if fault.retryable else None
        return Deferred(again, make_fallback(), name, pauses, fallback_name=fallback_name, tried=True)
