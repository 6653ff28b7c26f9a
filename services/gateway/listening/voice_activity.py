"""Voice activity detectors: the probability of speech in a window of some 30 ms."""

from __future__ import annotations

import math
from collections import deque
from pathlib import Path
from typing import Protocol

from bus.errors import InvalidInput
from services import silero
from services.audio import rms, samples_from_pcm
from services.gateway.listening.endpointing import WINDOW
from services.gateway.listening.noise import is_noise, is_tone
from services.gateway.listening.onset import STEADY, SURE, Evidence


class VoiceActivityDetector(Protocol):
    """A detector for one stream of sound; it may keep state from window to window."""

    @property
    def window(self) -> int:
        """Samples in a window."""
        ...

    @property
    def onset(self) -> tuple[Evidence, ...]:
        """What makes it certain that somebody speaks, by this detector."""
        ...

    def probability(self, window: bytes) -> float:
        """The probability of speech, 0 to 1.

        Args:
            window: the next `window` samples, 16 kHz mono s16.
        Raises:
            InvalidInput: the window has another length.
        """
        ...


class SileroDetector:
    """Silero's network: tells voices from noise, music and coughs, and notices within 40 ms that a voice has ended."""

    window = silero.WINDOW
    onset = SURE

    def __init__(self, network: Path) -> None:
        self._network = silero.SileroVad(network)

    def probability(self, window: bytes) -> float:
        if len(window) != 2 * self.window:
            raise InvalidInput(f"expected a window of {2 * self.window} bytes (32 ms at 16 kHz), got {len(window)}")
        return self._network.probability(samples_from_pcm(window))


HISTORY = 100
"""Windows from which the noise floor is estimated: 3 s. Speech dips to it between words, steady noise stays on it."""
FLOOR_QUANTILE = 0.1
MIN_FLOOR, MAX_FLOOR = -66.0, -30.0
"""dB of full scale to which the estimate of the noise floor is limited."""
MARGIN = 9.0
"""dB over the floor at which the probability of speech is a half."""
SLOPE = 1.5
"""dB that multiply the odds of speech by e."""
MAX_UNVOICED = 0.25
"""The highest probability of a window without a voice; below both thresholds of the endpointer."""


class PocketsphinxDetector:
    """The WebRTC detector in the wheel of pocketsphinx, combined with an adaptive noise floor.

    The WebRTC detector alone goes on for 120 ms after a voice, and takes noise for speech. The floor adapts within
    seconds; beeps and bursts of noise are told by their spectra.
    """

    window = WINDOW
    onset = STEADY

    def __init__(self) -> None:
        from pocketsphinx import Vad

        self._vad = Vad(Vad.MEDIUM_STRICT)
        self._levels: deque[float] = deque(maxlen=HISTORY)

    def probability(self, window: bytes) -> float:
        if len(window) != 2 * WINDOW:
            raise InvalidInput(f"expected a window of {2 * WINDOW} bytes (30 ms at 16 kHz), got {len(window)}")
        samples = samples_from_pcm(window)
        level = 20 * math.log10(max(rms(samples), 1e-5))
        self._levels.append(level)
        over = level - self._floor() - MARGIN
        loud = 1 / (1 + math.exp(-over / SLOPE))
        voiced = self._vad.is_speech(window) and not is_tone(samples) and not is_noise(samples)
        return loud if voiced else MAX_UNVOICED * loud

    def _floor(self) -> float:
        ordered = sorted(self._levels)
        floor = ordered[int(len(ordered) * FLOOR_QUANTILE)]
        return min(max(floor, MIN_FLOOR), MAX_FLOOR)
