"""Beeps and steady noise are told from voices by one window of their sound."""

from __future__ import annotations

import numpy as np
import pytest

from bus.events import MICROPHONE_RATE
from services.audio import Samples, rms
from services.gateway.listening.endpointing import WINDOW, Endpointer
from services.gateway.listening.noise import is_noise, is_tone
from services.gateway.listening.voice_activity import PocketsphinxDetector
from tests import voices

TIMES = np.arange(MICROPHONE_RATE // 4) / MICROPHONE_RATE


def tone(*frequencies: float) -> Samples:
    """A quarter of a second."""
    swell = np.minimum(1, np.minimum(TIMES, TIMES[::-1]) / 0.01)
    return (3000 * swell * sum(np.sin(2 * np.pi * one * TIMES) for one in frequencies)).astype(np.int16)


def bursts(loudness: float) -> Samples:
    return np.random.default_rng(2).normal(0, loudness, len(TIMES)).clip(-32768, 32767).astype(np.int16)


def repeated(sound: Samples, period: float, seconds: int = 12) -> Samples:
    room = np.random.default_rng(1).normal(0, 5, seconds * MICROPHONE_RATE)
    for number in range(int(seconds / period)):
        start = round(number * period * MICROPHONE_RATE)
        room[start : start + len(sound)] += sound[: len(room) - start]
    return room.clip(-32768, 32767).astype(np.int16)


def utterances(sound: Samples) -> int:
    detector = PocketsphinxDetector()
    endpointer = Endpointer(window=detector.window, onset=detector.onset)
    windows = [sound[start : start + WINDOW] for start in range(0, len(sound) - WINDOW, WINDOW)]
    return sum(endpointer.push(detector.probability(one.tobytes()), rms(one)) is not None for one in windows)


@pytest.mark.parametrize("frequencies", [(440,), (1000,), (3100,), (697, 1209), (440, 480), (941, 1633)])
@pytest.mark.parametrize("period", [0.6, 1.0, 2.5])
def test_no_beep_begins_an_utterance_however_often_it_comes(frequencies: tuple[int, ...], period: float) -> None:
    assert utterances(repeated(tone(*frequencies), period)) == 0


@pytest.mark.parametrize("loudness", [500, 3000, 9000])
def test_no_burst_of_noise_begins_an_utterance(loudness: float) -> None:
    assert utterances(repeated(bursts(loudness), 1.0)) == 0


@pytest.mark.parametrize("name", sorted(voices.recordings()))
def test_voices_are_neither(name: str) -> None:
    sound = voices.samples(name)
    windows = [sound[start : start + WINDOW] for start in range(0, len(sound) - WINDOW, WINDOW)]
    loud = [one for one in windows if rms(one) > 0.01]
    assert sum(map(is_tone, loud)) <= 0.1 * len(loud)
    assert sum(map(is_noise, loud)) <= 0.15 * len(loud)
    assert utterances(np.concatenate([repeated(tone(1000), 1.0, 1), sound, np.zeros(16_000, np.int16)])) == 2


def test_silence_and_a_hum_are_no_beeps() -> None:
    assert not is_tone(np.zeros(WINDOW, np.int16))
    assert not is_tone((5000 * np.sin(2 * np.pi * 150 * TIMES)).astype(np.int16)[:WINDOW]), "a low voice may hum so"
