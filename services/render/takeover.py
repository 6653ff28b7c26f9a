"""From which clip of the silent face a speech takes over: the one that pages show, which the facts tell."""

from __future__ import annotations

import asyncio

from bus import subjects
from bus.events import (
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
from services.face_clips import CLIPS, KEY_FRAME_INTERVAL, LOOP_FRAMES, MAIN
from services.face_replay import FRAME, shown_clips
from services.render.face_motion import face_motion

_TELLING = (UtteranceStarted, UtteranceEnded, TranscriptFinal, MessageReceived, ReplyStarted)
"""Facts by which the state before a first sentence is known."""


async def shown_clip(event: Event, character: str, at: int, reader: Reader) -> str:
    """The clip that is shown when the pictures of a reply's first sentence begin.

    Args:
        event: the start of the speech.
        at: microseconds since 1970, of the first picture.
    """
    stored, facts = await asyncio.gather(
        reader.counts(streams.IDLE, subjects.face_clips_of(character)),
        asyncio.gather(*(reader.last_fact(event.conversation, kind) for kind in _TELLING)),
    )
    batches = LOOP_FRAMES // KEY_FRAME_INTERVAL
    if any(stored.get(subjects.face_clip(character, clip), 0) < batches for clip in CLIPS if clip != MAIN):
        return MAIN
    return clip_at([one for one in facts if one is not None and one.at <= event.at], event, character, at)


def clip_at(facts: list[Event], event: Event, character: str, at: int) -> str:
    """The same from the facts before the speech."""
    motion, frame = face_motion(character), at // FRAME
    events = [*sorted(facts, key=lambda one: one.at), event]
    return next(shown_clips(events, range(frame, frame + 1), seed_of(event.conversation), motion.is_at_rest))
