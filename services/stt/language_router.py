"""An engine that passes each utterance on to the engine for its language."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial

from bus.errors import VisavisError
from bus.events import MICROPHONE_RATE, UNKNOWN_LANGUAGE
from services.command_phrases import Phrase
from services.stt.engine import Transcriber, Transcript, Transcription

log = logging.getLogger(__name__)

LIVE_BYTES = 2 * MICROPHONE_RATE // 5
"""A longer first block, 200 ms, is of a recording, and not of somebody who speaks."""
SURE = {"moonshine": 0.85}
"""Confidence from which an English recogniser, by its name, has heard English. Of what Pico says in German, French,
Spanish and Italian Moonshine is never surer than 0.76; of people who read English, in nine of twelve sentences surer
than 0.9, and never less than 0.81."""


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
        if code != UNKNOWN_LANGUAGE:
            return self._others.open(language, prompt, phrases, likely)
        detect = partial(self._detect, language, prompt, phrases, likely)
        if likely.lower().split("-")[0] not in ("", "en"):
            return detect()
        return _Detection(partial(self.english.open, "en", prompt, phrases, likely), detect)

    def _detect(self, language: str, prompt: str, phrases: tuple[Phrase, ...], likely: str) -> Transcription:
        try:
            return self._others.open(language, prompt, phrases, likely)
        except VisavisError as error:
            log.warning("the language cannot be detected, heard as English", extra={"why": error.detail})
            return self.english.open(language, prompt, phrases, likely)


class _Detection:
    """An utterance of which the language has to be found, in a conversation that is English so far.

    A recording is heard as English first, which takes a tenth of the time, and again by the engine that detects
    languages where that was not surely English. Somebody who speaks is heard by that engine from the start.

    Args:
        english: opens the English engine.
        detect: opens the engine that detects languages.
    """

    def __init__(self, english: Callable[[], Transcription], detect: Callable[[], Transcription]) -> None:
        self._english = english
        self._detect = detect
        self._current: Transcription | None = None
        self._blocks: list[bytes] | None = None
        """Of a recording."""

    def push(self, pcm: bytes) -> str | None:
        if self._current is None:
            is_recording = len(pcm) > LIVE_BYTES
            self._blocks = [] if is_recording else None
            self._current = self._english() if is_recording else self._detect()
        text = self._current.push(pcm)
        if self._blocks is None:
            return text
        self._blocks.append(pcm)
        return None  # it may be no English

    def finish(self) -> Transcript:
        if self._current is None:
            self._current = self._detect()
        transcript = self._current.finish()
        if self._blocks is None:
            return transcript
        if transcript.text and transcript.confidence >= SURE.get(transcript.engine, 1.1):
            return replace(transcript, language="en")
        self._current.close()
        self._current = self._detect()
        for block in self._blocks:
            self._current.push(block)
        return self._current.finish()

    def close(self) -> None:
        if self._current is not None:
            self._current.close()
