"""The avatar's voice out of one loudspeaker, for the microphone that may hear it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bus.errors import InvalidInput
from bus.events import OPUS_FRAME, SPEECH_RATE
from services.audio import OpusDecoder, Samples, rms
from services.gateway.listening.echo import Bands, EchoDetector, band_powers


class PlayedVoice:
    """The packets that are played, and whether the microphone hears them."""

    def __init__(self) -> None:
        self._detector = EchoDetector()
        self._decoder = OpusDecoder()

    def push(self, packet: bytes | None, loudness: float | None = None) -> None:
        """Take the Opus packet of these 20 ms; None: silence.

        Args:
            loudness: of the packet, as its voice has recorded it; None: it is decoded for that.
        """
        if packet is None:
            return self._detector.push_playback()
        if loudness is None:
            played = self._decoded(packet)
            return self._detector.push_playback(rms(played), lambda: band_powers(played, SPEECH_RATE))
        return self._detector.push_playback(loudness, lambda: band_powers(self._decoded(packet), SPEECH_RATE))

    def is_heard(self, loudness: float, bands: Callable[[], Bands]) -> bool:
        """Add the next window of the microphone; returns whether it is an echo of this voice.

        Args:
            loudness: root mean square, 0 to 1.
            bands: computes its power in each band.
        """
        return self._detector.is_echo(loudness, bands)

    def _decoded(self, packet: bytes) -> Samples:
        try:
            played = self._decoder.decode(packet)
        except InvalidInput:
            played = np.zeros(0, np.int16)
        return played if len(played) else np.zeros(OPUS_FRAME, np.int16)
