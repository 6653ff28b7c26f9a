"""The detector without Silero: voices are speech, noise is not."""

from __future__ import annotations

import numpy as np
import pytest

from bus.errors import InvalidInput
from services.gateway.listening.endpointing import WINDOW, Boundary, EndOfSpeech, Endpointer, StartOfSpeech
from services.gateway.listening.voice_activity import PocketsphinxDetector
from tests import voices

LOUDEST_SAMPLE_OF_SILENCE = 300
NAMES = sorted(voices.recordings())


def boundaries(pcm: bytes) -> list[tuple[int, Boundary]]:
    """The boundaries in sound, each with the sample at which it is found."""
    detector, endpointer = PocketsphinxDetector(), Endpointer()
    found: list[tuple[int, Boundary]] = []
    for start in range(0, len(pcm) - 2 * WINDOW + 1, 2 * WINDOW):
        known = start // 2 + WINDOW
        if (boundary := endpointer.push(detector.probability(pcm[start : start + 960]))) is not None:
            found.append((known, boundary))
    return found


def voiced(pcm: bytes) -> tuple[int, int]:
    """The first and last audible sample."""
    loud = np.nonzero(np.abs(np.frombuffer(pcm, np.int16)) > LOUDEST_SAMPLE_OF_SILENCE)[0]
    return int(loud[0]), int(loud[-1])


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_sentence_is_one_utterance_with_nothing_cut_off(name: str) -> None:
    pcm = voices.spoken(name, before=1.5, after=1.2)
    first, last = voiced(pcm)
    (_, start), (known, end) = boundaries(pcm)
    assert isinstance(start, StartOfSpeech)
    assert isinstance(end, EndOfSpeech)
    assert first - 16 * 600 < start.sample < first - 16 * 200
    assert abs(end.speech_ended - last) < 16 * 150
    assert known - last < 16 * 660


@pytest.mark.parametrize("loudness", [30, 300, 2_000])
def test_steady_noise_is_not_speech(loudness: int) -> None:
    noise = np.random.default_rng(1).normal(0, loudness, 16_000 * 10)
    assert boundaries(noise.clip(-32768, 32767).astype("<i2").tobytes()) == []


def test_a_humming_machine_is_not_speech_for_long() -> None:
    time = np.arange(16_000 * 12) / 16_000
    hum = sum(np.sin(2 * np.pi * 120 * harmonic * time) / harmonic for harmonic in range(1, 12)) * 2_000
    detector = PocketsphinxDetector()
    pcm = np.asarray(hum).astype("<i2").tobytes()
    speech = [detector.probability(pcm[start : start + 960]) > 0.5 for start in range(0, len(pcm) - 960, 960)]
    assert not any(speech[100:])


def test_a_voice_over_noise_is_still_one_utterance() -> None:
    pcm = voices.spoken("tell_me_something_about_yourself_slt", before=2.0, after=1.2, noise=150)
    assert [type(boundary) for _, boundary in boundaries(pcm)] == [StartOfSpeech, EndOfSpeech]


def test_a_window_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidInput, match="960 bytes"):
        PocketsphinxDetector().probability(bytes(640))
