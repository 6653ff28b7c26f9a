"""The latencies of a turn, made of its steps; everything that reports latency uses these."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from projections.replay.timeline import Step, TurnTimeline

Measure: TypeAlias = Literal[
    "answer", "endpoint", "transcript", "first_sentence", "first_audio", "playback_wait", "first_frame"
]
"""answer: from the end of the person's speech, or from their written message, to the first sound that is played: the
sum of endpoint, transcript, first_sentence, first_audio and playback_wait of the first sentence that is played, where a
part that the turn has not got is left out. first_sentence: until that sentence was written. first_frame: from the
first sound made to the first picture."""
MEASURES: tuple[Measure, ...] = get_args(Measure)
_Part: TypeAlias = Literal["endpoint", "transcript", "first_sentence", "first_audio", "playback_wait"]
_PARTS: tuple[_Part, ...] = get_args(_Part)


def measures(turn: TurnTimeline) -> dict[Measure, int]:
    """The latencies of a turn in microseconds; only those of steps that came to an end."""
    waits = [step for step in turn.steps if step.name == "playback_wait" and step.end is not None]
    heard = min(waits, key=lambda step: (step.index or 0, step.end or 0), default=None)
    index = None if heard is None else heard.index
    found: dict[Measure, int] = {}
    for name in _PARTS:
        step = heard if name == "playback_wait" else _first(turn, name, index)
        if step is not None and step.end is not None and step.state != "failed":
            found[name] = step.end - step.start
    sound, sentence = _first(turn, "first_audio", index), _first(turn, "first_sentence", None)
    if "first_audio" in found and "first_sentence" in found and sound and sentence:
        found["first_sentence"] = sound.start - sentence.start  # sentences that are only shown may come before
    frame = _first(turn, "first_frame", index)
    if frame is not None and frame.end is not None and frame.state != "failed":
        found["first_frame"] = frame.end - frame.start
    if heard is not None:
        found["answer"] = sum(found.get(name, 0) for name in _PARTS)
    return found


def _first(turn: TurnTimeline, name: _Part | Literal["first_frame"], index: int | None) -> Step | None:
    """The step of this name: of the whole turn, of that sentence, or of the first one where none is given."""
    wanted = (None, index)
    steps = [step for step in turn.steps if step.name == name and (index is None or step.index in wanted)]
    return min(steps, key=lambda step: (step.index or 0, step.start), default=None)
