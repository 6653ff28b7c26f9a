"""The spectrum of a short piece of sound. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

Powers = npt.NDArray[np.float64]


def power_spectrum(sound: npt.NDArray[np.float64]) -> Powers:
    """The power at each frequency, from 0 to half the rate."""
    spectrum = np.fft.rfft(sound * _window(len(sound)))
    return np.asarray(spectrum.real**2 + spectrum.imag**2)


@cache
def _window(length: int) -> npt.NDArray[np.float64]:
    return np.hanning(length)


def in_bands(power: Powers, edges: Sequence[int], length: int, rate: int) -> Powers:
    """The power in each band.

    Args:
        power: the spectrum of so many samples.
        edges: of the bands, Hz.
        rate: samples in a second.
    """
    return np.add.reduceat(power, (np.array(edges) * length / rate).astype(int))[:-1]
