"""Turns the spectra of hibari's network into sound, block by block: the first words are heard before the rest is made.

The same sound as `hibari.dsp.synth` makes at once, but for its noise, which is as random.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
FIRST_BLOCK, BLOCK = 48, 80
"""Frames of 12.5 ms. The first block has the silence before the first word, and the first 200 ms that are sent."""


class Spectra(NamedTuple):
    """What the network says of each frame: arrays of [601, frames], and the pitch."""

    harmonic: Floats
    """Logarithm of the magnitude of the voice."""
    rotation: Floats
    noise: Floats
    """Logarithm of the magnitude of breath."""
    rest: Floats
    """Logarithm of the magnitude of what has a phase of its own."""
    phase: Floats
    f0: Floats
    """[frames], Hz; 0 without a voice."""


def sound_blocks(spectra: Spectra, seed: int) -> Iterator[Floats]:
    """The sound of a part at 24 kHz, a block of frames at a time."""
    from hibari import dsp

    frames, hop, size = len(spectra.f0), dsp.HOP, dsp.N_FFT
    overlap = size // hop - 1
    """Frames that a frame reaches into."""
    random = np.random.default_rng(seed)
    squares = (dsp.WIN * dsp.WIN).reshape(overlap + 1, hop)
    sums = np.zeros((overlap, hop), np.float32)
    weights = np.zeros((overlap, hop), np.float32)
    pulses: Floats = np.zeros(0, np.float32)
    skipped = size // 2 // hop
    """Hops before the first sample: frames are centred."""
    bounds = [0, *range(FIRST_BLOCK, frames, BLOCK), frames]
    for start, stop in pairwise(bounds):
        if start == 0:
            pulses = dsp.pulses(spectra.f0[: stop + overlap])  # those of all frames would take a third of the time
        elif start == FIRST_BLOCK:
            pulses = dsp.pulses(spectra.f0)
        count = stop - start
        waves = dsp.irfft(_spectrum(spectra, pulses, slice(start, stop), random).T, size, 1) * dsp.WIN
        waves = waves.reshape(count, overlap + 1, hop)
        sums = np.concatenate([sums, np.zeros((count, hop), np.float32)])
        weights = np.concatenate([weights, np.zeros((count, hop), np.float32)])
        for step in range(overlap + 1):
            sums[step : step + count] += waves[:, step]
            weights[step : step + count] += squares[step]
        ready = len(sums) - skipped + 1 if stop == frames else count
        begin = skipped if start == 0 else 0
        yield (sums[begin:ready] / np.maximum(weights[begin:ready], 1e-11)).reshape(-1)
        sums, weights = sums[count:], weights[count:]


def _spectrum(
    spectra: Spectra, pulses: Floats, frames: slice, random: np.random.Generator
) -> npt.NDArray[np.complex64]:
    """The short-time spectrum of some frames, [601, frames]: voice, breath and the rest."""
    from hibari import dsp

    half, hop = dsp.N_FFT // 2, dsp.HOP
    begin, end = frames.start * hop - half, (frames.stop - 1) * hop + half
    around = pulses[max(begin, 0) : end]
    padded = np.pad(around, (max(-begin, 0), max(end - len(pulses), 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, dsp.N_FFT)[::hop] * dsp.WIN_SRC
    spectrum = np.ascontiguousarray(dsp.rfft(windows, 1).T)
    angle = np.tanh(spectra.rotation[:, frames])
    angle *= np.pi
    spectrum *= _polar(angle, spectra.harmonic[:, frames])
    bins, count = spectrum.shape
    noise = random.standard_normal((bins, 2 * count), dtype=np.float32).view(np.complex64)
    spectrum += noise * dsp.ex(spectra.noise[:, frames])
    spectrum += _polar(spectra.phase[:, frames], spectra.rest[:, frames])
    return spectrum


def _polar(angle: Floats, logarithm: Floats) -> npt.NDArray[np.complex64]:
    from hibari import dsp

    numbers = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=numbers.real)
    np.sin(angle, out=numbers.imag)
    numbers *= dsp.ex(logarithm)
    return numbers
