"""Log-mel spectrograms as Whisper and Smart Turn were trained with (Radford et al., 2022, section 2.2)."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from bus.events import MICROPHONE_RATE

WINDOW = 400
"""Samples of a column: 25 ms at 16 kHz."""
HOP = 160
"""Samples from one column to the next: 10 ms."""
MELS = 80
_RANGE = 8.0
"""Decades below the loudest value at which all is clipped: 80 dB."""


def log_mel(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """[80, n // 160] of sound in −1 to 1 at 16 kHz."""
    padded = np.pad(samples, WINDOW // 2, mode="reflect")
    columns = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: len(samples) // HOP]
    power = np.abs(np.fft.rfft(columns * _hann(), axis=1)) ** 2
    mel = np.log10(np.maximum(power @ _filters(), 1e-10))
    scaled: npt.NDArray[np.float32] = ((np.maximum(mel, mel.max() - _RANGE) + 4) / 4).T.astype(np.float32)
    return scaled


@functools.cache
def _hann() -> npt.NDArray[np.float64]:
    return np.hanning(WINDOW + 1)[:-1]


@functools.cache
def _filters() -> npt.NDArray[np.float64]:
    """[201, 80]: triangles on Slaney's mel scale (1998), linear below 1 kHz, each of the same area."""
    edges = _hertz(np.linspace(0.0, _mels(MICROPHONE_RATE / 2), MELS + 2))
    bins = np.fft.rfftfreq(WINDOW, 1 / MICROPHONE_RATE)
    rising = (bins[:, None] - edges[None, :-2]) / np.diff(edges)[None, :-1]
    falling = (edges[None, 2:] - bins[:, None]) / np.diff(edges)[None, 1:]
    return np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))


_LINEAR = 200.0 / 3
"""Hertz of a mel below 1 kHz."""
_BREAK_HERTZ, _BREAK_MELS = 1000.0, 1000.0 / _LINEAR
_STEP = np.log(6.4) / 27.0
"""Natural logarithm of the ratio of a mel above 1 kHz."""


def _mels(hertz: float) -> float:
    if hertz < _BREAK_HERTZ:
        return hertz / _LINEAR
    return float(_BREAK_MELS + np.log(hertz / _BREAK_HERTZ) / _STEP)


def _hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mels < _BREAK_MELS, mels * _LINEAR, _BREAK_HERTZ * np.exp(_STEP * (mels - _BREAK_MELS)))
