"""The real SVOX Pico in its process, and failures of that process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from bus.errors import EngineError
from services.audio import Samples
from services.tts.engine import Voice
from services.tts.engines.espeak import EspeakEngine
from services.tts.engines.pico import RATE, PicoEngine, readable_text
from services.tts.lips.estimator import VisemeEstimator
from tests.fakes import FakeSynthesizer

GERMAN = Voice(language="de-DE")
SENTENCE = "Guten Morgen, wie haben Sie geschlafen?"


@pytest.fixture(scope="module")
def engine() -> Iterator[PicoEngine]:
    espeak = EspeakEngine()
    started = PicoEngine(VisemeEstimator(espeak), FakeSynthesizer())
    yield started
    started.close()
    espeak.close()


def say(engine: PicoEngine, text: str, voice: Voice = GERMAN) -> Samples:
    return np.concatenate([piece.samples for piece in engine.speak(text, voice, 1)])


def test_a_sentence_has_audio_with_visemes_within_it(engine: PicoEngine) -> None:
    pieces = list(engine.speak(SENTENCE, GERMAN, 1))
    assert {piece.rate for piece in pieces} == {RATE}
    count = sum(len(piece.samples) for piece in pieces)
    assert 1.5 < count / RATE < 5
    marks = [mark for piece in pieces for mark in piece.visemes]
    assert [mark.sample for mark in marks] == sorted(mark.sample for mark in marks)
    assert marks[-1].sample <= count
    assert len({mark.viseme for mark in marks}) > 5
    assert np.abs(pieces[0].samples[: RATE // 10]).max() > 300  # no silence before the first sound


def test_the_same_text_gives_the_same_audio(engine: PicoEngine) -> None:
    first = say(engine, SENTENCE)
    say(engine, "Etwas anderes.")
    assert np.array_equal(say(engine, SENTENCE), first)


def test_pace_changes_the_length_and_a_man_has_another_voice(engine: PicoEngine) -> None:
    usual = say(engine, SENTENCE)
    assert len(say(engine, SENTENCE, Voice(pace=1.5, language="de"))) < 0.8 * len(usual)
    assert not np.array_equal(say(engine, SENTENCE, Voice("male", language="de"))[:RATE], usual[:RATE])


def test_each_language_has_its_voice_and_the_fallback_speaks_the_others(engine: PicoEngine) -> None:
    assert engine.voice_for(Voice(language="de-AT")) == "pico/de-DE"
    assert engine.voice_for(Voice(language="fr")) == "pico/fr-FR"
    assert engine.voice_for(Voice(language="pl")) == "fake/female"
    assert engine.voice_for(Voice()) == "fake/female"
    tone = say(engine, "abc", Voice(language="pl"))
    assert len(tone) == 3 * 4_800
    assert len(say(engine, "привет", GERMAN)) == 6 * 4_800


@pytest.mark.parametrize(
    "text",
    [
        "Ä" * 1000,
        "a" * 2000,
        "1" * 300,
        "Der Wert <speed level='10'> ist <play file='x'/> klein.",
        "Null\x00 und nichts",
        "Ein sehr langer Satz, der immer weiter geht, " * 30,
    ],
)
def test_unusual_texts_are_spoken(engine: PicoEngine, text: str) -> None:
    assert len(say(engine, text)) > RATE // 10


def test_a_text_without_letters_is_silent(engine: PicoEngine) -> None:
    assert len(say(engine, "… – !")) == 0


def test_after_its_process_died_the_next_sentence_starts_another(engine: PicoEngine) -> None:
    usual = say(engine, SENTENCE)
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert np.array_equal(say(engine, SENTENCE), usual)
    assert engine.pid not in (None, pid)


def test_a_process_that_hangs_is_killed_and_the_error_can_be_tried_again() -> None:
    hanging = (sys.executable, "-c", "import time; time.sleep(1000)")
    engine = PicoEngine(VisemeEstimator(None), FakeSynthesizer(), hanging, timeout=0.2)
    with pytest.raises(EngineError, match="SVOX Pico process ended with status -9") as caught:
        say(engine, SENTENCE)
    assert caught.value.retryable
    assert engine.pid is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("eintausendneunhundertvierundachtzig Euro", "eintausend neunhundertvierundachtzig Euro"),
        ("zweihundertvierunddreißigtausendelf", "zweihundert vierunddreißigtausend elf"),
        ("neunzehnhundertachtzig", "neunzehnhundertachtzig"),
    ],
)
def test_a_long_number_is_split_between_its_parts(written: str, read: str) -> None:
    assert readable_text(written) == read
