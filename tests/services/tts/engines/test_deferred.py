"""A voice whose model is still being downloaded."""

from __future__ import annotations

import threading

from bus.errors import EngineError
from services.tts.engine import Synthesizer, Voice
from services.tts.engines.deferred import DeferredEngine
from tests.fakes import FakeSynthesizer


def test_until_a_voice_has_arrived_another_one_speaks() -> None:
    meanwhile, wanted, there = FakeSynthesizer(), FakeSynthesizer(), threading.Event()
    tries: list[int] = []

    def make() -> Synthesizer:
        tries.append(1)
        if len(tries) == 1:
            raise EngineError("no network", retryable=True)
        there.wait(10)
        return wanted

    arriving = DeferredEngine(make, meanwhile, "x", pauses=(0.0,))
    list(arriving.speak("a", Voice(), 1))
    there.set()
    assert arriving.resolved.wait(10)
    list(arriving.speak("b", Voice(), 1))
    assert [text for text, *_ in meanwhile.asked] == ["a"]
    assert [text for text, *_ in wanted.asked] == ["b"]
    assert len(tries) == 2


def test_a_voice_that_cannot_come_leaves_the_other_one() -> None:
    def make() -> Synthesizer:
        raise EngineError("no such file", retryable=False)

    meanwhile = FakeSynthesizer()
    arriving = DeferredEngine(make, meanwhile, "x")
    assert arriving.resolved.wait(10)
    list(arriving.speak("a", Voice(), 1))
    assert arriving.voice_for(Voice("male")) == "fake/male"
    assert len(meanwhile.asked) == 1
