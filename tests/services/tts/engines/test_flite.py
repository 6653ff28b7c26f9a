"""The real flite, if it is installed."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from bus.errors import EngineError
from services.audio import Samples, resample
from services.stt.pocketsphinx_engine import PocketsphinxEngine
from services.tts.chunker import SpeechChunker
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines import flite_library
from services.tts.engines.flite import FliteEngine
from services.tts.engines.flite_library import FliteVoice

pytestmark = pytest.mark.skipif(flite_library.why_unavailable() is not None, reason="flite is not installed here")


@pytest.fixture(scope="module")
def engine() -> FliteEngine:
    return FliteEngine()


def say(engine: FliteEngine, text: str, voice: Voice) -> tuple[Samples, list[SpeechPiece]]:
    pieces = list(engine.speak(text, voice, 1))
    return np.concatenate([piece.samples for piece in pieces]), pieces


@pytest.mark.parametrize("name", ["female", "male", "slt", "rms", "awb", "kal16", "no such voice"])
def test_every_voice_streams_pieces_the_first_with_all_visemes(engine: FliteEngine, name: str) -> None:
    samples, pieces = say(engine, "My name is Bob.", Voice(name))
    assert len(pieces) > 5
    assert not any(piece.visemes for piece in pieces[1:])
    visemes = [mark.viseme for mark in pieces[0].visemes]
    assert visemes == ["sil", "PP", "aa", "ih", "nn", "E", "ih", "PP", "ih", "SS", "PP", "aa", "PP", "sil"]
    places = [mark.sample for mark in pieces[0].visemes]
    assert places == sorted(places)
    assert 0.8 * len(samples) < places[-1] < len(samples)


def test_its_speech_is_recognised(engine: FliteEngine) -> None:
    samples, pieces = say(engine, "Please tell me a story about the sea.", Voice("female"))
    room = np.random.default_rng(5).normal(0, 3, len(samples) + 16_000)
    room[7_200 : 7_200 + len(samples)] += resample(samples, pieces[0].rate, 16_000)
    transcription = PocketsphinxEngine().open("en")
    pcm = room.astype("<i2").tobytes()
    for start in range(0, len(pcm), 2_048):
        transcription.push(pcm[start : start + 2_048])
    assert transcription.finish().text == "please tell me a story about the sea"


def test_pace_and_pitch_are_applied_to_every_voice(engine: FliteEngine) -> None:
    for name in ("female", "male"):
        seconds = {
            voice: sum(len(piece.samples) / piece.rate for piece in engine.speak("It is a very nice day.", voice, 1))
            for voice in (Voice(name), Voice(name, pace=1.4), Voice(name, pitch=1.15))
        }
        plain, fast, high = seconds.values()
        assert fast < 0.8 * plain
        assert high == pytest.approx(plain, rel=0.03)


def test_closed_lips_are_softer_than_an_open_mouth(engine: FliteEngine) -> None:
    samples, pieces = say(engine, "Papa, papa, papa.", Voice("female"))
    marks = pieces[0].visemes
    loudness: dict[str, list[float]] = {"PP": [], "aa": []}
    for mark, following in itertools.pairwise(marks):
        if mark.viseme in loudness:
            loudness[mark.viseme].append(float(np.abs(samples[mark.sample : following.sample].astype(float)).mean()))
    assert np.mean(loudness["aa"]) > 2 * np.mean(loudness["PP"]) > 0


def test_the_first_chunk_is_ready_during_synthesis(engine: FliteEngine) -> None:
    chunker = SpeechChunker("c", "s")
    pieces = engine.speak("This is a sentence that takes some time to say, and it goes on.", Voice(), 1)
    for number, piece in enumerate(pieces):
        if list(chunker.push(piece)):
            assert number < 10
            break
    assert len(list(pieces)) > 40


def test_the_same_text_gives_the_same_audio_after_any_other_text(engine: FliteEngine) -> None:
    first, _ = say(engine, "Once more.", Voice())
    say(engine, "Something else.", Voice(pitch=1.2, pace=0.8))
    again, _ = say(engine, "Once more.", Voice())
    assert np.array_equal(first, again)


def test_a_callback_that_returns_false_stops_the_synthesis() -> None:
    lengths: list[int] = []

    def enough(samples: Samples, rate: int, phonemes: object) -> bool:
        lengths.append(len(samples))
        return len(lengths) < 3

    FliteVoice("slt").speak("and so on " * 10, 1.0, 1.0, 1, enough)
    assert len(lengths) == 3


def test_a_closed_iterator_does_not_affect_the_next_speech(engine: FliteEngine) -> None:
    expected, _ = say(engine, "Hello.", Voice())
    for text in ("and so on " * 10, "never asked for"):
        pieces = engine.speak(text, Voice(), 1)
        next(iter(pieces))
        pieces.close()  # type: ignore[attr-defined]  # it is a generator
    assert np.array_equal(say(engine, "Hello.", Voice())[0], expected)


def test_concurrent_sentences_do_not_mix(engine: FliteEngine) -> None:
    alone = {text: say(engine, text, Voice())[0] for text in ("Good morning to you.", "It is late.")}
    together: dict[str, Samples] = {}
    threads = [
        threading.Thread(target=lambda text=text: together.update({text: say(engine, text, Voice())[0]}))
        for text in alone
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(together[text], samples) for text, samples in alone.items())


def test_a_text_without_a_latin_letter_has_no_audio(engine: FliteEngine) -> None:
    assert list(engine.speak("你好", Voice(), 1)) == []


def test_a_voice_that_is_not_installed_is_an_error() -> None:
    with pytest.raises(EngineError, match="no voice 'nobody'"):
        FliteVoice("nobody")


def test_an_error_of_the_callback_is_raised() -> None:
    def fail(samples: Samples, rate: int, phonemes: object) -> bool:
        raise EngineError("nobody listens")

    with pytest.raises(EngineError, match="nobody listens"):
        FliteVoice("kal16").speak("Hello there.", 1.0, 1.0, 1, fail)


def test_voice_for_names_the_voice(engine: FliteEngine) -> None:
    assert [engine.voice_for(Voice(name)) for name in ("female", "male", "awb")] == [
        "flite/slt", "flite/rms", "flite/awb",
    ]  # fmt: skip
