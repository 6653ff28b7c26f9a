"""What a session that begins has to play first: a reply that nobody has heard, or that a lost session broke off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bus import clock, subjects
from bus.events import Event, SpeechStarted
from bus.log import streams
from bus.log.event_log import EventLog
from projections.conversation import Conversation, Reply, fold_all

_WORTH_RESUMING = 60_000_000
"""Microseconds for which an unheard reply is worth hearing."""
UNPLAYED_STATES = ("written", "spoken", "playing")
"""States of a sentence that has not been played to its end."""


@dataclass(frozen=True)
class ResumePoint:
    """Where a session begins to read."""

    speeches: tuple[Event, ...]
    """The `speech.started` of each sentence that is to be played; empty where the session only plays what comes."""
    sound: int
    """Sequence on `AUDIO` after which the sound stands that is to be played."""
    pictures: int
    """The same for the pictures, on `FRAMES`."""


async def find_resume_point(
    event_log: EventLog, conversation: str, known: Conversation | None, *, alone: Callable[[], bool]
) -> ResumePoint:
    """Find out where to begin.

    Args:
        known: the conversation as far as it is folded already.
        alone: whether no other session plays it.
    Raises:
        BusError: NATS is away, or refuses.
    """
    # First the positions, then the facts: a speech begun before them is on record, one begun after them is read.
    sound = await event_log.last_sequence(streams.AUDIO)
    pictures = await event_log.last_sequence(streams.FRAMES)
    state = known or Conversation(id=conversation)
    state = fold_all(state, await event_log.facts(conversation, after=state.seq))
    reply = reply_to_resume(state, clock.now())
    if reply is None or not alone():
        return ResumePoint((), sound, pictures)
    waiting = {one.speech for one in reply.sentences if one.state in UNPLAYED_STATES and one.speech}
    facts = await event_log.facts(conversation) if waiting else []
    speeches = tuple(
        event for _, event in facts if isinstance(event.body, SpeechStarted) and event.body.speech in waiting
    )
    for event in speeches:
        assert isinstance(event.body, SpeechStarted)
        first_sound = await event_log.first_sequence(subjects.audio_out(conversation, event.body.speech))
        first_picture = await event_log.first_sequence(subjects.frames(conversation, event.body.speech))
        sound = min(sound, (first_sound or sound + 1) - 1)
        pictures = min(pictures, (first_picture or pictures + 1) - 1)
    return ResumePoint(speeches, sound, pictures)


def reply_to_resume(conversation: Conversation | None, now: int) -> Reply | None:
    """The newest reply, where the person still waits to hear it.

    Args:
        now: microseconds since 1970; what was said longer ago than a minute is read, not heard.
    """
    turn = conversation.turns[-1] if conversation and conversation.turns else None
    if turn is None or turn.reply is None or now - turn.at > _WORTH_RESUMING:
        return None
    unheard = any(one.state in UNPLAYED_STATES for one in turn.reply.sentences)
    return turn.reply if unheard and turn.reply.state in ("telling", "ended") else None
