"""Whether what a microphone hears is our own voice, come back through the person's loudspeaker. Pure.

Browsers take most of it away; what is left, or all of it where they do not, rises and falls as what was played did
some time before. So loudness is compared with loudness, for every delay that is likely. Somebody who speaks at the same
time is loud at other moments.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

TICK = 0.02
"""Seconds of what is played that one loudness stands for."""
LONGEST_DELAY = 40
"""Ticks from playing to hearing: network, play-out buffer, room and the way back take 0.1 to 0.6 s."""
SPAN = 24
"""Windows of the microphone that are compared: three quarters of a second."""
ALIKE = 0.8
"""Correlation from which it is our voice."""
_FAINT = 1e-3
"""Loudness (-60 dB) under which nothing is played, and under which differences do not count."""


class EchoDetector:
    """Told of everything that is played and heard in one session, in the order in which it happens."""

    def __init__(self) -> None:
        self._played: deque[float] = deque([0.0] * (LONGEST_DELAY + 2 * SPAN + 2), maxlen=LONGEST_DELAY + 2 * SPAN + 2)
        self._ticks = 0
        self._heard: deque[tuple[int, float]] = deque(maxlen=SPAN)

    def played(self, loudness: float) -> None:
        """The next 20 ms that leave for the person, or silence.

        Args:
            loudness: root mean square, 0 to 1.
        """
        self._ticks += 1
        self._played.append(loudness)

    def is_echo(self, loudness: float) -> bool:
        """Whether the next window of the microphone is our own voice."""
        self._heard.append((self._ticks, loudness))
        if len(self._heard) < SPAN or max(self._played) < _FAINT:
            return False
        heard = _level(np.array([level for _, level in self._heard]))
        if heard.std() < 0.05:
            return False
        played = _level(np.convolve(np.array(self._played), np.full(3, 1 / 3), mode="same"))
        newest = len(played) - 1
        places = np.array([newest - (self._ticks - tick) for tick, _ in self._heard])
        delays = places[None, :] - np.arange(LONGEST_DELAY)[:, None]
        return bool(_correlations(played[np.maximum(delays, 0)], heard).max() >= ALIKE)


def _level(loudness: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.log10(np.maximum(loudness, _FAINT)))


def _correlations(rows: npt.NDArray[np.float64], one: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of each row with one series; 0 where a row does not change."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    one = one - one.mean()
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(one)
    return np.asarray(np.where(norms > 1e-6, rows @ one / np.maximum(norms, 1e-6), 0.0))
