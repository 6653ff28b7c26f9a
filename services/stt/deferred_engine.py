"""An engine whose model may still have to be downloaded: another engine transcribes until it is loaded."""

from __future__ import annotations

from bus.errors import EngineError
from services.command_phrases import Phrase
from services.models.deferred import Deferred
from services.stt.engine import Transcriber, Transcription


class DeferredEngine:
    """The fallback engine until the deferred one is loaded; an utterance stays with the engine that it began with."""

    threads = 8
    uses_prompt = True

    def __init__(self, deferred: Deferred[Transcriber]) -> None:
        self._deferred = deferred

    @property
    def serving(self) -> str:
        """The engine that serves in the place of the deferred one; "" once that is loaded."""
        return self._deferred.serving

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> Transcription:
        try:
            return self._deferred.current.open(language, prompt, phrases, likely)
        except EngineError as error:
            if self._deferred.resolved.is_set():
                raise
            detail = f"{error.detail}; {self._deferred.name} is still being fetched"
            raise EngineError(detail, code=error.code, retryable=error.retryable) from error
