"""The interface of a speech recogniser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bus.events import Word
from services.command_phrases import Phrase


@dataclass(frozen=True)
class Transcript:
    """The final result for one utterance."""

    text: str
    """"" if no word was recognised."""
    confidence: float
    """Mean word probability, 0 to 1."""
    words: tuple[Word, ...] = ()
    language: str = ""
    """BCP-47 tag, if the recogniser detects the language."""
    engine: str = ""
    """Name of the engine; "": the one that the service has chosen."""


class Transcription(Protocol):
    """The recognition of one utterance. Used by one thread at a time."""

    def push(self, pcm: bytes) -> str | None:
        """Recognise the next block of audio.

        Args:
            pcm: 16 kHz mono s16.
        Returns:
            The partial transcript, words that will hardly change any more; None if it is the same as after the last
            call.
        Raises:
            InvalidInput: half a sample is left over.
            EngineError: the recogniser failed.
        """
        ...

    def finish(self) -> Transcript:
        """The final transcript; nothing may be pushed afterwards."""
        ...

    def close(self) -> None:
        """Free its resources, finished or not. May be called again."""
        ...


class Transcriber(Protocol):
    """A recogniser with its model loaded."""

    @property
    def threads(self) -> int:
        """Worker threads, that is utterances recognised in parallel; with one, utterances alternate block by block."""
        ...

    @property
    def uses_prompt(self) -> bool:
        """Whether the recogniser makes use of a prompt or of phrases."""
        ...

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> Transcription:
        """Begin an utterance.

        Args:
            language: BCP-47 tag; "und" to detect the language.
            prompt: names that may occur and the preceding messages.
            phrases: commands; the recogniser may prefer one as the whole utterance where the sound nearly fits it.
            likely: BCP-47 tag of the language that is in use; the recogniser may believe it where a short sound leaves
                the language open. Empty: none is.
        Raises:
            EngineError: the language is not supported, or the recogniser cannot begin.
        """
        ...
