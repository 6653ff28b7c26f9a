"""Which clips a silent face showed in a past conversation, told from its facts as the gateway told them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bus.events import (
    FRAMES_PER_SECOND,
    MICROPHONE_RATE,
    Event,
    PlaybackFinished,
    UtteranceEnded,
    UtteranceStarted,
)
from services.face_clips import KEY_FRAME_INTERVAL, WINDOW_FRAMES, FaceDirector
from services.face_script import FaceScript

FRAME = 1_000_000 // FRAMES_PER_SECOND
"""Microseconds."""
_LEAD = 30 * WINDOW_FRAMES
"""Frames before the first that is wanted from which on clips are chosen; by then all is as if from the beginning."""


def shown_clips(
    events: Iterable[Event], frames: range, seed: int, joins: Callable[[str, int], bool], *, after_speech: bool = False
) -> Iterator[str]:
    """The clip of each of these frames.

    Args:
        events: of one conversation, in the order of their times.
        frames: since 1970.
        seed: of the conversation.
        joins: whether a clip, by its name, is there and at rest in a frame.
        after_speech: whether the first frame, a key frame, follows the pictures of a speech.
    """
    script, director = FaceScript(), FaceDirector(seed)
    waiting = sorted(_told(events), key=lambda one: one[0])
    place = 0
    first = frames.start - _LEAD
    for frame in range(first - first % KEY_FRAME_INTERVAL, frames.stop):
        if frame % KEY_FRAME_INTERVAL == 0:
            at = frame * FRAME
            while place < len(waiting) and waiting[place][0] <= at:
                waiting[place][1](script, director)
                place += 1
            if after_speech and frame == frames.start:
                director.restart()
            director.choose(frame, joins, script.state(at), nods=script.nods(at))
        if frame in frames:
            yield director.clip


def _told(events: Iterable[Event]) -> Iterator[tuple[int, Callable[[FaceScript, FaceDirector], None]]]:
    """What the facts tell, each with its time."""
    began: dict[str, int] = {}
    for event in events:
        yield event.at, lambda script, director, event=event: script.add(event)  # type: ignore[misc]
        match event.body:
            case UtteranceStarted(utterance=utterance):
                began[utterance] = event.at
            case UtteranceEnded(utterance=utterance, trace=trace) if trace is not None and utterance in began:
                for window in trace.stable:
                    at = began[utterance] + (window - trace.onset) * trace.window * 1_000_000 // MICROPHONE_RATE
                    yield at, lambda script, director, name=utterance, at=at: script.pause(name, at)  # type: ignore[misc]
            case PlaybackFinished():
                yield event.at, lambda script, director: director.restart()
            case _:
                pass
