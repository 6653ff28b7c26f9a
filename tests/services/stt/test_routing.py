"""Utterances reach the engine for their language, and a better engine as soon as it is there."""

from __future__ import annotations

import pytest

from bus.errors import EngineError
from services.models.deferred import Deferred
from services.stt.engine import Transcriber
from services.stt.routing import DeferredEngine, LanguageRouter
from tests.fakes import FakeTranscriber


def test_an_utterance_stays_with_the_engine_that_it_began_with() -> None:
    first, better = FakeTranscriber(), FakeTranscriber()
    deferred: Deferred[Transcriber] = Deferred(None, first, "m")
    engine = DeferredEngine(deferred)
    transcription = engine.open("en")
    deferred.current = better
    engine.open("en")
    transcription.push(b"\x01\x00")
    assert (first.opened, better.opened, len(first.blocks), len(better.blocks)) == (1, 1, 1, 0)


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
