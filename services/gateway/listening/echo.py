"""Detects the avatar's own voice in a microphone, come back from the loudspeaker. Pure.

Browsers cancel most of the echo; the residue, or all of it where they cancel none, rises and falls with the playback,
some time later. So the loudness of the microphone is correlated with that of the playback at every plausible delay. A
person who speaks over the playback is loud at other moments.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

MAX_DELAY = 40
"""Packets of 20 ms from playback to microphone: network, play-out buffer, room and the way back take 0.1 to 0.6 s."""
SPAN = 24
"""Microphone windows that are correlated: three quarters of a second."""
ECHO_CORRELATION = 0.8
"""Correlation from which the microphone hears the playback."""
MIN_DEVIATION = 0.05
"""Standard deviation (in powers of ten) under which the microphone's loudness is too even to be correlated."""
_FLOOR = 1e-3
"""Loudness (-60 dB) under which playback counts as silent, and under which differences do not count."""


class EchoDetector:
    """The recent loudness of playback and microphone in one session, pushed in the order in which it happens."""

    def __init__(self) -> None:
        length = MAX_DELAY + 2 * SPAN + 2
        self._playback: deque[float] = deque([0.0] * length, maxlen=length)
        self._packets = 0
        self._microphone: deque[tuple[int, float]] = deque(maxlen=SPAN)

    def push_playback(self, loudness: float) -> None:
        """Add the next 20 ms that leave for the browser, silence included.

        Args:
            loudness: root mean square, 0 to 1.
        """
        self._packets += 1
        self._playback.append(loudness)

    def is_echo(self, loudness: float) -> bool:
        """Add the next window of the microphone; returns whether it is an echo of the playback."""
        self._microphone.append((self._packets, loudness))
        if len(self._microphone) < SPAN or max(self._playback) < _FLOOR:
            return False
        heard = _log_level(np.array([level for _, level in self._microphone]))
        if heard.std() < MIN_DEVIATION:
            return False
        played = _log_level(np.convolve(np.array(self._playback), np.full(3, 1 / 3), mode="same"))
        newest = len(played) - 1
        places = np.array([newest - (self._packets - packet) for packet, _ in self._microphone])
        delayed = places[None, :] - np.arange(MAX_DELAY)[:, None]
        return bool(_correlations(played[np.maximum(delayed, 0)], heard).max() >= ECHO_CORRELATION)


def _log_level(loudness: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.log10(np.maximum(loudness, _FLOOR)))


def _correlations(rows: npt.NDArray[np.float64], series: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The correlation of each row with the series; 0 where a row is constant."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    series = series - series.mean()
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(series)
    return np.asarray(np.where(norms > 1e-6, rows @ series / np.maximum(norms, 1e-6), 0.0))
