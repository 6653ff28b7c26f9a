"""Whether there is speech in a window of sound, some 30 ms of it."""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

from bus.errors import InvalidInput
from services import silero
from services.audio import rms, samples_from_pcm
from services.gateway.listening.endpointing import WINDOW


class VoiceActivityDetector(Protocol):
    """A detector for one stream of sound: it may remember what it heard."""

    @property
    def window(self) -> int:
        """Samples that it judges at once."""
        ...

    def probability(self, window: bytes) -> float:
        """How likely somebody speaks, 0 to 1.

        Args:
            window: the next `window` samples, 16 kHz mono s16.
        Raises:
            InvalidInput: another length.
        """
        ...


def best_detector() -> type[SileroDetector] | type[PocketsphinxDetector]:
    """The best that is installed here."""
    return PocketsphinxDetector if silero.missing() else SileroDetector


class SileroDetector:
    """Silero's network, which tells voices from noise, music and coughs, and knows within 40 ms that one has ended."""

    window = silero.WINDOW

    def __init__(self) -> None:
        self._silero = silero.SileroVad()

    def probability(self, window: bytes) -> float:
        if len(window) != 2 * self.window:
            raise InvalidInput(f"expected a window of {2 * self.window} bytes (32 ms at 16 kHz), got {len(window)}")
        return self._silero.probability(samples_from_pcm(window))


HISTORY = 100
"""Windows by which the noise floor is known: 3 s. Speech dips to it between words, steady noise never leaves it."""
FLOOR_SHARE = 0.1
QUIETEST, LOUDEST_FLOOR = -66.0, -30.0
"""dB of full scale between which the noise floor is believed."""
MARGIN = 9.0
"""dB over the floor at which speech is as likely as not."""
SLOPE = 1.5
"""dB for odds of e."""
UNVOICED = 0.25
"""What a window that does not sound like a voice can reach at the most; below both thresholds of the endpointer."""


class PocketsphinxDetector:
    """The WebRTC detector of pocketsphinx's wheel, which goes on for 120 ms after a voice and takes noise for speech,
    held against a noise floor that adapts within seconds.
    """

    window = WINDOW

    def __init__(self) -> None:
        from pocketsphinx import Vad

        self._vad = Vad(Vad.MEDIUM_STRICT)
        self._levels: deque[float] = deque(maxlen=HISTORY)

    def probability(self, window: bytes) -> float:
        if len(window) != 2 * WINDOW:
            raise InvalidInput(f"expected a window of {2 * WINDOW} bytes (30 ms at 16 kHz), got {len(window)}")
        level = 20 * math.log10(max(rms(samples_from_pcm(window)), 1e-5))
        self._levels.append(level)
        over = level - self._floor() - MARGIN
        loud = 1 / (1 + math.exp(-over / SLOPE))
        return loud if self._vad.is_speech(window) else UNVOICED * loud

    def _floor(self) -> float:
        ordered = sorted(self._levels)
        floor = ordered[int(len(ordered) * FLOOR_SHARE)]
        return min(max(floor, QUIETEST), LOUDEST_FLOOR)
