"""Which engine speaks."""

from __future__ import annotations

import pytest

from bus.engines import choose
from bus.errors import ConfigurationError
from bus.settings import Settings
from services.tts import espeak_engine, flite_library
from services.tts.__main__ import ENGINES, build
from services.tts.engine import Voice
from services.tts.router import ByLanguage
from tests.fakes import FakeSynthesizer

SETTING = "VISAVIS_TTS_ENGINE"


def test_without_flite_espeak_speaks_and_the_choice_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite_library, "missing", lambda: "libflite.so.1 is not installed")
    choice = choose(ENGINES, "auto", Settings(), setting=SETTING)
    assert choice.engine.name == "espeak"
    assert "libflite.so.1 is not installed" in choice.why


def test_with_both_each_language_has_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite_library, "missing", lambda: None)
    monkeypatch.setattr(espeak_engine, "missing", lambda: None)
    assert choose(ENGINES, "auto", Settings(), setting=SETTING).engine.name == "flite+espeak"


def test_without_any_engine_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite_library, "missing", lambda: "no flite")
    monkeypatch.setattr(espeak_engine, "missing", lambda: "no espeak")
    with pytest.raises(ConfigurationError, match="no espeak"):
        choose(ENGINES, "auto", Settings(), setting=SETTING)


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
