"""Recognises tones and steady noise, which a detector that knows only energy would take for a voice. Pure."""

from __future__ import annotations

import numpy as np

from bus.events import MICROPHONE_RATE
from services.audio import Samples
from services.gateway.listening.spectrum import in_bands, power_spectrum

LOWEST_TONE = 400
"""Hertz from which a voice never has nearly all its energy in one or two partials: it has its harmonics beside them."""
PARTIALS = 2
"""Of a beep: a telephone's key has two."""
TONE_SHARE = 0.85
"""Share of the energy that is in the partials of a tone."""
NOISE_BANDS = tuple(range(200, 4001, 200))
"""Hertz; edges of the bands in which a noise is equally loud."""
NOISE_FLATNESS = 0.6
"""Geometric by arithmetic mean of the power in the bands, from which a sound is a noise. Of the windows of the recorded
sentences, 1.6 % are above: the hiss in a word."""
_LEAKAGE = 2
"""Bins of the spectrum on each side that belong to a partial."""


def is_tone(samples: Samples) -> bool:
    """Whether a window of the microphone is a beep: nearly all of its energy is in one or two high partials."""
    power = power_spectrum(samples.astype(np.float64))
    total = power.sum()
    if total <= 0:
        return False
    share, lowest = 0.0, float("inf")
    for _ in range(PARTIALS):
        peak = int(power.argmax())
        around = slice(max(peak - _LEAKAGE, 0), peak + _LEAKAGE + 1)
        share += power[around].sum() / total
        power[around] = 0
        lowest = min(lowest, peak * MICROPHONE_RATE / len(samples))
        if share >= TONE_SHARE:
            return lowest >= LOWEST_TONE
    return False


def is_noise(samples: Samples) -> bool:
    """Whether a window of the microphone is a noise such as that of a fan or a tap: equally loud at all frequencies."""
    power = power_spectrum(samples.astype(np.float64))
    bands = in_bands(power, NOISE_BANDS, len(samples), MICROPHONE_RATE) + 1e-12
    return bool(np.exp(np.log(bands).mean()) / bands.mean() >= NOISE_FLATNESS)
