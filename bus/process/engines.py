"""Chooses an engine from a service's table, by name or with `auto`, which takes the first one that can run here.

An engine of another package is chosen by name alone: docs/engines.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Generic, TypeVar

from bus.errors import ConfigurationError, EngineError
from bus.settings import PREFIX, Settings

log = logging.getLogger(__name__)

E = TypeVar("E")


def _always_preferred(settings: Settings) -> None:
    """The reason against an engine that `auto` never passes over."""


@dataclass(frozen=True)
class EngineOption(Generic[E]):
    """One row of a service's table of engines."""

    name: str
    why_unavailable: Callable[[Settings], str | None]
    """What is missing to run it here, as one sentence; None if it can run. Must not load the engine."""
    load: Callable[[Settings], E]
    """Loads the engine; may take seconds."""
    why_not_preferred: Callable[[Settings], str | None] = _always_preferred
    """Why `auto` skips it although it can run, as one sentence; None if it does not."""


@dataclass(frozen=True)
class EngineChoice(Generic[E]):
    option: EngineOption[E]
    reason: str
    """Why it was chosen, and what speaks against it where the settings name it."""


def choose_engine(
    table: Sequence[EngineOption[E]], wanted: str, settings: Settings, *, setting: str
) -> EngineChoice[E]:
    """Choose the engine to run.

    Args:
        table: in order of preference.
        wanted: a name from the table or of an installed entry point, or "auto".
        setting: the environment variable with that name, for error messages and for the group of the entry points.
    Raises:
        ConfigurationError: there is no such engine, or it cannot run here.
    """
    names = ", ".join(option.name for option in table)
    if wanted != "auto":
        for option in table:
            if option.name == wanted:
                reason = option.why_unavailable(settings)
                if reason:
                    raise ConfigurationError(f"{setting}={wanted} cannot be used: {reason}")
                doubt = option.why_not_preferred(settings)
                return EngineChoice(option, f"{setting}={wanted}" + (f", although {doubt}" if doubt else ""))
        plugged: EngineOption[E] = _plugged_in(wanted, names, setting)
        return EngineChoice(plugged, f"{setting}={wanted}")
    skipped: list[str] = []
    for option in table:
        reason = option.why_not_preferred(settings) or option.why_unavailable(settings)
        if reason is None:
            return EngineChoice(option, "; ".join([*skipped, "the best that can run here"]))
        skipped.append(f"not {option.name}: {reason}")
    raise ConfigurationError(f"none of {names} can run here: {'; '.join(skipped)}")


def _plugged_in(wanted: str, names: str, setting: str) -> EngineOption[E]:
    """The engine of this name that another installed package brings.

    Such a package has an entry point in the group `visavis.stt`, `visavis.dialogue`, `visavis.tts` or
    `visavis.render`: a function from the settings to the engine.

    Raises:
        ConfigurationError: there is none, or it cannot be imported.
    """
    group = f"visavis.{setting.removeprefix(PREFIX).removesuffix('_ENGINE').lower()}"
    found = metadata.entry_points(group=group, name=wanted)
    if not found:
        others = sorted(metadata.entry_points(group=group).names)
        known = ", ".join([names, *others])
        raise ConfigurationError(f"{setting} must be auto or one of {known}, got {wanted!r}")
    (entry, *_) = found
    try:
        return EngineOption(wanted, lambda settings: None, entry.load())
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{setting}={wanted} cannot be used: {entry.value} does not load: {error}") from error


def load_engine(
    table: Sequence[EngineOption[E]], wanted: str, settings: Settings, *, setting: str
) -> tuple[EngineChoice[E], E]:
    """Choose an engine and load it; `auto` passes over an engine that does not load or is too slow.

    Raises:
        ConfigurationError: there is no such engine, or it cannot run here.
    """
    choice = choose_engine(table, wanted, settings, setting=setting)
    name = choice.option.name
    log.info("engine chosen", extra={"engine": name, "why": choice.reason})
    try:
        return choice, choice.option.load(settings)
    except EngineError as error:
        rest = tuple(option for option in table if option is not choice.option)
        if wanted != "auto" or not rest:
            raise ConfigurationError(f"{name} cannot be used: {error.detail}") from error
        log.warning("engine cannot be used", extra={"engine": name, "why": error.detail})
        return load_engine(rest, wanted, settings, setting=setting)
