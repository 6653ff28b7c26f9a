"""What a recogniser is to the STT service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bus.events import Word


@dataclass(frozen=True)
class Transcript:
    text: str
    """"" where no word was heard."""
    confidence: float
    """Mean word probability, 0 to 1."""
    words: tuple[Word, ...] = ()
    language: str = ""
    """BCP-47 tag, where the recogniser found it out."""


class Transcription(Protocol):
    """The recognition of one utterance. Used by one thread at a time."""

    def push(self, pcm: bytes) -> str | None:
        """Hear more.

        Args:
            pcm: 16 kHz mono s16.
        Returns:
            The words so far that will hardly change, where they are others than at the last call.
        Raises:
            InvalidInput: half a sample is left over.
            EngineError: the recogniser failed.
        """
        ...

    def finish(self) -> Transcript:
        """The utterance is over; nothing may be pushed after."""
        ...

    def close(self) -> None:
        """Free what it holds, finished or not. May be called again."""
        ...


class Transcriber(Protocol):
    """A recogniser with its model loaded."""

    @property
    def threads(self) -> int:
        """Utterances that it hears at the same moment; with one, they take turns block by block."""
        ...

    @property
    def prompted(self) -> bool:
        """Whether it makes use of a prompt."""
        ...

    def open(self, language: str, prompt: str = "") -> Transcription:
        """Begin an utterance.

        Args:
            language: BCP-47 tag; "und" where it is to be found out.
            prompt: names that may come and what was said before.
        Raises:
            EngineError: it does not know the language, or cannot begin.
        """
        ...
