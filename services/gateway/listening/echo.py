"""Detects the avatar's own voice in a microphone, come back from the loudspeaker. Pure.

Browsers cancel most of the echo; the residue, or all of it where they cancel none, rises and falls with the playback,
some time later. So the loudness of the microphone is correlated with that of the playback at every plausible delay. A
person who speaks over the playback is loud at other moments.

Any two voices that begin within a second correlate, because both begin. So where one has just begun, the spectra
decide: those of an echo are the ones that were played, but for a filter and a gain; those of another voice are not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from services.audio import Samples
from services.gateway.listening.spectrum import in_bands, power_spectrum

MAX_DELAY = 40
"""Packets of 20 ms from playback to microphone: network, play-out buffer, room and the way back take 0.1 to 0.6 s."""
SPAN = 24
"""Microphone windows that are correlated: three quarters of a second."""
ECHO_CORRELATION = 0.8
"""Correlation from which the microphone hears the playback."""
MIN_DEVIATION = 0.05
"""Standard deviation (in powers of ten) under which the microphone's loudness is too even to be correlated."""
JUDGED_BY_SPECTRUM = 5, 20
"""Windows with playback in them from which its spectra are known well enough, and from which the correlation of the
loudness tells enough."""
MAX_DIFFERENCE = 8.0
"""Decibels, root mean square over bands and windows, by which an echo differs from what was played, its gain in each
band aside. Measured on pairs of recorded sentences: 95 of 100 echoes of a reverberant room differ by less, 90 of 100
other voices by more, from a third of a second after the onset; 98 after half a second."""
BAND_EDGES = (150, 400, 700, 1100, 1700, 2600, 4000)
"""Hertz."""
_FLOOR = 1e-3
"""Loudness (-60 dB) under which playback counts as silent, and under which differences do not count."""
_POWER_FLOOR = 1e-9

Bands: TypeAlias = npt.NDArray[np.float64]
"""Power in each of the bands."""
_SILENCE: Bands = np.zeros(len(BAND_EDGES) - 1)


class _Sound:
    """A short piece of sound, whose spectrum is computed once, where it is asked for: that is seldom."""

    __slots__ = ("_bands", "_compute", "loudness")

    def __init__(self, loudness: float = 0.0, compute: Callable[[], Bands] | None = None) -> None:
        self.loudness = loudness
        self._compute = compute
        self._bands = _SILENCE

    @property
    def bands(self) -> Bands:
        if self._compute is not None:
            self._bands, self._compute = self._compute(), None
        return self._bands


_LENGTH = MAX_DELAY + 2 * SPAN + 2


def band_powers(samples: Samples, rate: int) -> Bands:
    """The power of a short piece of sound in the bands, full scale being 1.

    Args:
        rate: samples in a second.
    """
    power = power_spectrum(samples / (32768 * len(samples)))
    return in_bands(power, BAND_EDGES, len(samples), rate)


_QUIET = _Sound()


class EchoDetector:
    """The recent sound of playback and microphone in one session, pushed in the order in which it happens."""

    def __init__(self) -> None:
        self._playback: deque[_Sound] = deque([_QUIET] * _LENGTH, maxlen=_LENGTH)
        self._packets = 0
        self._audible = -_LENGTH
        """Number of the newest packet that was no silence."""
        # Before it was on, it heard nothing: it may be switched on beside a loudspeaker that is playing.
        self._microphone: deque[tuple[int, _Sound]] = deque([(0, _QUIET)] * SPAN, maxlen=SPAN)

    def push_playback(self, loudness: float = 0.0, bands: Callable[[], Bands] | None = None) -> None:
        """Add the next 20 ms that leave for the browser; without arguments silence.

        Args:
            loudness: root mean square, 0 to 1.
            bands: computes its power in each band.
        """
        self._packets += 1
        self._playback.append(_Sound(loudness, bands) if bands is not None else _QUIET)
        if loudness >= _FLOOR:
            self._audible = self._packets

    def is_echo(self, loudness: float, bands: Callable[[], Bands]) -> bool:
        """Add the next window of the microphone; returns whether it is an echo of the playback.

        In the third of a second after something has begun, before the spectra tell, it counts as an echo.
        """
        self._microphone.append((self._packets, _Sound(loudness, bands)))
        if self._packets - self._audible >= _LENGTH:
            return False
        heard = _log_level(np.array([window.loudness for _, window in self._microphone]))
        if heard.std() < MIN_DEVIATION:
            return False
        played = _log_level(_smoothed(np.array([packet.loudness for packet in self._playback])))
        places = np.array([_LENGTH - 1 - (self._packets - packet) for packet, _ in self._microphone])
        delayed = np.maximum(places[None, :] - np.arange(MAX_DELAY)[:, None], 0)
        delays = np.flatnonzero(_correlations(played[delayed], heard) >= ECHO_CORRELATION)
        if not len(delays):
            return False
        active = (played > np.log10(2 * _FLOOR))[delayed[delays]]
        enough, plenty = JUDGED_BY_SPECTRUM
        counts = active.sum(axis=1)
        if not ((counts >= enough) & (counts < plenty)).all():
            return True  # where few windows or many have playback in them, they count as alike
        heard_bands = _decibels(np.array([window.bands for _, window in self._microphone]))
        played_bands = _decibels(_smoothed(np.array([packet.bands for packet in self._playback])))
        return any(
            _sound_alike(heard_bands[there], played_bands[at[there]])
            for there, at in zip(active, delayed[delays], strict=True)
        )


def _sound_alike(heard: npt.NDArray[np.float64], played: npt.NDArray[np.float64]) -> bool:
    """Whether windows of the microphone sound like what was played.

    Args:
        heard: decibels in each band, a row for each window in which playback was audible.
        played: the same of the playback.
    """
    difference = heard - played
    difference -= difference.mean(axis=0)
    return bool(np.sqrt(np.mean(difference**2)) <= MAX_DIFFERENCE)


def _smoothed(packets: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean of each packet and its two neighbours, along the first axis."""
    padded = np.pad(packets, [(1, 1)] + [(0, 0)] * (packets.ndim - 1))
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3)


def _decibels(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(10 * np.log10(power + _POWER_FLOOR))


def _log_level(loudness: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.log10(np.maximum(loudness, _FLOOR)))


def _correlations(rows: npt.NDArray[np.float64], series: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The correlation of each row with the series; 0 where a row is constant."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    series = series - series.mean()
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(series)
    return np.asarray(np.where(norms > 1e-6, rows @ series / np.maximum(norms, 1e-6), 0.0))
