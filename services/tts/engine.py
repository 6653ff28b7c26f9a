"""What a synthesiser is to the TTS service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from bus.events import VisemeMark
from services.audio import Samples


@dataclass(frozen=True)
class Voice:
    """How a character sounds; each engine takes the nearest that it has."""

    name: str = "female"
    """"female", "male", or the name of an engine's own voice."""
    pitch: float = 1.0
    """Factor on the voice's own height, about 0.8 to 1.3."""
    pace: float = 1.0
    """Factor on the speed, about 0.7 to 1.5."""
    language: str = "en"
    """BCP-47 tag."""
    sample: str = ""
    """Name of a recording that engines which can clone a voice take it from, with or without its ending."""

    @property
    def is_english(self) -> bool:
        return self.language.lower().split("-")[0] == "en"


@dataclass(frozen=True)
class SpeechPiece:
    """The next part of a speech."""

    samples: Samples
    """[n], mono, follows on the piece before."""
    rate: int
    """Samples per second, the same in all pieces of a speech."""
    visemes: tuple[VisemeMark, ...] = ()
    """Positions at `rate` from the start of the speech, in their order. They may lie in later pieces; where they are
    found by listening they can lie a little before this one."""


class Synthesizer(Protocol):
    """Text to sound and lip shapes. Synchronous; may be called from several threads at once."""

    def voice_for(self, voice: Voice) -> str:
        """The name of the voice that speaks, e.g. "flite/slt"."""
        ...

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        """Speak one sentence of cleaned text. Dropping the iterator stops the work.

        Args:
            seed: the same one gives the same sound, where the engine samples at all.
        Raises:
            EngineError: it failed; says whether trying again can help.
        """
        ...
