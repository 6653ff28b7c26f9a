"""From which clip of the silent face a speech takes over: the one that pages show, which the facts tell."""

from __future__ import annotations

import asyncio

from bus import subjects
from bus.events import (
    FRAMES_PER_SECOND,
    Event,
    MessageReceived,
    ReplyStarted,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.ids import seed_of
from bus.log import streams
from bus.work.service import Reader
from services.face_clips import CLIPS, KEY_FRAME_INTERVAL, LOOP_FRAMES, MAIN, WINDOW_FRAMES, FaceDirector
from services.face_script import FaceScript
from services.render.face_motion import face_motion

_FRAME = 1_000_000 // FRAMES_PER_SECOND
_TELLING = (UtteranceStarted, UtteranceEnded, TranscriptFinal, MessageReceived, ReplyStarted)
"""Facts by which the state before a first sentence is known."""
_MOST_FRAMES = 60 * FRAMES_PER_SECOND


async def shown_clip(event: Event, character: str, at: int, reader: Reader) -> str:
    """The clip that is shown when the pictures of a reply's first sentence begin.

    Args:
        event: the start of the speech.
        at: microseconds since 1970, of the first picture.
    """
    stored, *facts = await asyncio.gather(
        reader.counts(streams.IDLE, subjects.face_clips_of(character)),
        *(reader.last_fact(event.conversation, kind) for kind in _TELLING),
    )
    batches = LOOP_FRAMES // KEY_FRAME_INTERVAL
    if any(stored.get(subjects.face_clip(character, clip), 0) < batches for clip in CLIPS if clip != MAIN):
        return MAIN
    return clip_at([one for one in facts if one is not None and one.at <= event.at], event, character, at)


def clip_at(facts: list[Event], event: Event, character: str, at: int) -> str:
    """The same from the facts before the speech."""
    motion, script, director = face_motion(character), FaceScript(), FaceDirector(seed_of(event.conversation))

    def joins(clip: str, frame: int) -> bool:
        return motion.is_at_rest(clip, frame)

    waiting = [*sorted(facts, key=lambda one: one.at), event]
    end = at // _FRAME
    first = max(waiting[0].at // _FRAME - 2 * WINDOW_FRAMES, end - _MOST_FRAMES)
    for frame in range(first - first % KEY_FRAME_INTERVAL, end + 1, KEY_FRAME_INTERVAL):
        while waiting and waiting[0].at <= frame * _FRAME:
            script.add(waiting.pop(0))
        director.choose(frame, joins, script.state(frame * _FRAME))
    return director.clip
