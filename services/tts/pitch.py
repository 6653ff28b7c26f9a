"""The pitch of a voice in each packet, by autocorrelation. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bus.events import OPUS_FRAME, SPEECH_RATE
from services.audio import Samples

_RATE = 8_000
"""Samples a second that the pitch is measured at."""
_STEP = OPUS_FRAME * _RATE // SPEECH_RATE
_WINDOW = 2 * _STEP
"""Samples, 40 ms: two periods of the lowest voice."""
_LOWEST, _HIGHEST = 70, 420
"""Hz."""
_LAGS = np.arange(_RATE // _HIGHEST, _RATE // _LOWEST + 1)
_VOICED = 0.5
"""Autocorrelation from which a sound has a pitch, 1 for a sound that repeats itself exactly."""
_NEAR_BEST = 0.88
"""The shortest period that is this near the best one is the pitch: twice a period repeats as well."""
_SOFTEST = 150.0
"""Root mean square, of 32768, below which there is no voice."""
_FFT = 512


class PitchMeter:
    """Measures one stream of 48 kHz sound."""

    def __init__(self) -> None:
        self._before = np.zeros(_WINDOW - _STEP, np.float32)

    def push(self, samples: Samples) -> list[int]:
        """The pitch of each 20 ms in Hz, 0 without a voice; the last 20 ms are padded with silence."""
        count = -(-len(samples) // OPUS_FRAME)
        if count == 0:
            return []
        padded = np.zeros(count * OPUS_FRAME, np.float32)
        padded[: len(samples)] = samples
        # A mean is filter enough: what it lets through above 4 kHz has no part in periods.
        slow = padded.reshape(-1, SPEECH_RATE // _RATE).mean(axis=1)
        line = np.concatenate([self._before, slow])
        self._before = line[-len(self._before) :]
        windows = np.lib.stride_tricks.sliding_window_view(line, _WINDOW)[::_STEP]
        return [int(pitch) for pitch in _pitches(windows)]


def _pitches(windows: NDArray[np.float32]) -> NDArray[np.int64]:
    """The pitch of each window, Hz; 0 without a voice."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, _FFT)
    products = np.fft.irfft(spectrum * spectrum.conj(), _FFT)[:, _LAGS]
    # Normalised by the energy of the two stretches that overlap at a lag.
    energy = np.pad(np.cumsum(np.square(centred), axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    first, second = energy[:, _WINDOW - _LAGS], energy[:, -1:] - energy[:, _LAGS]
    likeness = products / np.sqrt(np.maximum(first * second, 1.0))
    best = likeness.max(axis=1, keepdims=True)
    peak = (likeness >= np.roll(likeness, 1, axis=1)) & (likeness >= np.roll(likeness, -1, axis=1))
    lag = _LAGS[np.argmax(peak & (likeness >= _NEAR_BEST * best), axis=1)]
    voiced = (best[:, 0] >= _VOICED) & (np.sqrt(energy[:, -1] / _WINDOW) >= _SOFTEST)
    return np.where(voiced, np.rint(_RATE / lag), 0).astype(np.int64)
