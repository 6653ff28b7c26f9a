"""A recogniser on the graphics card, and another one until it is loaded and while the card is full, lost or absent."""

from __future__ import annotations

from collections.abc import Callable

from services.command_phrases import Phrase
from services.gpu_faults import GPU_USE, GpuFault, GpuUse
from services.models.deferred import Deferred
from services.stt.deferred_engine import DeferredEngine
from services.stt.engine import Transcriber, Transcript, Transcription


class GpuEngine:
    """Recognises on the card, or with the fallback. Where the card fails in the middle of an utterance, the fallback
    hears it from the start.

    Args:
        deferred: the engine on the card.
        fallback: another one, whose name is `fallback_name`.
        use: whether the card may be used.
    """

    threads = 8
    uses_prompt = True

    def __init__(
        self, deferred: Deferred[Transcriber], fallback: Transcriber, fallback_name: str, use: GpuUse = GPU_USE
    ) -> None:
        self._deferred = deferred
        self._on_card = DeferredEngine(deferred)
        self._fallback = fallback
        self._fallback_name = fallback_name
        self._use = use

    @property
    def serving(self) -> str:
        """The engine that serves in the place of the one on the card; "" where that one does."""
        return self._on_card.serving if self._use.usable else self._fallback_name

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> Transcription:
        def other() -> Transcription:
            return self._fallback.open(language, prompt, phrases, likely)

        if not self._use.usable:
            return other()
        if self._deferred.serving:
            return self._on_card.open(language, prompt, phrases, likely)  # its fallback, which says what is fetched
        try:
            with self._use.watched("hear"):
                return _WatchedTranscription(self._on_card.open(language, prompt, phrases, likely), other, self._use)
        except GpuFault:
            return other()


class _WatchedTranscription:
    """An utterance on the card. Its sound is kept, to be heard again by another engine.

    Args:
        other: opens it with the other engine.
    """

    def __init__(self, on_card: Transcription, other: Callable[[], Transcription], use: GpuUse) -> None:
        self._current = on_card
        self._other: Callable[[], Transcription] | None = other
        self._use = use
        self._blocks: list[bytes] = []

    def push(self, pcm: bytes) -> str | None:
        if self._other is None:
            return self._current.push(pcm)
        self._blocks.append(pcm)
        try:
            with self._use.watched("hear"):
                return self._current.push(pcm)
        except GpuFault:
            return self._hear_again(self._other)

    def finish(self) -> Transcript:
        if self._other is not None:
            try:
                with self._use.watched("hear"):
                    transcript = self._current.finish()
                self._use.worked()
                return transcript
            except GpuFault:
                self._hear_again(self._other)
        return self._current.finish()

    def close(self) -> None:
        self._current.close()

    def _hear_again(self, other: Callable[[], Transcription]) -> str | None:
        """Go on with the other engine; its partial transcript of what was pushed so far."""
        self._current.close()
        self._current, self._other = other(), None
        texts = [self._current.push(block) for block in self._blocks]
        self._blocks.clear()
        return next((text for text in reversed(texts) if text is not None), None)
