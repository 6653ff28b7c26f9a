"""hibari's sound in blocks is the sound that the package makes at once."""

from __future__ import annotations

import numpy as np
import pytest

from services.tts.engines.hibari_sound import BLOCK, FIRST_BLOCK, Floats, Spectra, sound_blocks

dsp = pytest.importorskip("hibari.dsp", reason="the package hibari is not installed")
SILENT = -80.0


def spectra(frames: int, *, noise: float) -> Spectra:
    random = np.random.default_rng(frames)
    harmonic, rotation, rest, phase = (random.normal(-3, 1, (601, frames)).astype(np.float32) for _ in range(4))
    f0 = (150 + 50 * np.sin(np.arange(frames) / 9)).astype(np.float32)
    f0[np.arange(frames) % 40 > 30] = 0  # unvoiced
    return Spectra(harmonic, rotation, np.full((601, frames), noise, np.float32), rest, phase, f0)


def whole(made: Spectra) -> Floats:
    *parts, f0 = made
    sound: Floats = dsp.synth(*parts, f0, np.random.default_rng(0))
    return sound


@pytest.mark.parametrize(
    "frames",
    [1, 2, 3, 4, FIRST_BLOCK - 1, FIRST_BLOCK, FIRST_BLOCK + 1, FIRST_BLOCK + 3, FIRST_BLOCK + 4, FIRST_BLOCK + BLOCK,
     FIRST_BLOCK + BLOCK + 1, 340],
)  # fmt: skip
def test_blocks_are_the_whole_sound(frames: int) -> None:
    made = spectra(frames, noise=SILENT)
    sound = np.concatenate([*sound_blocks(made, 1)])
    assert len(sound) == frames * dsp.HOP
    assert np.abs(sound).max() > 0.01
    assert np.allclose(sound, whole(made), atol=1e-6)


def test_noise_is_as_loud_and_the_same_with_the_same_seed() -> None:
    made = spectra(200, noise=1.0)
    one, again, other = (np.concatenate([*sound_blocks(made, seed)]) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.std(one) == pytest.approx(np.std(whole(made)), rel=0.03)


def test_the_first_words_come_before_the_rest() -> None:
    blocks = [*sound_blocks(spectra(340, noise=SILENT), 1)]
    assert len(blocks) == 5
    assert len(blocks[0]) < len(blocks[1])
