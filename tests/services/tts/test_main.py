"""The choice of the TTS engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import json, structs

from bus.errors import ConfigurationError, EngineError
from bus.process.engines import EngineOption, choose_engine
from bus.settings import Settings
from services.engine_speed import EngineSpeeds, Speed, this_processor, version_of
from services.models.catalogue import KOKORO
from services.tts.__main__ import ENGINES, EngineTable, build
from services.tts.engine import Synthesizer, Voice
from services.tts.engines.deferred_engine import DeferredEngine
from services.tts.engines.language_router import LanguageRouter
from services.tts.engines.silent import SilentEngine
from services.tts.speed import SENTENCE, workload
from tests import real_models
from tests.fakes import FakeSynthesizer

SETTING = "VISAVIS_TTS_ENGINE"


def test_hibari_is_the_default() -> None:
    choice = choose_engine(ENGINES, "auto", Settings(), setting=SETTING)
    assert choice.option.name == "hibari"
    assert "not xtts: " in choice.reason


def floor(**requirements: Callable[[], str | None]) -> tuple[EngineOption[Synthesizer], ...]:
    """The engines without those that need a network."""
    options = EngineTable(**requirements).options()
    return tuple(option for option in options if option.name not in ("xtts", "hibari", "kokoro", "pico"))


def test_without_flite_espeak_is_chosen_with_the_reason() -> None:
    options = floor(why_flite_unavailable=lambda: "libflite.so.1 is not installed")
    choice = choose_engine(options, "auto", Settings(), setting=SETTING)
    assert choice.option.name == "espeak"
    assert "libflite.so.1 is not installed" in choice.reason


def test_with_flite_and_espeak_both_are_chosen() -> None:
    options = floor(why_flite_unavailable=lambda: None, why_espeak_unavailable=lambda: None)
    assert choose_engine(options, "auto", Settings(), setting=SETTING).option.name == "flite+espeak"


def test_without_any_engine_the_error_names_the_missing_packages() -> None:
    options = floor(why_flite_unavailable=lambda: "no flite", why_espeak_unavailable=lambda: "no espeak")
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


def named(name: str) -> EngineOption[Synthesizer]:
    return next(option for option in ENGINES if option.name == name)


def test_without_its_files_kokoro_is_deferred_and_the_fallback_speaks(tmp_path: Path) -> None:
    engine = named("kokoro").load(Settings(models=str(tmp_path), data=str(tmp_path / "data"), model_downloads="off"))
    assert isinstance(engine, DeferredEngine)
    assert engine.voice_for(Voice(language="de")) == "pico/de-DE"
    assert "espeak/" in engine.voice_for(Voice(language="pl"))
    both = named("hibari").load(Settings(models=str(tmp_path), data=str(tmp_path / "data"), model_downloads="off"))
    assert both.voice_for(Voice()) == "hibari/heart"
    assert "hibari" not in both.voice_for(Voice("male"))


@pytest.mark.parametrize(("engine", "serving"), [("kokoro", "pico"), ("hibari", ""), ("espeak", "")])
def test_the_service_says_who_serves_in_place_of_an_engine_without_its_files(
    tmp_path: Path, engine: str, serving: str
) -> None:
    settings = Settings(models=str(tmp_path), data=str(tmp_path / "data"), model_downloads="off", tts_engine=engine)
    built = build(settings)
    assert (built.engine, built.serving()) == (engine, serving)


def test_files_with_another_checksum_are_not_loaded_except_from_a_configured_folder(tmp_path: Path) -> None:
    folder = tmp_path / "kokoro"
    folder.mkdir()
    for file in KOKORO.files:
        (folder / file.path).write_bytes(bytes(file.bytes))
    engine = named("kokoro").load(Settings(models=str(tmp_path), data=str(tmp_path / "data"), model_downloads="off"))
    assert "kokoro" not in engine.voice_for(Voice("male"))
    with pytest.raises(ConfigurationError, match="holds no Kokoro model that can be loaded"):
        named("kokoro").load(Settings(kokoro_model=str(folder)))


def test_the_silent_engine_fails_every_sentence() -> None:
    with pytest.raises(EngineError, match="no voice here yet") as caught:
        list(SilentEngine().speak("hi", Voice(), 1))
    assert caught.value.code == "no_voice"


def remember_kokoro(seconds: float, settings: Settings) -> None:
    """As if Kokoro had been timed here, at so many seconds for a second of speech."""
    path = EngineSpeeds.of(settings).path("kokoro")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.encode(Speed("tts", "kokoro", version_of(KOKORO), this_processor(), seconds, "2026-01-01")))


@real_models.needs(KOKORO)
def test_with_its_files_men_speak_with_kokoro(tmp_path: Path) -> None:
    settings = structs.replace(real_models.SETTINGS, data=str(tmp_path))
    remember_kokoro(0.5, settings)
    assert named("hibari").load(settings).voice_for(Voice("male")) == "kokoro/am_michael"


@real_models.needs(KOKORO)
def test_kokoro_is_timed_on_this_machine(tmp_path: Path) -> None:
    settings = structs.replace(real_models.SETTINGS, data=str(tmp_path))
    engine = named("hibari").load(settings)
    (speed,) = (one for one in EngineSpeeds.of(settings).all() if one.engine == "kokoro")
    assert (speed.model, speed.machine) == (version_of(KOKORO), this_processor())
    assert (engine.voice_for(Voice("male")) == "kokoro/am_michael") == speed.keeps_up


@real_models.needs(KOKORO)
def test_a_kokoro_that_does_not_keep_up_is_not_used_and_hibari_stays(tmp_path: Path) -> None:
    settings = structs.replace(real_models.SETTINGS, data=str(tmp_path))
    remember_kokoro(2.0, settings)
    engine = named("hibari").load(settings)
    assert engine.voice_for(Voice()) == "hibari/heart"
    assert "kokoro" not in engine.voice_for(Voice("male"))
    assert build(settings).note().startswith("kokoro does not keep up with speech on this machine")
    by_name = structs.replace(settings, tts_engine="kokoro")
    assert build(by_name).engine == "kokoro"
    assert named("kokoro").load(by_name).voice_for(Voice("male")) == "kokoro/am_michael"


def test_the_workload_is_a_sentence_of_speech() -> None:
    engine = FakeSynthesizer()
    assert workload(engine)() == pytest.approx(0.1 * len(SENTENCE))
