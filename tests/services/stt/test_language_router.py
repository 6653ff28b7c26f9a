"""Utterances reach the engine for their language."""

from __future__ import annotations

import pytest

from bus.errors import ConfigurationError, EngineError
from services.stt.engine import Transcriber
from services.stt.language_router import LanguageRouter
from tests.fakes import FakeTranscriber


def test_other_languages_have_an_engine_of_their_own_that_is_loaded_once() -> None:
    english = FakeTranscriber()
    loaded: list[FakeTranscriber] = []

    def load() -> Transcriber:
        loaded.append(FakeTranscriber())
        return loaded[-1]

    router = LanguageRouter(english, load)
    router.open("en")
    assert (english.opened, loaded) == (1, [])
    for _ in range(2):
        with pytest.raises(EngineError, match="expected en, got de"):
            router.open("de")
    assert len(loaded) == 1


def test_a_language_that_has_to_be_detected_is_not_taken_for_english() -> None:
    english, others = FakeTranscriber(), FakeTranscriber(languages=("und", "de"))
    router = LanguageRouter(english, lambda: others)
    router.open("und")
    assert (english.opened, others.opened) == (0, 1)


def test_where_the_other_engine_cannot_be_loaded_an_unknown_language_is_heard_as_english() -> None:
    def load() -> Transcriber:
        raise ConfigurationError("its files are not here")

    english = FakeTranscriber(languages=("en", "und"))
    router = LanguageRouter(english, load)
    router.open("und")
    assert english.opened == 1
    with pytest.raises(ConfigurationError):
        router.open("de")
