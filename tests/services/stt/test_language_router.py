"""Utterances reach the engine for their language."""

from __future__ import annotations

import pytest

from bus.errors import EngineError
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
