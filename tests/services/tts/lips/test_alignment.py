"""Visemes aligned with a voice, compared with the voice's own visemes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from bus.errors import EngineError
from bus.events import VisemeMark
from services.audio import Samples
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines import flite_library
from services.tts.engines.espeak import EspeakEngine
from services.tts.lips.alignment import AlignedVisemes, LoudnessVisemes, VisemeStream
from services.tts.lips.estimator import VisemeEstimator
from tests.fakes import FakeSynthesizer

TEXTS = ("My name is Bob, and I am very glad that you are all here now.", "Wir reden heute über das Meer.")


@pytest.fixture(scope="module")
def espeak() -> Iterator[EspeakEngine]:
    engine = EspeakEngine()
    yield engine
    engine.close()


def estimate(stream: VisemeStream, samples: Samples, piece: int) -> list[VisemeMark]:
    """The visemes found when the voice is pushed in pieces of `piece` samples."""
    starts = range(0, len(samples), piece)
    return [m for at in starts for m in stream.push(samples[at : at + piece], last=at + piece >= len(samples))]


def visemes_at(marks: list[VisemeMark], length: int, rate: int) -> npt.NDArray[np.str_]:
    """The viseme every 10 ms."""
    places = np.searchsorted([mark.sample for mark in marks], np.arange(0, length, rate // 100), side="right") - 1
    return np.array([marks[max(0, place)].viseme for place in places])


@pytest.mark.parametrize(("text", "language"), [(TEXTS[0], "en"), (TEXTS[1], "de")])
@pytest.mark.parametrize("pace", [0.8, 1.2])
def test_aligned_visemes_are_at_espeaks_own_times(espeak: EspeakEngine, text: str, language: str, pace: float) -> None:
    (reference,) = espeak.speak(text, Voice("female", language=language), 1)
    (spoken,) = espeak.speak(text, Voice("male", pitch=1.1, pace=pace, language=language), 2)
    marks = estimate(AlignedVisemes(reference, spoken.rate), spoken.samples, spoken.rate // 4)
    assert [(mark.viseme, mark.weight) for mark in marks] == [(mark.viseme, mark.weight) for mark in spoken.visemes]
    off = [abs(a.sample - b.sample) / spoken.rate for a, b in zip(marks, spoken.visemes, strict=True)]
    assert np.median(off) < 0.020
    assert np.percentile(off, 90) < 0.070


@pytest.mark.skipif(flite_library.why_unavailable() is not None, reason="flite is not installed here")
@pytest.mark.parametrize("name", ["slt", "rms"])
def test_alignment_with_another_engines_voice_is_far_better_than_stretching(espeak: EspeakEngine, name: str) -> None:
    from services.tts.engines.flite import FliteEngine

    (reference,) = espeak.speak(TEXTS[0], Voice(), 1)
    pieces = list(FliteEngine().speak(TEXTS[0], Voice(name), 1))
    rate, samples = pieces[0].rate, np.concatenate([piece.samples for piece in pieces])
    truth = visemes_at([mark for piece in pieces for mark in piece.visemes], len(samples), rate)
    marks = estimate(AlignedVisemes(reference, rate), samples, rate // 4)
    factor = len(samples) / len(reference.samples)
    stretched = [VisemeMark(round(mark.sample * factor), mark.viseme) for mark in reference.visemes]
    agree = float(np.mean(visemes_at(marks, len(samples), rate) == truth))
    assert agree > 0.5
    assert agree > 1.5 * float(np.mean(visemes_at(stretched, len(samples), rate) == truth))


@pytest.mark.parametrize("seconds", [0.05, 0.3, 60])
def test_visemes_are_returned_once_in_order_and_within_the_voice(espeak: EspeakEngine, seconds: float) -> None:
    (reference,) = espeak.speak(TEXTS[0], Voice(), 1)
    samples = np.concatenate([np.zeros(8_000, np.int16), reference.samples, np.zeros(4_000, np.int16)])
    marks = estimate(AlignedVisemes(reference, reference.rate), samples, round(seconds * reference.rate))
    assert [mark.viseme for mark in marks] == [mark.viseme for mark in reference.visemes]
    places = [mark.sample for mark in marks]
    assert places == sorted(places)
    assert places[-1] < len(samples) + reference.rate // 20
    # The first viseme of the speech follows the 363 ms of silence.
    assert abs(places[1] - reference.visemes[1].sample - 8_000) < 0.03 * reference.rate


def test_noise_gets_visemes_of_the_text_too(espeak: EspeakEngine) -> None:
    (reference,) = espeak.speak(TEXTS[0], Voice(), 1)
    noise = np.random.default_rng(1).normal(0, 3_000, 24_000).astype(np.int16)
    marks = estimate(AlignedVisemes(reference, 24_000), noise, 6_000)
    assert [mark.viseme for mark in marks] == [mark.viseme for mark in reference.visemes][: len(marks)]
    assert marks


def test_without_a_reference_the_mouth_follows_the_loudness() -> None:
    loud = (np.sin(np.arange(4_320) / 5) * 12_000).astype(np.int16)
    still = np.zeros(4_320, np.int16)
    stream = VisemeEstimator(None).open("any text", Voice(), 24_000)
    marks = estimate(stream, np.concatenate([still, loud, loud // 5, loud // 2, still]), 1_000)
    places = {"sil": 0, "aa": 4_320, "ih": 8_640, "E": 12_960}
    assert {mark.viseme: mark.sample for mark in marks[:-1]} == places
    assert marks[-1] == VisemeMark(17_280, "sil")


def test_without_a_usable_reference_the_mouth_follows_the_loudness() -> None:
    class Broken(FakeSynthesizer):
        def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
            raise EngineError("no such language")

    assert isinstance(VisemeEstimator(Broken()).open("hi", Voice(), 24_000), LoudnessVisemes)
    assert isinstance(VisemeEstimator(FakeSynthesizer()).open("", Voice(), 24_000), LoudnessVisemes)
    assert isinstance(VisemeEstimator(FakeSynthesizer()).open("hi", Voice(), 24_000), AlignedVisemes)
