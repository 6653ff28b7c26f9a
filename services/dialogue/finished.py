"""Tells whether the log has all that a person's words lead to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bus.events import (
    CommandRecognised,
    CommandRefused,
    Event,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    ReplyStarted,
)
from bus.ids import reply_id
from bus.work.service import Reader
from services.dialogue.turn_taking import calls_for_answer


async def is_finished(event: Event, later: Sequence[Event], reader: Reader) -> bool:
    """Whether words have their answer, or need none. See `bus.work.service.Service.is_finished`."""
    if not calls_for_answer(event.body):
        return True
    reply, bodies = reply_id(event.id), [one.body for one in later]
    ends = ReplyEnded | ReplyInterrupted | ReplyFailed | ReplyMerged
    if any(isinstance(body, ends) and body.reply == reply for body in bodies):
        return True
    if any(isinstance(body, ReplyStarted) and body.reply == reply for body in bodies):
        return False  # half told
    if any(isinstance(one.body, CommandRecognised | CommandRefused) and one.cause == event.id for one in later):
        return True
    # Older versions said nothing about words that newer ones had overtaken.
    return any(calls_for_answer(body) for body in bodies)
