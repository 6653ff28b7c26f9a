"""Finds what a new session plays first: what is left of a reply that no session has played, or that a lost session
broke off; where others play it, what none of them has begun."""

from __future__ import annotations

from dataclasses import dataclass

from bus import clock, subjects
from bus.events import Event, PlaybackProgress, PlaybackStarted, SpeechStarted
from bus.log import streams
from bus.log.event_log import EventLog
from projections.conversation import Conversation, Reply, Sentence, fold_all

_MAX_AGE = 60_000_000
"""Microseconds after the start of its turn for which a reply is resumed; an older one is only shown as text."""
_UNPLAYED_STATES = ("written", "spoken", "playing")
"""States of a sentence that has not been played to its end."""


def is_unplayed(sentence: Sentence) -> bool:
    """Whether a sentence is still to be played, or is being played; one without sound is never played."""
    return sentence.state in _UNPLAYED_STATES and sentence.samples != 0


def is_broken_off(sentence: Sentence) -> bool:
    """Whether a session stopped playing a sentence before its end."""
    return sentence.state == "played" and not sentence.is_heard_out


@dataclass(frozen=True)
class ResumePoint:
    """The speeches that a new session plays first, and the positions from which it reads their media."""

    reply: str | None
    """The reply to resume, if there is one."""
    speeches: tuple[Event, ...]
    """The `speech.started` of each of its sentences that are to be played."""
    audio_after: int
    """Sequence on `AUDIO` after which the session reads."""
    frames_after: int
    """Sequence on `FRAMES` after which the session reads."""
    under_way: int | None = None
    """Index of the sentence of the reply that other sessions are within; None: they are within none."""
    played: tuple[Event, ...] = ()
    """The facts of its playback, in order."""


async def find_resume_point(
    event_log: EventLog, conversation: str, known: Conversation | None, *, others_play: bool
) -> ResumePoint:
    """Find the speeches to resume; without any, the session begins at the end of the streams.

    Args:
        known: the conversation as far as the read model has it.
        others_play: whether other sessions play the conversation.
    Raises:
        BusError: NATS is away, or refuses.
    """
    # Positions before facts: a speech started before the positions is among the facts, a later one is read live.
    audio_after = await event_log.last_sequence(streams.AUDIO)
    frames_after = await event_log.last_sequence(streams.FRAMES)
    state = known or Conversation(id=conversation)
    state = fold_all(state, await event_log.facts(conversation, after=state.seq))
    reply = _newest_reply(state) if others_play else reply_to_resume(state, clock.now())
    if reply is None:
        return ResumePoint(None, (), audio_after, frames_after)
    begun = _begun(reply) if others_play else -1
    unplayed = {
        one.speech
        for one in reply.sentences
        if one.speech and one.index > begun and (is_unplayed(one) or is_broken_off(one))
    }
    playing = {one.speech for one in reply.sentences if one.index == begun and one.state == "playing" and one.speech}
    facts = [event for _, event in await event_log.facts(conversation)] if unplayed or playing else []
    speeches = tuple(one for one in facts if isinstance(one.body, SpeechStarted) and one.body.speech in unplayed)
    # What is playing is not played here, but the microphone may hear it out of another loudspeaker.
    for speech in (*(event.body.speech for event in speeches if isinstance(event.body, SpeechStarted)), *playing):
        first_audio = await event_log.first_sequence(subjects.audio_out(conversation, speech))
        audio_after = min(audio_after, (first_audio or audio_after + 1) - 1)
        if speech in unplayed:
            first_frames = await event_log.first_sequence(subjects.frames(conversation, speech))
            frames_after = min(frames_after, (first_frames or frames_after + 1) - 1)
    played = tuple(
        event
        for event in facts
        if isinstance(event.body, PlaybackStarted | PlaybackProgress) and event.body.speech in playing
    )
    return ResumePoint(reply.id, speeches, audio_after, frames_after, begun if playing else None, played)


def _begun(reply: Reply) -> int:
    """Index of the last sentence that is being played, or was played to its end; -1: there is none."""
    return max(
        (
            one.index
            for one in reply.sentences
            if one.state == "playing" or (one.state == "played" and not is_broken_off(one))
        ),
        default=-1,
    )


def _newest_reply(conversation: Conversation) -> Reply | None:
    """The reply to the newest words, if it is not over."""
    for turn in reversed(conversation.turns):
        if turn.reply is not None:
            return turn.reply if turn.reply.state in ("telling", "ended") else None
        if turn.person is not None and turn.person.state == "final":
            return None
    return None


def reply_to_resume(conversation: Conversation | None, now: int) -> Reply | None:
    """The newest reply, if a part of it is unplayed and its turn is less than a minute old.

    Args:
        now: microseconds since 1970.
    """
    turn = conversation.turns[-1] if conversation and conversation.turns else None
    if turn is None or turn.reply is None or now - turn.at > _MAX_AGE:
        return None
    unplayed = any(is_unplayed(one) or is_broken_off(one) for one in turn.reply.sentences)
    return turn.reply if unplayed and turn.reply.state in ("telling", "ended") else None
