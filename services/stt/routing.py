"""Engines of the STT service that pass each utterance on to another engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from bus.errors import EngineError
from bus.events import UNKNOWN_LANGUAGE
from services.command_phrases import Phrase
from services.models.deferred import Deferred
from services.stt.engine import Transcriber, Transcription


class DeferredEngine:
    """The fallback engine until the deferred one is loaded; an utterance stays with the engine that it began with."""

    threads = 8
    uses_prompt = True

    def __init__(self, deferred: Deferred[Transcriber]) -> None:
        self._deferred = deferred

    def open(self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = ()) -> Transcription:
        try:
            return self._deferred.current.open(language, prompt, phrases)
        except EngineError as error:
            if self._deferred.resolved.is_set():
                raise
            detail = f"{error.detail}; {self._deferred.name} is still being fetched"
            raise EngineError(detail, code=error.code, retryable=error.retryable) from error


class LanguageRouter:
    """One engine for English and undetected languages, a second one, loaded at the first need, for all others.

    Args:
        load_others: loads the engine for other languages.
    """

    threads = 8
    uses_prompt = True

    def __init__(self, english: Transcriber, load_others: Callable[[], Transcriber]) -> None:
        self._english = english
        self._load_others = load_others

    @cached_property
    def _others(self) -> Transcriber:
        return self._load_others()

    def open(self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = ()) -> Transcription:
        code = language.lower().split("-")[0]
        engine = self._english if code in ("en", UNKNOWN_LANGUAGE) else self._others
        return engine.open(language, prompt, phrases)
