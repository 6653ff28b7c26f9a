"""Choosing an engine by name from a service's explicit table; `auto` takes the first that can really run here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bus.errors import ConfigurationError
from bus.settings import Settings

E = TypeVar("E")


def _never(settings: Settings) -> None:
    return None


@dataclass(frozen=True)
class EngineOption(Generic[E]):
    """One row of a service's table."""

    name: str
    why_unavailable: Callable[[Settings], str | None]
    """What is missing for it here, as one sentence; None where it can run. Must not load the engine."""
    load: Callable[[Settings], E]
    """Loads it; may take seconds."""
    why_not_preferred: Callable[[Settings], str | None] = _never
    """Why `auto` rather takes a later one, though it could run, as one sentence; None where it does not."""


@dataclass(frozen=True)
class EngineChoice(Generic[E]):
    option: EngineOption[E]
    reason: str


def choose_engine(
    table: Sequence[EngineOption[E]], wanted: str, settings: Settings, *, setting: str
) -> EngineChoice[E]:
    """The engine to use; the table is in order of preference.

    Args:
        wanted: a name from the table, or "auto".
        setting: the environment variable that says so, for the message.
    Raises:
        ConfigurationError: no such engine, or what it needs is not here.
    """
    names = ", ".join(engine.name for engine in table)
    if wanted != "auto":
        for engine in table:
            if engine.name == wanted:
                lack = engine.why_unavailable(settings)
                if lack:
                    raise ConfigurationError(f"{setting}={wanted} cannot be used: {lack}")
                return EngineChoice(engine, f"{setting}={wanted}")
        raise ConfigurationError(f"{setting} must be auto or one of {names}, got {wanted!r}")
    passed: list[str] = []
    for engine in table:
        lack = engine.why_unavailable(settings) or engine.why_not_preferred(settings)
        if lack is None:
            return EngineChoice(engine, "; ".join([*passed, "the best that can run here"]))
        passed.append(f"not {engine.name}: {lack}")
    raise ConfigurationError(f"none of {names} can run here: {'; '.join(passed)}")
