"""An engine whose model may still have to be downloaded: another engine speaks until it is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from services.models.deferred import Deferred
from services.tts.engine import SpeechPiece, Synthesizer, Voice


class DeferredEngine:
    """The fallback engine until the deferred one is loaded; a sentence is spoken by the engine that began it."""

    def __init__(self, deferred: Deferred[Synthesizer]) -> None:
        self._deferred = deferred

    @property
    def serving(self) -> str:
        """The engine that serves in the place of the deferred one; "" once that is loaded."""
        return self._deferred.serving

    def voice_for(self, voice: Voice) -> str:
        return self._deferred.current.voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        return self._deferred.current.speak(text, voice, seed)
