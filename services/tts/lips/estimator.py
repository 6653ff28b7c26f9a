"""Estimates visemes for an engine that gives only audio."""

from __future__ import annotations

import logging

import numpy as np

from bus.errors import EngineError
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.lips.alignment import AlignedVisemes, LoudnessVisemes, VisemeStream

log = logging.getLogger(__name__)


class VisemeEstimator:
    """Lets a reference engine speak the same text and aligns its visemes with the voice.

    Args:
        reference: an engine with visemes, eSpeak NG; None if it is not installed: the mouth then follows the loudness.
    """

    def __init__(self, reference: Synthesizer | None) -> None:
        self._reference = reference

    def open(self, text: str, voice: Voice, rate: int) -> VisemeStream:
        """The visemes of one speech.

        Args:
            rate: sample rate of the audio that will be pushed.
        """
        if self._reference is None:
            return LoudnessVisemes(rate)
        try:
            pieces = list(self._reference.speak(text, Voice(pace=voice.pace, language=voice.language), 1))
        except EngineError as error:
            log.warning("no reference for the visemes, they follow the loudness", extra={"why": error.detail})
            return LoudnessVisemes(rate)
        if not pieces or not len(pieces[0].samples):
            return LoudnessVisemes(rate)
        samples = np.concatenate([piece.samples for piece in pieces])
        marks = tuple(mark for piece in pieces for mark in piece.visemes)
        return AlignedVisemes(SpeechPiece(samples, pieces[0].rate, marks), rate)
