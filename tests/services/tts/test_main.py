"""Which engine speaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import ConfigurationError, EngineError
from bus.process.engines import choose_engine
from bus.settings import Settings
from services import downloads
from services.tts.__main__ import ENGINES, build
from services.tts.engine import Voice
from services.tts.engines import espeak as espeak_engine
from services.tts.engines import flite_library
from services.tts.engines import kokoro as kokoro_engine
from services.tts.engines.by_language import ByLanguage
from services.tts.engines.deferred import Arriving
from services.tts.engines.silent import Silent
from tests.fakes import FakeSynthesizer

SETTING = "VISAVIS_TTS_ENGINE"


def test_without_flite_espeak_speaks_and_the_choice_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite_library, "missing", lambda: "libflite.so.1 is not installed")
    choice = choose_engine(ENGINES, "auto", Settings(), setting=SETTING)
    assert choice.option.name == "espeak"
    assert "libflite.so.1 is not installed" in choice.reason


def test_with_both_each_language_has_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite_library, "missing", lambda: None)
    monkeypatch.setattr(espeak_engine, "missing", lambda: None)
    assert choose_engine(ENGINES, "auto", Settings(), setting=SETTING).option.name == "flite+espeak"


def test_without_any_engine_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite_library, "missing", lambda: "no flite")
    monkeypatch.setattr(espeak_engine, "missing", lambda: "no espeak")
    with pytest.raises(ConfigurationError, match="no espeak"):
        choose_engine(ENGINES, "auto", Settings(), setting=SETTING)


def test_espeak_can_be_asked_for_by_name() -> None:
    assert build(Settings(tts_engine="espeak")).engine == "espeak"


def test_english_goes_to_one_engine_and_the_rest_to_the_other() -> None:
    english, others = FakeSynthesizer(), FakeSynthesizer()
    router = ByLanguage(english, others)
    for text, language in (("Hello", "en"), ("Naïve", "en-GB"), ("Hallo", "de"), ("你好", "en")):
        list(router.speak(text, Voice(language=language), 1))
    assert [text for text, *_ in english.asked] == ["Hello", "Naïve"]
    assert [text for text, *_ in others.asked] == ["Hallo", "你好"]
    assert router.voice_for(Voice("male")) == "fake/male"


def test_auto_says_why_the_better_voices_are_not_used() -> None:
    why = choose_engine(ENGINES, "auto", Settings(), setting=SETTING).reason
    assert "not xtts: " in why
    assert "not kokoro: " in why


def test_where_files_are_missing_another_voice_speaks_until_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse(files: object, folder: Path, address: str) -> None:
        asked.append(address)
        raise EngineError("no network", retryable=False)

    monkeypatch.setattr(downloads, "fetch", refuse)
    settings = Settings(tts_engine="kokoro", data=str(tmp_path), model_hub="http://127.0.0.1:1")
    engine = next(row for row in ENGINES if row.name == "kokoro").load(settings)
    assert isinstance(engine, Arriving)
    assert engine.settled.wait(10)
    commit = "1939ad2a8e416c0acfeecc08a694d14ef25f2231"
    assert asked == [f"http://127.0.0.1:1/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/{commit}"]
    assert "espeak/" in engine.voice_for(Voice(language="de"))


def test_files_that_are_not_the_published_ones_are_refused_unless_the_folder_is_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "kokoro"
    folder.mkdir(parents=True)
    for file in kokoro_engine.WEIGHTS.files:
        (folder / file.path).write_bytes(b"{}")
    kokoro = next(row for row in ENGINES if row.name == "kokoro")
    with pytest.raises(ConfigurationError, match=r"tokenizer\.json is not the published file"):
        kokoro.load(Settings(tts_engine="kokoro", data=str(tmp_path)))
    with pytest.raises(ConfigurationError, match="holds no Kokoro model that can be loaded"):
        kokoro.load(Settings(tts_engine="kokoro", kokoro_model=str(folder)))


def test_without_any_other_voice_the_sentence_stays_text() -> None:
    with pytest.raises(EngineError, match="no voice here yet") as caught:
        list(Silent().speak("hi", Voice(), 1))
    assert caught.value.code == "no_voice"
