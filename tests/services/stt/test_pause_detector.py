"""A pause is quiet after voice."""

from __future__ import annotations

import numpy as np

from services.audio import Samples
from services.stt.pause_detector import PauseDetector

BLOCK = 1_024


def block(loudness: float) -> Samples:
    return np.full(BLOCK, round(32_768 * loudness), np.int16)


def lengths(*loudness: float) -> list[int]:
    """Length of the current pause after each block, in blocks."""
    detector = PauseDetector()
    found = []
    for level in loudness:
        detector.push(block(level))
        found.append(detector.pause_samples // BLOCK)
    return found


def test_a_pause_lasts_from_the_voice_to_the_next_one() -> None:
    assert lengths(0.1, 0.001, 0.001, 0.1, 0.001) == [0, 1, 2, 0, 1]


def test_before_any_voice_there_is_no_pause() -> None:
    assert lengths(0.0, 0.001, 0.0, 0.001) == [0, 0, 0, 0]


def test_a_soft_syllable_is_no_pause() -> None:
    assert lengths(0.1, 0.01, 0.005) == [0, 0, 0]


def test_in_a_noisy_room_there_is_no_pause() -> None:
    assert lengths(0.1, 0.008, 0.008, 0.008) == [0, 0, 0, 0]
