"""An engine that passes each utterance on to the engine for its language."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property

from bus.errors import VisavisError
from bus.events import UNKNOWN_LANGUAGE
from services.command_phrases import Phrase
from services.stt.engine import Transcriber, Transcription

log = logging.getLogger(__name__)


class LanguageRouter:
    """One engine for English, a second one, loaded at the first need, for all others and where the language has to be
    detected: the first one would hear English in any language.

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

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> Transcription:
        code = language.lower().split("-")[0]
        if code == "en":
            return self.english.open(language, prompt, phrases, likely)
        try:
            return self._others.open(language, prompt, phrases, likely)
        except VisavisError as error:
            if code != UNKNOWN_LANGUAGE:
                raise
            log.warning("the language cannot be detected, heard as English", extra={"why": error.detail})
            return self.english.open(language, prompt, phrases, likely)
