"""An engine whose model is still being downloaded."""

from __future__ import annotations

import threading

from bus.errors import EngineError
from services.tts.engine import Synthesizer, Voice
from services.tts.engines.deferred import DeferredEngine
from tests.fakes import FakeSynthesizer


def test_the_fallback_speaks_until_the_engine_is_loaded() -> None:
    fallback, loaded, may_load = FakeSynthesizer(), FakeSynthesizer(), threading.Event()
    tries: list[int] = []

    def load() -> Synthesizer:
        tries.append(1)
        if len(tries) == 1:
            raise EngineError("no network", retryable=True)
        may_load.wait(10)
        return loaded

    engine = DeferredEngine(load, fallback, "x", retry_delays=(0.0,))
    list(engine.speak("a", Voice(), 1))
    may_load.set()
    assert engine.resolved.wait(10)
    list(engine.speak("b", Voice(), 1))
    assert [text for text, *_ in fallback.asked] == ["a"]
    assert [text for text, *_ in loaded.asked] == ["b"]
    assert len(tries) == 2


def test_the_fallback_stays_if_the_engine_cannot_be_loaded() -> None:
    def load() -> Synthesizer:
        raise EngineError("no such file", retryable=False)

    fallback = FakeSynthesizer()
    engine = DeferredEngine(load, fallback, "x")
    assert engine.resolved.wait(10)
    list(engine.speak("a", Voice(), 1))
    assert engine.voice_for(Voice("male")) == "fake/male"
    assert len(fallback.asked) == 1
