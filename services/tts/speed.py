"""The workload by which voices are timed: one sentence."""

from __future__ import annotations

from services.engine_speed import Workload
from services.tts.engine import Synthesizer, Voice

SENTENCE = "Let me tell you, in one sentence, how fast I can speak."


def workload(engine: Synthesizer) -> Workload:
    """Speaks the sentence; gives the seconds of its sound."""
    return lambda: sum(len(piece.samples) / piece.rate for piece in engine.speak(SENTENCE, Voice(), seed=1))
