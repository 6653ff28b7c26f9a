"""A deferred engine: the fallback transcribes until the model is loaded."""

from __future__ import annotations

from services.models.deferred import Deferred
from services.stt.deferred_engine import DeferredEngine
from services.stt.engine import Transcriber
from tests.fakes import FakeTranscriber


def test_an_utterance_stays_with_the_engine_that_it_began_with() -> None:
    first, better = FakeTranscriber(), FakeTranscriber()
    deferred: Deferred[Transcriber] = Deferred.ready(first, "m")
    engine = DeferredEngine(deferred)
    transcription = engine.open("en")
    deferred.current = better
    engine.open("en")
    transcription.push(b"\x01\x00")
    assert (first.opened, better.opened, len(first.blocks), len(better.blocks)) == (1, 1, 1, 0)
