"""The real loading and inference code of Kokoro on a small model with the same inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bus.errors import ConfigurationError, EngineError
from projections.replay.word_error_rate import normalised_words
from services.audio import Samples
from services.models.catalogue import KOKORO, MOONSHINE, SILERO
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines.espeak import EspeakEngine
from services.tts.engines.kokoro import RATE, KokoroEngine, voice_name
from services.tts.engines.kokoro_phonemes import to_kokoro_phonemes
from services.tts.engines.misaki_reader import MisakiReader, vocabulary
from services.tts.lips.estimator import VisemeEstimator
from tests import real_models
from tests.fakes import FakeSynthesizer
from tests.services.tts.engines import tiny_kokoro
from tests.services.tts.engines.listening import loudness_ratio, words_heard


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_kokoro.make(tmp_path_factory.mktemp("kokoro"))


@pytest.fixture(scope="module")
def espeak() -> Iterator[EspeakEngine]:
    engine = EspeakEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def engine(folder: Path, espeak: EspeakEngine) -> KokoroEngine:
    return KokoroEngine(folder, MisakiReader(espeak), VisemeEstimator(espeak), FakeSynthesizer())


def say(engine: KokoroEngine, text: str, voice: Voice = Voice()) -> tuple[Samples, list[SpeechPiece]]:  # noqa: B008 - frozen
    pieces = list(engine.speak(text, voice, 1))
    return np.concatenate([piece.samples for piece in pieces]), pieces


def test_a_text_becomes_phonemes_and_each_phoneme_audio(engine: KokoroEngine, espeak: EspeakEngine) -> None:
    phonemes = MisakiReader(espeak).phonemes("My name is Bob.", "en")
    assert phonemes == "mˌI nˈAm ɪz bˈɑb."
    samples, pieces = say(engine, "My name is Bob.")
    # The silent pad tokens are trimmed, all but 20 ms of the first.
    lead = RATE // 50
    assert abs(len(samples) - lead - tiny_kokoro.PHONEME_SAMPLES * len(phonemes)) <= 150
    assert {piece.rate for piece in pieces} == {RATE}
    numbers = np.array([vocabulary()[phoneme] for phoneme in phonemes])
    each = tiny_kokoro.PHONEME_SAMPLES
    blocks = samples[lead : lead + each * (len(phonemes) - 1)].reshape(-1, each)[:, 100:-100]
    heights = np.abs(blocks.astype(float)).max(axis=1)
    assert np.corrcoef(heights, numbers[: len(heights)])[0, 1] > 0.99


def test_visemes_are_those_of_the_text_and_end_with_the_audio(engine: KokoroEngine, espeak: EspeakEngine) -> None:
    samples, pieces = say(engine, "My name is Bob.")
    marks = [mark for piece in pieces for mark in piece.visemes]
    (reference,) = espeak.speak("My name is Bob.", Voice(), 1)
    assert [mark.viseme for mark in marks] == [mark.viseme for mark in reference.visemes]
    assert marks[-1].sample <= len(samples) + RATE // 50
    assert [mark.sample for mark in marks] == sorted(mark.sample for mark in marks)


def test_pace_and_pitch_are_applied(engine: KokoroEngine) -> None:
    plain, _ = say(engine, "My name is Bob.")
    fast, _ = say(engine, "My name is Bob.", Voice(pace=1.5))
    assert 0.6 < len(fast) / len(plain) < 0.72
    high, pieces = say(engine, "My name is Bob.", Voice(pitch=1.2))
    assert pieces[0].rate == round(1.2 * RATE)
    assert 0.97 < len(high) / pieces[0].rate / (len(plain) / RATE) < 1.03


def test_a_long_text_is_synthesised_in_parts(engine: KokoroEngine) -> None:
    text = "We are here now, and that is a good thing. " * 6
    samples, pieces = say(engine, text.strip())
    assert len(pieces) > 5
    assert len(pieces[0].samples) < len(samples) / 3
    steps = np.abs(np.diff(samples.astype(int)))
    # No step between two samples is higher than the steepest of the tone itself: the joins do not click.
    assert steps.max() <= 0.11 * np.abs(samples.astype(int)).max()


def test_voice_name_depends_on_language_and_voice() -> None:
    assert voice_name(Voice("male", language="en-US")) == "am_michael"
    assert voice_name(Voice("female", language="en-GB")) == "bf_emma"
    assert voice_name(Voice("male", language="pt-BR")) == "pm_alex"
    assert voice_name(Voice("ef_dora", language="en")) == "ef_dora"
    assert voice_name(Voice(language="de")) is None


def test_voices_differ(engine: KokoroEngine) -> None:
    assert not np.array_equal(say(engine, "Yes.")[0], say(engine, "Yes.", Voice("male"))[0])
    assert engine.voice_for(Voice("male")) == "kokoro/am_michael"


def test_the_fallback_speaks_languages_without_a_voice(folder: Path, espeak: EspeakEngine) -> None:
    fallback = FakeSynthesizer()
    engine = KokoroEngine(folder, MisakiReader(espeak), VisemeEstimator(espeak), fallback)
    list(engine.speak("Guten Tag", Voice(language="de"), 3))
    assert fallback.asked == [("Guten Tag", Voice(language="de"), 3)]
    assert engine.voice_for(Voice(language="de")) == "fake/female"


def test_a_text_without_phonemes_is_silent(engine: KokoroEngine) -> None:
    samples, pieces = say(engine, "...")
    assert len(pieces) >= 1
    assert len(samples) < 3 * tiny_kokoro.PHONEME_SAMPLES + RATE


def test_a_file_that_is_no_model_is_a_configuration_error(folder: Path, tmp_path: Path) -> None:
    tiny_kokoro.make(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ConfigurationError, match=str(tmp_path)):
        KokoroEngine(tmp_path, MisakiReader(None), VisemeEstimator(None), FakeSynthesizer())


def test_a_damaged_voice_file_fails_its_sentences_only(tmp_path: Path, espeak: EspeakEngine) -> None:
    tiny_kokoro.make(tmp_path, tokens_input="tokens")
    (tmp_path / "af_heart.bin").write_bytes(bytes(400))
    engine = KokoroEngine(tmp_path, MisakiReader(espeak), VisemeEstimator(None), FakeSynthesizer())
    with pytest.raises(EngineError, match=r"af_heart.bin: expected 130560 numbers, got 100"):
        say(engine, "Yes.")
    assert len(say(engine, "Yes.", Voice("male"))[0]) > 0


def test_english_is_read_as_the_networks_were_taught() -> None:
    reader = MisakiReader(None)
    assert reader.phonemes("I would like that.", "en").startswith("ˌI ")
    assert reader.phonemes("I forgot it.", "en").startswith("ˌI ")
    assert "ɹɹ" not in reader.phonemes("history, mystery, memory, factory, every, camera, different, terror", "en")
    assert reader.phonemes("hello", "en-GB") == "həlˈQ"
    assert reader.phonemes("…", "en") == reader.phonemes("?!", "en") == ""
    assert not reader.reads("fr")


def test_other_languages_are_read_by_espeak(espeak: EspeakEngine) -> None:
    reader = MisakiReader(espeak)
    assert reader.reads("fr")
    assert reader.phonemes("Buenos días", "es") == to_kokoro_phonemes(espeak.ipa("Buenos días", "es"), "es")


@pytest.fixture(scope="module")
def kokoro(espeak: EspeakEngine) -> KokoroEngine:
    folder = real_models.folder(KOKORO)
    return KokoroEngine(folder, MisakiReader(espeak), VisemeEstimator(None), FakeSynthesizer(), threads=2)


@real_models.needs(KOKORO)
class TestWithPublishedWeights:
    @real_models.needs(MOONSHINE)
    @real_models.needs(SILERO)
    def test_what_it_says_is_heard_again(self, kokoro: KokoroEngine) -> None:
        text = "I forgot the history of the lighthouse. Would you tell me the story again?"
        samples, pieces = say(kokoro, text, Voice("male"))
        assert words_heard(samples, pieces[0].rate) == normalised_words(text)

    def test_lips_close_where_the_voice_is_quiet_and_open_where_it_is_loud(self, kokoro: KokoroEngine) -> None:
        samples, pieces = say(kokoro, "Papa, papa, papa!", Voice("male", pitch=1.1))
        assert loudness_ratio(samples, [mark for piece in pieces for mark in piece.visemes]) > 3
