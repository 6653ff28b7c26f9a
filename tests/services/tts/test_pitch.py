"""The pitch of tones, noise and a voice."""

from __future__ import annotations

import numpy as np
import pytest

from services.audio import Samples, resample
from services.tts.pitch import PitchMeter
from tests import voices


def voice(hertz: float, milliseconds: int = 400) -> Samples:
    """A periodic sound whose second harmonic is stronger than its first, as in vowels."""
    time = np.arange(48 * milliseconds) / 48_000
    harmonics = np.array([(1, 0.5), (2, 1.0), (3, 0.7), (7, 0.2)])
    waves = [level * np.sin(2 * np.pi * n * hertz * time + n) for n, level in harmonics]
    return (4_000 * np.sum(waves, axis=0)).astype(np.int16)


@pytest.mark.parametrize("hertz", [75, 110, 150, 220, 300, 400])
def test_the_pitch_of_a_voice_is_its_first_harmonic(hertz: int) -> None:
    measured = PitchMeter().push(voice(hertz))
    assert len(measured) == 20
    assert all(abs(pitch - hertz) <= 0.03 * hertz for pitch in measured[1:]), measured


def test_noise_and_silence_have_no_pitch() -> None:
    noise = (np.random.default_rng(1).normal(size=48_000) * 3_000).astype(np.int16)
    assert set(PitchMeter().push(noise)) == set(PitchMeter().push(np.zeros(4_800, np.int16))) == {0}


def test_blocks_give_the_same_pitch_as_the_whole() -> None:
    samples = np.concatenate([voice(200), voice(130), voice(180, 90)])
    meter = PitchMeter()
    blocks = [meter.push(samples[start : start + 960]) for start in range(0, len(samples), 960)]
    assert [pitch for block in blocks for pitch in block] == PitchMeter().push(samples)


def test_a_recorded_woman_speaks_at_a_womans_pitch() -> None:
    samples = resample(voices.samples("tell_me_something_about_yourself_slt"), 16_000, 48_000)
    voiced = [pitch for pitch in PitchMeter().push(samples) if pitch]
    assert len(voiced) > 40
    assert 140 < np.median(voiced) < 240
    assert np.mean([100 < pitch < 300 for pitch in voiced]) > 0.95
