"""A deferred engine: the fallback speaks until the model is loaded."""

from __future__ import annotations

from services.models.deferred import Deferred
from services.tts.engine import Synthesizer, Voice
from services.tts.engines.deferred_engine import DeferredEngine
from tests.fakes import FakeSynthesizer


def test_a_sentence_is_spoken_by_the_engine_that_began_it() -> None:
    first, better = FakeSynthesizer(), FakeSynthesizer()
    deferred: Deferred[Synthesizer] = Deferred.ready(first, "m")
    engine = DeferredEngine(deferred)
    sentence = engine.speak("one", Voice(), 1)
    next(sentence)
    deferred.current = better
    list(sentence)
    list(engine.speak("two", Voice(), 1))
    assert [text for text, *_ in first.asked] == ["one"]
    assert [text for text, *_ in better.asked] == ["two"]
    assert engine.voice_for(Voice()) == "fake/female"
