"""An engine on the graphics card, and another one until it is loaded and while the card is full, lost or absent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.gpu_faults import GPU_USE, GpuFault, GpuUse
from services.models.deferred import Deferred
from services.tts.engine import SpeechPiece, Synthesizer, Voice

AGAIN_AFTER = 0.25
"""Seconds after which a sentence that has begun is tried again on a card that was full."""


@dataclass
class _Made:
    """How much of a sentence was made on the card."""

    samples: int = 0
    visemes: int = 0
    pieces: int = 0


class GpuEngine:
    """Speaks on the card, or with the fallback; no sentence has two voices.

    A sentence of which the card has made nothing yet is spoken by the fallback. One that has begun is made again on the
    card, by the same seed and without what is made already, where the card was full; if it cannot be finished, the
    GpuFault is raised.

    Args:
        deferred: the engine on the card.
        fallback: another one, whose name is `fallback_name`.
        use: whether the card may be used.
    """

    def __init__(
        self,
        deferred: Deferred[Synthesizer],
        fallback: Synthesizer,
        fallback_name: str,
        use: GpuUse = GPU_USE,
        *,
        again_after: float = AGAIN_AFTER,
    ) -> None:
        self._deferred = deferred
        self._fallback = fallback
        self._fallback_name = fallback_name
        self._use = use
        self._again_after = again_after

    @property
    def serving(self) -> str:
        """The engine that serves in the place of the one on the card; "" where that one does."""
        return "" if self._is_on_card else self._fallback_name

    def voice_for(self, voice: Voice) -> str:
        return (self._deferred.current if self._is_on_card else self._fallback).voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        """Raises: GpuFault: the card failed in the middle of the sentence."""
        if self._is_on_card:
            made = _Made()
            try:
                yield from self._on_card(text, voice, seed, made)
                return
            except GpuFault as fault:
                if made.pieces and not fault.retryable:
                    raise
            if made.pieces:
                time.sleep(self._again_after)
                yield from self._on_card(text, voice, seed, made)
                return
        yield from self._fallback.speak(text, voice, seed)

    def _on_card(self, text: str, voice: Voice, seed: int, made: _Made) -> Iterator[SpeechPiece]:
        """The pieces of a sentence after what was made of it already."""
        samples, visemes = made.samples, made.visemes
        with self._use.watched("speak"):
            for piece in self._deferred.current.speak(text, voice, seed):
                rest = replace(piece, samples=piece.samples[samples:], visemes=piece.visemes[visemes:])
                samples = max(0, samples - len(piece.samples))
                visemes = max(0, visemes - len(piece.visemes))
                if not len(rest.samples) and not rest.visemes:
                    continue
                made.samples += len(rest.samples)
                made.visemes += len(rest.visemes)
                made.pieces += 1
                yield rest
        self._use.worked()

    @property
    def _is_on_card(self) -> bool:
        return self._use.usable and not self._deferred.serving
