"""The real eSpeak NG in its process, and failures of that process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest

from bus.errors import EngineError
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines.espeak import COMMAND, EspeakEngine

ENGLISH = Voice()


@pytest.fixture(scope="module")
def engine() -> Iterator[EspeakEngine]:
    started = EspeakEngine()
    yield started
    started.close()


def say(engine: EspeakEngine, text: str, voice: Voice = ENGLISH) -> SpeechPiece:
    (piece,) = engine.speak(text, voice, 1)
    return piece


def pitch(piece: SpeechPiece) -> float:
    """Median pitch in Hz, by autocorrelation of the loud parts."""
    samples, rate, found = piece.samples.astype(float), piece.rate, []
    for start in range(0, len(samples) - rate // 25, rate // 50):
        window = samples[start : start + rate // 25]
        if window.std() < 1_500:
            continue
        window = window - window.mean()
        similar = np.correlate(window, window, "full")[len(window) - 1 :]
        period = rate // 400 + int(np.argmax(similar[rate // 400 : rate // 60]))
        found.append(rate / period)
    return float(np.median(found))


def test_a_sentence_has_audio_with_visemes_within_it(engine: EspeakEngine) -> None:
    piece = say(engine, "My name is Bob.")
    assert piece.rate == 22_050
    assert 0.7 < len(piece.samples) / piece.rate < 2.5
    places = [mark.sample for mark in piece.visemes]
    assert places == sorted(places)
    assert places[-1] < len(piece.samples)
    visemes = [mark.viseme for mark in piece.visemes]
    assert [viseme for viseme in visemes if viseme != "sil"] == [
        "PP", "aa", "ih", "nn", "E", "ih", "PP", "ih", "SS", "PP", "aa", "PP",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"),
    [("ja", "東京はどこですか"), ("my", "မင်္ဂလာပါ"), ("km", "សួស្តី"), ("mn", "Сайн байна уу")],
)
def test_what_it_would_spell_sign_by_sign_is_an_error_that_says_that_no_voice_speaks_it(
    engine: EspeakEngine, language: str, text: str
) -> None:
    with pytest.raises(EngineError, match=f"no voice here speaks the language '{language}'") as caught:
        say(engine, text, Voice(language=language))
    assert (caught.value.code, caught.value.retryable) == ("no_voice", False)


@pytest.mark.parametrize(
    ("language", "text"),
    [("fr", "Quel âge as-tu ?"), ("ja", "こんにちは"), ("zh", "你叫什么名字？"), ("uk", "Як тебе звати?")],
)
def test_what_it_reads_is_spoken(engine: EspeakEngine, language: str, text: str) -> None:
    assert len(say(engine, text, Voice(language=language)).samples) > 0


def test_closed_lips_are_softer_than_an_open_mouth(engine: EspeakEngine) -> None:
    piece = say(engine, "Papa, papa, papa.")
    ends = [mark.sample for mark in piece.visemes[1:]] + [len(piece.samples)]
    loudness = {"PP": 0.0, "aa": 0.0}
    for mark, end in zip(piece.visemes, ends, strict=True):
        if mark.viseme in loudness:
            loudness[mark.viseme] += float(np.abs(piece.samples[mark.sample : end].astype(float)).mean())
    assert loudness["aa"] > 2 * loudness["PP"] > 0


def test_the_same_text_gives_the_same_audio(engine: EspeakEngine) -> None:
    first = say(engine, "Once more.")
    say(engine, "Etwas anderes.", Voice(language="de"))
    again = say(engine, "Once more.")
    assert np.array_equal(first.samples, again.samples)
    assert first.visemes == again.visemes


def test_another_process_gives_the_same_audio(engine: EspeakEngine) -> None:
    other = EspeakEngine()
    assert np.array_equal(say(other, "Once more.").samples, say(engine, "Once more.").samples)
    other.close()


def test_voices_differ_and_pitch_and_pace_are_applied(engine: EspeakEngine) -> None:
    text = "We are all here now, are we?"
    female, male = say(engine, text), say(engine, text, Voice("male"))
    assert pitch(female) > 1.2 * pitch(male)
    assert pitch(say(engine, text, Voice(pitch=1.3))) > 1.08 * pitch(female)
    assert len(say(engine, text, Voice(pace=1.4)).samples) < 0.85 * len(female.samples)


LANGUAGES = ("de", "fr", "es", "ru", "hi", "ar", "ja", "zh", "zh-Hans", "pt-BR", "en-GB", "nb")


@pytest.mark.parametrize("name", ["female", "male"])
def test_no_voice_clips(engine: EspeakEngine, name: str) -> None:
    piece = say(engine, "I am very glad that you are all here now. What shall we do?", Voice(name))
    assert 8_000 < np.abs(piece.samples.astype(int)).max() < 32_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_languages_are_spoken(engine: EspeakEngine, language: str) -> None:
    greeting = {"ru": "Привет", "hi": "नमस्ते", "ar": "مرحبا", "ja": "こんにちは", "zh": "你好"}
    piece = say(engine, greeting.get(language[:2], "Salut amigo"), Voice(language=language))
    assert len(piece.samples) > piece.rate // 4
    assert len({mark.viseme for mark in piece.visemes}) > 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_of_them_has_a_voice_of_its_own(engine: EspeakEngine, language: str) -> None:
    assert engine.ipa("12", language)


def test_french_is_not_read_like_english(engine: EspeakEngine) -> None:
    assert "swas" in engine.ipa("71", "fr")


def test_an_unsupported_language_is_read_like_english(engine: EspeakEngine) -> None:
    piece = say(engine, "Hello.", Voice(language="xx-invented"))
    assert np.array_equal(piece.samples, say(engine, "Hello.").samples)


def test_a_long_text_is_spoken_completely(engine: EspeakEngine) -> None:
    piece = say(engine, "one two three four five " * 80)
    assert len(piece.samples) > 60 * piece.rate


def test_a_killed_process_is_started_again(engine: EspeakEngine) -> None:
    say(engine, "Before.")
    killed = engine.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    with suppress(EngineError):  # unless its end is noticed before the request
        say(engine, "During.")
    assert len(say(engine, "After.").samples) > 0
    assert engine.pid not in (None, killed)


def test_the_process_ends_with_its_input() -> None:
    assert subprocess.run(COMMAND, stdin=subprocess.DEVNULL, check=False, timeout=60).returncode == 0


PROCESSES = {
    "hangs": "import time; time.sleep(60)",
    "dies": "import sys; sys.stdin.buffer.read(4); sys.exit(3)",
    "dies at once": "import sys; sys.exit(3)",
    "sends undecodable bytes": "import sys; sys.stdin.buffer.read(4); sys.stdout.buffer.write(bytes([0, 0, 0, 1, 7]))",
    "sends half a message": "import sys; sys.stdin.buffer.read(4); sys.stdout.buffer.write(bytes([0, 0, 1, 0, 7]))",
}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_that_misbehaves_is_a_retryable_error(name: str) -> None:
    engine = EspeakEngine((sys.executable, "-c", PROCESSES[name]), timeout=0.5)
    for _ in range(2):
        with pytest.raises(EngineError) as caught:
            say(engine, "Hello.")
        assert caught.value.retryable
        assert engine.pid is None


BROKEN_LIBRARY = """
import os, services.tts.engines.espeak_process as process

class Broken:
    def speak(self, request):
        if request.text == "fatal":
            os.abort()
        return process.Response(error=request.text, retryable=True)

process.EspeakLibrary = Broken
process.main()
"""


def test_a_text_that_crashes_the_library_does_not_end_the_process() -> None:
    engine = EspeakEngine((sys.executable, "-c", BROKEN_LIBRARY))
    with pytest.raises(EngineError, match="no breath"):
        say(engine, "no breath")
    running = engine.pid
    with pytest.raises(EngineError, match="5 characters: exit status -6") as caught:
        say(engine, "fatal")
    assert caught.value.retryable
    with pytest.raises(EngineError, match="still here"):
        say(engine, "still here")
    assert engine.pid == running
    engine.close()


def test_voice_for_names_the_voice() -> None:
    assert EspeakEngine().voice_for(Voice("male", language="de-AT")).startswith("espeak/de+")
