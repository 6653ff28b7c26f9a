"""The choice of the TTS engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import ConfigurationError, EngineError
from bus.process.engines import choose_engine
from bus.settings import Settings
from services.tts.__main__ import ENGINES, EngineTable, build
from services.tts.engine import Voice
from services.tts.engines import kokoro as kokoro_engine
from services.tts.engines.deferred import DeferredEngine
from services.tts.engines.language_router import LanguageRouter
from services.tts.engines.silent import SilentEngine
from tests.fakes import FakeSynthesizer

SETTING = "VISAVIS_TTS_ENGINE"


def test_without_flite_espeak_is_chosen_with_the_reason() -> None:
    options = EngineTable(why_no_flite=lambda: "libflite.so.1 is not installed").options()
    choice = choose_engine(options, "auto", Settings(), setting=SETTING)
    assert choice.option.name == "espeak"
    assert "libflite.so.1 is not installed" in choice.reason


def test_with_flite_and_espeak_both_are_chosen() -> None:
    options = EngineTable(why_no_flite=lambda: None, why_no_espeak=lambda: None).options()
    assert choose_engine(options, "auto", Settings(), setting=SETTING).option.name == "flite+espeak"


def test_without_any_engine_the_error_names_the_missing_packages() -> None:
    options = EngineTable(why_no_flite=lambda: "no flite", why_no_espeak=lambda: "no espeak").options()
    with pytest.raises(ConfigurationError, match="no espeak"):
        choose_engine(options, "auto", Settings(), setting=SETTING)


def test_espeak_can_be_chosen_by_name() -> None:
    assert build(Settings(tts_engine="espeak")).engine == "espeak"


def test_the_language_router_sends_english_to_one_engine_and_the_rest_to_the_other() -> None:
    english, others = FakeSynthesizer(), FakeSynthesizer()
    router = LanguageRouter(english, others)
    for text, language in (("Hello", "en"), ("Naïve", "en-GB"), ("Hallo", "de"), ("你好", "en")):
        list(router.speak(text, Voice(language=language), 1))
    assert [text for text, *_ in english.asked] == ["Hello", "Naïve"]
    assert [text for text, *_ in others.asked] == ["Hallo", "你好"]
    assert router.voice_for(Voice("male")) == "fake/male"


def test_auto_gives_the_reasons_against_the_better_engines() -> None:
    why = choose_engine(ENGINES, "auto", Settings(), setting=SETTING).reason
    assert "not xtts: " in why
    assert "not kokoro: " in why


def test_without_its_files_an_engine_is_deferred_and_the_fallback_speaks(tmp_path: Path) -> None:
    addresses: list[str] = []

    def refuse(files: object, folder: Path, address: str) -> None:
        addresses.append(address)
        raise EngineError("no network", retryable=False)

    settings = Settings(tts_engine="kokoro", data=str(tmp_path), model_hub="http://127.0.0.1:1")
    engine = next(option for option in EngineTable(fetch=refuse).options() if option.name == "kokoro").load(settings)
    assert isinstance(engine, DeferredEngine)
    assert engine.resolved.wait(10)
    commit = "1939ad2a8e416c0acfeecc08a694d14ef25f2231"
    assert addresses == [f"http://127.0.0.1:1/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/{commit}"]
    assert "espeak/" in engine.voice_for(Voice(language="de"))


def test_files_with_another_checksum_are_refused_except_in_a_configured_folder(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "kokoro"
    folder.mkdir(parents=True)
    for file in kokoro_engine.WEIGHTS.files:
        (folder / file.path).write_bytes(b"{}")
    kokoro = next(option for option in ENGINES if option.name == "kokoro")
    with pytest.raises(ConfigurationError, match=r"tokenizer\.json is not the published file"):
        kokoro.load(Settings(tts_engine="kokoro", data=str(tmp_path)))
    with pytest.raises(ConfigurationError, match="holds no Kokoro model that can be loaded"):
        kokoro.load(Settings(tts_engine="kokoro", kokoro_model=str(folder)))


def test_the_silent_engine_fails_every_sentence() -> None:
    with pytest.raises(EngineError, match="no voice here yet") as caught:
        list(SilentEngine().speak("hi", Voice(), 1))
    assert caught.value.code == "no_voice"
