"""The real loading and inference code of Kokoro on a small model of the same form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bus.errors import ConfigurationError, EngineError
from bus.settings import Settings
from services.audio import Samples
from services.downloads import missing_files
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines import espeak as espeak_engine
from services.tts.engines.espeak import EspeakEngine
from services.tts.engines.kokoro import RATE, WEIGHTS, Kokoro, missing, voice_name
from services.tts.engines.kokoro_phonemes import ids_of, kokoro_letters
from services.tts.lips.reader import LipReader
from tests.fakes import FakeSynthesizer
from tests.services.tts.engines import tiny_kokoro


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_kokoro.make(tmp_path_factory.mktemp("kokoro"))


@pytest.fixture(scope="module")
def espeak() -> Iterator[EspeakEngine]:
    engine = EspeakEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def engine(folder: Path, espeak: EspeakEngine) -> Kokoro:
    return Kokoro(folder, espeak, LipReader(espeak), FakeSynthesizer(), threads=1)


def say(engine: Kokoro, text: str, voice: Voice = Voice()) -> tuple[Samples, list[SpeechPiece]]:  # noqa: B008 - frozen
    pieces = list(engine.speak(text, voice, 1))
    return np.concatenate([piece.samples for piece in pieces]), pieces


def test_a_text_becomes_letters_and_each_letter_sound(engine: Kokoro, espeak: EspeakEngine) -> None:
    letters = kokoro_letters(espeak.ipa("My name is Bob.", "en"), "en")
    assert letters == "mI nˈAm ɪz bˈɑb."
    samples, pieces = say(engine, "My name is Bob.")
    # Each letter, and the pad before and behind, whose silence at the end is cut away and faded.
    assert abs(len(samples) - tiny_kokoro.PER_LETTER * (len(letters) + 1)) <= tiny_kokoro.PER_LETTER + 150
    assert {piece.rate for piece in pieces} == {RATE}
    numbers = np.array(ids_of(letters, {letter: place for place, letter in enumerate(tiny_kokoro.LETTERS)}))
    each = tiny_kokoro.PER_LETTER
    blocks = samples[each : each * len(letters)].reshape(-1, each)
    heights = np.abs(blocks.astype(float)).max(axis=1)
    assert np.corrcoef(heights, numbers[: len(heights)])[0, 1] > 0.99


def test_its_shapes_are_those_of_the_text_within_its_sound(engine: Kokoro, espeak: EspeakEngine) -> None:
    samples, pieces = say(engine, "My name is Bob.")
    marks = [mark for piece in pieces for mark in piece.visemes]
    (reference,) = espeak.speak("My name is Bob.", Voice(), 1)
    assert [mark.viseme for mark in marks] == [mark.viseme for mark in reference.visemes]
    assert marks[-1].sample <= len(samples) + RATE // 50
    assert [mark.sample for mark in marks] == sorted(mark.sample for mark in marks)


def test_pace_and_pitch_are_followed(engine: Kokoro) -> None:
    plain, _ = say(engine, "My name is Bob.")
    fast, _ = say(engine, "My name is Bob.", Voice(pace=1.5))
    assert 0.6 < len(fast) / len(plain) < 0.72
    high, pieces = say(engine, "My name is Bob.", Voice(pitch=1.2))
    assert pieces[0].rate == round(1.2 * RATE)
    assert 0.97 < len(high) / pieces[0].rate / (len(plain) / RATE) < 1.03


def test_a_long_text_is_said_in_parts_of_which_the_first_comes_early(engine: Kokoro) -> None:
    text = "We are here now, and that is a good thing. " * 6
    samples, pieces = say(engine, text.strip())
    assert len(pieces) > 5
    assert len(pieces[0].samples) < len(samples) / 3
    steps = np.abs(np.diff(samples.astype(int)))
    # No step between two samples is higher than the tone's own steepest one: nothing clicks where parts join.
    assert steps.max() <= 0.11 * np.abs(samples.astype(int)).max()


def test_each_language_and_kind_of_voice_has_a_voice_file() -> None:
    assert voice_name(Voice("male", language="en-US")) == "am_michael"
    assert voice_name(Voice("female", language="en-GB")) == "bf_emma"
    assert voice_name(Voice("male", language="pt-BR")) == "pm_alex"
    assert voice_name(Voice("ef_dora", language="en")) == "ef_dora"
    assert voice_name(Voice(language="de")) is None


def test_voices_differ(engine: Kokoro) -> None:
    assert not np.array_equal(say(engine, "Yes.")[0], say(engine, "Yes.", Voice("male"))[0])
    assert engine.voice_for(Voice("male")) == "kokoro/am_michael"


def test_what_it_has_no_voice_for_another_engine_speaks(folder: Path, espeak: EspeakEngine) -> None:
    others = FakeSynthesizer()
    engine = Kokoro(folder, espeak, LipReader(espeak), others, threads=1)
    list(engine.speak("Guten Tag", Voice(language="de"), 3))
    assert others.asked == [("Guten Tag", Voice(language="de"), 3)]
    assert engine.voice_for(Voice(language="de")) == "fake/female"


def test_a_text_without_a_sound_is_silent(engine: Kokoro) -> None:
    samples, pieces = say(engine, "...")
    assert len(pieces) >= 1
    assert len(samples) < 3 * tiny_kokoro.PER_LETTER + RATE


def test_a_file_that_is_no_model_stops_the_start_and_is_named(folder: Path, tmp_path: Path) -> None:
    tiny_kokoro.make(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ConfigurationError, match=str(tmp_path)):
        Kokoro(tmp_path, EspeakEngine(), LipReader(None), FakeSynthesizer())


def test_a_damaged_voice_fails_the_sentence_and_nothing_else(tmp_path: Path, espeak: EspeakEngine) -> None:
    tiny_kokoro.make(tmp_path, letters_input="tokens")
    (tmp_path / "af_heart.bin").write_bytes(bytes(400))
    engine = Kokoro(tmp_path, espeak, LipReader(None), FakeSynthesizer(), threads=1)
    with pytest.raises(EngineError, match=r"af_heart.bin: expected 130560 numbers, got 100"):
        say(engine, "Yes.")
    assert len(say(engine, "Yes.", Voice("male"))[0]) > 0


def test_auto_takes_it_only_with_its_files_and_says_how_to_get_them(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert missing_files(WEIGHTS.files, folder) == []
    assert missing(Settings(kokoro_model=str(folder))) is None
    lack = missing(Settings(data=str(tmp_path)))
    assert lack is not None
    assert "VISAVIS_TTS_ENGINE=kokoro downloads them" in lack
    assert missing(Settings(data=str(tmp_path), tts_engine="kokoro")) is None
    monkeypatch.setattr(espeak_engine, "missing", lambda: "no espeak")
    assert missing(Settings(kokoro_model=str(folder))) == "it needs eSpeak NG to read: no espeak"
