"""The interface of a speech synthesizer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from bus.events import VisemeMark
from services.audio import Samples


@dataclass(frozen=True)
class Voice:
    """A character's voice; each engine uses the nearest that it has."""

    name: str = "female"
    """"female", "male", or the name of an engine's own voice."""
    pitch: float = 1.0
    """Factor on the voice's own pitch, about 0.8 to 1.3."""
    pace: float = 1.0
    """Factor on the speaking rate, about 0.7 to 1.5."""
    language: str = "en"
    """BCP-47 tag."""
    sample: str = ""
    """File name of a recording to clone the voice from, if the engine can; with or without its suffix."""

    @property
    def is_english(self) -> bool:
        return self.language.lower().split("-")[0] == "en"


@dataclass(frozen=True)
class SpeechPiece:
    """The next part of a speech."""

    samples: Samples
    """[n], mono, continues the previous piece."""
    rate: int
    """Samples per second, the same in all pieces of a speech."""
    visemes: tuple[VisemeMark, ...] = ()
    """In order, positions at `rate` from the start of the speech. They may lie in later pieces; estimated ones can lie
    slightly before this piece."""


class Synthesizer(Protocol):
    """Text to audio and visemes. Synchronous; may be called from several threads at once."""

    def voice_for(self, voice: Voice) -> str:
        """The name of the engine's voice, e.g. "flite/slt"."""
        ...

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        """Synthesise one sentence in its spoken form. Closing the iterator stops the work.

        Args:
            seed: the same seed gives the same audio, if the engine samples at all.
        Raises:
            EngineError: the engine failed; `retryable` if trying again can help.
        """
        ...
