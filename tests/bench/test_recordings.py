"""Noise and reverberation of the recordings that the recognisers are measured with."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from bench.recordings import PROMPTS, Recording, in_noise, people, pink_noise, reverberant

RATE = 16_000
TONE = Recording("tone", "la", (8_000 * np.sin(np.arange(2 * RATE) * 2 * np.pi * 440 / RATE)).astype(np.int16))
CLICK = Recording("click", "tk", np.array([20_000, *[0] * (RATE - 1)], np.int16))


def decibels(ratio: float) -> float:
    return float(10 * np.log10(ratio))


def test_the_noise_is_twelve_decibels_below_the_speech() -> None:
    speech = TONE.samples.astype(float)
    noise = in_noise(TONE).samples - speech
    assert decibels(np.mean(speech**2) / np.mean(noise**2)) == pytest.approx(12, abs=0.1)


def test_the_same_seed_gives_the_same_noise_and_another_one_does_not() -> None:
    assert (in_noise(TONE, 1).samples == in_noise(TONE, 1).samples).all()
    assert (in_noise(TONE, 1).samples != in_noise(TONE, 2).samples).any()


def test_pink_noise_falls_by_three_decibels_an_octave() -> None:
    power = np.abs(np.fft.rfft(pink_noise(1 << 16, 3))) ** 2
    octaves = [power[start : 2 * start].mean() for start in (256, 512, 1024, 2048, 4096)]
    steps = [decibels(before / after) for before, after in itertools.pairwise(octaves)]
    assert np.mean(steps) == pytest.approx(3, abs=0.5)


def test_a_click_sounds_on_and_falls_by_sixty_decibels_in_half_a_second() -> None:
    heard = reverberant(CLICK).samples.astype(float)
    early, late = (np.mean(heard[start : start + 800] ** 2) for start in (800, 4_800))
    assert decibels(early / late) == pytest.approx(60 * 4_000 / 8_000, abs=4)
    assert np.abs(heard).argmax() == 0


def test_every_prompt_has_a_text_of_its_own_recording() -> None:
    lines = [line.split("\t") for line in PROMPTS.read_text().splitlines()]
    assert len({name for name, _ in lines}) == len(lines) > 60
    assert all(text.endswith(".") for _, text in lines)


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="apt install asterisk-core-sounds-en-g722"):
        people(asterisk=tmp_path / "nowhere", pocketsphinx=tmp_path)
