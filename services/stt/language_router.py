"""An engine that passes each utterance on to the engine for its language."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from bus.events import UNKNOWN_LANGUAGE
from services.command_phrases import Phrase
from services.stt.engine import Transcriber, Transcription


class LanguageRouter:
    """One engine for English and undetected languages, a second one, loaded at the first need, for all others.

    Args:
        load_others: loads the engine for other languages.
    """

    threads = 8
    uses_prompt = True

    def __init__(self, english: Transcriber, load_others: Callable[[], Transcriber]) -> None:
        self.english = english
        self._load_others = load_others

    @cached_property
    def _others(self) -> Transcriber:
        return self._load_others()

    def open(self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = ()) -> Transcription:
        code = language.lower().split("-")[0]
        engine = self.english if code in ("en", UNKNOWN_LANGUAGE) else self._others
        return engine.open(language, prompt, phrases)
