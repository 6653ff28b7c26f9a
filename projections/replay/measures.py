"""The latencies of a turn, made of its steps; everything that reports latency uses these."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from projections.replay.timeline import TurnTimeline

Measure: TypeAlias = Literal[
    "answer", "endpoint", "transcript", "first_sentence", "first_audio", "playback_wait", "first_frame"
]
"""answer: from the end of the person's speech, or from their written message, to the first sound that is played. It is
the sum of endpoint, transcript, first_sentence, first_audio and playback_wait of the first sentence that is spoken; a
part that the turn has not got is left out. first_frame: from the first sound made to the first picture."""
MEASURES: tuple[Measure, ...] = get_args(Measure)
_Part: TypeAlias = Literal["endpoint", "transcript", "first_sentence", "first_audio", "playback_wait"]
_PARTS: tuple[_Part, ...] = get_args(_Part)


def measures(turn: TurnTimeline) -> dict[Measure, int]:
    """The latencies of a turn in microseconds; only those of steps that came to an end."""
    found: dict[Measure, int] = {}
    steps: tuple[_Part | Literal["first_frame"], ...] = (*_PARTS, "first_frame")
    for name in steps:
        length = _length(turn, name)
        if length is not None:
            found[name] = length
    if "playback_wait" in found:
        found["answer"] = sum(found.get(name, 0) for name in _PARTS)
    return found


def _length(turn: TurnTimeline, name: Literal[_Part, "first_frame"]) -> int | None:
    """Length of the step of this name: of the whole turn, or of the first sentence that has a sound."""
    steps = [step for step in turn.steps if step.name == name]
    first = min(steps, key=lambda step: (step.index or 0, step.start), default=None)
    return None if first is None or first.end is None else first.end - first.start
