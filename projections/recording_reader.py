"""Reads the recording of a conversation from the log: its facts, the letters on `DEAD` about them, and which of its
media are still there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from bus import subjects
from bus.log import dead_letters, streams
from bus.log.event_log import LARGEST_SKEW, EventLog, Record
from projections.replay.recording import GivenUp, Recording, StoredFact
from projections.replay.view import MediaPresence

_AT_ONCE = 200
"""Facts that are decoded in one go, in a thread; live sound waits no longer than for so many."""


async def read_recording(event_log: EventLog, conversation: str) -> Recording:
    """A conversation as far as it is on the log; without facts where there is none of that id."""
    recording = Recording(conversation)
    await read_on(event_log, recording)
    return recording


async def read_on(event_log: EventLog, recording: Recording) -> bool:
    """Add what has been stored since; False, and nothing added, where the log is another one than before.

    Raises:
        BusError: NATS is away.
    """
    last = recording.last
    unread: list[StoredFact] = []
    begun = last is None  # whether what comes next is new
    # The last one is read once more: it tells whether the log is still the same one.
    after = 0 if last is None else last.sequence - 1
    subject = subjects.facts_of(recording.conversation)
    async with aclosing(event_log.read(streams.CONVERSATIONS, subject, after=after)) as records:
        async for record in records:
            fact = _stored(record)
            if not begun:
                if fact != last:
                    return False
                begun = True
                continue
            unread.append(fact)
            if len(unread) >= _AT_ONCE:
                await asyncio.to_thread(recording.add, unread)
                unread = []
    if not begun:
        return False
    await asyncio.to_thread(recording.add, unread)
    if recording.failed_at is not None:
        recording.set_given_up(await _given_up(event_log, recording.conversation, recording.failed_at))
    return True


def _stored(record: Record) -> StoredFact:
    return StoredFact(record.sequence, record.subject, record.data, record.stored, record.is_copy)


async def _given_up(event_log: EventLog, conversation: str, since: int) -> list[GivenUp]:
    """The events of a conversation that are on `DEAD`, of those that were given up at this time or later."""
    found: list[GivenUp] = []
    async for one in dead_letters.read_all(event_log, since=since - LARGEST_SKEW):
        letter = one.letter
        if letter is not None and letter.stream == streams.CONVERSATIONS and one.conversation == conversation:
            found.append(
                GivenUp(
                    number=one.number, at=letter.at, sequence=letter.sequence, service=letter.service,
                    code=letter.code, detail=letter.detail, deliveries=letter.deliveries,
                )
            )  # fmt: skip
    return found


async def media_of(event_log: EventLog, conversation: str) -> MediaPresence:
    """Which media of a conversation are on the log, by the names of their subjects."""
    audio, frames = await asyncio.gather(
        event_log.counts(streams.AUDIO, subjects.audio_of(conversation)),
        event_log.counts(streams.FRAMES, subjects.frames_of(conversation)),
    )
    sounds = [subject.split(".") for subject in audio]
    return MediaPresence(
        utterances=_names(sounds, "in"), speeches=_names(sounds, "out"), drawn={one.split(".")[-1] for one in frames}
    )


def _names(sounds: Sequence[Sequence[str]], side: str) -> set[str]:
    return {parts[3] for parts in sounds if len(parts) == 4 and parts[2] == side}
