"""How an engine that gives only sound comes by lip shapes."""

from __future__ import annotations

import logging

import numpy as np

from bus.errors import EngineError
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.lips.alignment import AlignedVisemes, LoudnessVisemes, VisemeStream

log = logging.getLogger(__name__)


class VisemeEstimator:
    """Lets another engine say the same text and moves its shapes to the voice.

    Args:
        reference: an engine that gives shapes, eSpeak NG; None where it is not installed: the mouth then follows the
            loudness only.
    """

    def __init__(self, reference: Synthesizer | None) -> None:
        self._reference = reference

    def open(self, text: str, voice: Voice, rate: int) -> VisemeStream:
        """For one speech.

        Args:
            rate: of the samples that will be pushed.
        """
        if self._reference is None:
            return LoudnessVisemes(rate)
        try:
            pieces = list(self._reference.speak(text, Voice(pace=voice.pace, language=voice.language), 1))
        except EngineError as error:
            log.warning("no lip shapes from the text", extra={"why": error.detail})
            return LoudnessVisemes(rate)
        if not pieces or not len(pieces[0].samples):
            return LoudnessVisemes(rate)
        samples = np.concatenate([piece.samples for piece in pieces])
        viseme_marks = tuple(mark for piece in pieces for mark in piece.visemes)
        return AlignedVisemes(SpeechPiece(samples, pieces[0].rate, viseme_marks), rate)
