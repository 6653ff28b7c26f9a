"""Erases a conversation: asks for it on the log, and removes its bytes from every stream.

Each message is deleted by itself: NATS then overwrites its bytes in the file, where a purge would leave them. What is
left is the request and the receipt, which hold nothing of what was said. Copies outside of the log, such as backups
and exported files, are not reached.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import aclosing
from typing import Literal

from bus import codec, subjects
from bus.channel_events import DeliveryQueued
from bus.errors import UndecodableEvent
from bus.events import (
    ConversationErased,
    ConversationErasureRequested,
    Event,
    FaceRequested,
    MessageReceived,
    VoiceNoteReceived,
)
from bus.ids import derive_id
from bus.log import streams
from bus.log.dead_letters import read_all, read_requeued
from bus.log.event_log import EventLog
from bus.stamping import new_event

log = logging.getLogger(__name__)

_ENDS = (ConversationErasureRequested, ConversationErased)
_MOST_PLACES = 64
"""Messages that one update of a channel may have."""
_ROUNDS = 20
"""Times that a stream is looked through again because something was added meanwhile."""


async def request_erasure(
    event_log: EventLog, conversation: str, by: Literal["person", "operator", "age"], *, retry_for: float = 30.0
) -> int:
    """Ask for the erasure of a conversation, once; returns the request's sequence.

    Raises:
        BusError: NATS is away.
    """
    event_id = derive_id(conversation, "erasure")
    body = ConversationErasureRequested(by=by)
    known = await event_log.last_fact(conversation, ConversationErasureRequested)
    event = known or new_event(body, conversation=conversation, event_id=event_id)
    return await event_log.append(event, retry_for=retry_for)


async def erase(event_log: EventLog, conversation: str) -> Counter[str]:
    """Remove all that is on the log of a conversation whose erasure was asked for; returns the messages by stream.

    May be called again at any time: it goes on with what is left.

    Raises:
        BusError: NATS is away, or this user may not delete messages.
    """
    removed: Counter[str] = Counter()
    for _ in range(_ROUNDS):
        facts = await _facts(event_log, conversation)
        doomed = {
            streams.INBOX: await _updates_of(event_log, {event.id for _, event in facts if event is not None}),
            streams.DELIVERIES: await _deliveries_of(event_log, conversation),
            streams.DEAD: [one.number async for one in read_all(event_log) if one.conversation == conversation],
            streams.REQUEUE: [one.number async for one in read_requeued(event_log) if one.conversation == conversation],
            streams.LIVE: await _sequences(event_log, streams.LIVE, subjects.live_of(conversation)),
            streams.AUDIO: await _sequences(event_log, streams.AUDIO, subjects.audio_of(conversation)),
            streams.FRAMES: await _sequences(event_log, streams.FRAMES, subjects.all_frames_of(conversation)),
            streams.IDLE: await _sequences(event_log, streams.IDLE, subjects.idle_claims_of(conversation)),
            # The facts last: by them the rest is found, should this end in between.
            streams.CONVERSATIONS: [seq for seq, event in facts if event is None or not isinstance(event.body, _ENDS)],
        }
        for _, event in facts:
            if event is not None and isinstance(event.body, FaceRequested):
                await event_log.assets.remove(event.body.photo)
        if doomed[streams.CONVERSATIONS]:
            await _announce(event_log, conversation, doomed[streams.CONVERSATIONS])
        for stream, sequences in doomed.items():
            for sequence in sequences:
                removed[stream] += await event_log.delete_message(stream, sequence)
        if not any(doomed.values()):
            return removed
    log.warning("a conversation that is being erased still grows", extra={"conversation": conversation})
    return removed


async def record_receipt(event_log: EventLog, conversation: str, removed: Counter[str]) -> None:
    """Append what was removed beside the facts, and that everything is; nothing where that is on record already."""
    others = {stream: count for stream, count in sorted(removed.items()) if stream != streams.CONVERSATIONS}
    known = await receipts(event_log, conversation)
    if others or not any(one.complete for one in known):
        await event_log.append(new_event(ConversationErased(removed=others), conversation=conversation))


async def receipts(event_log: EventLog, conversation: str) -> list[ConversationErased]:
    """The receipts for a conversation, the oldest first."""
    found = [event.body for _, event in await event_log.facts(conversation)]
    return [body for body in found if isinstance(body, ConversationErased)]


def total(found: list[ConversationErased]) -> Counter[str]:
    """All messages in these receipts, by stream."""
    return sum((Counter(one.removed) for one in found), Counter())


async def _announce(event_log: EventLog, conversation: str, sequences: list[int]) -> None:
    """Put on record that these facts are about to be removed, oldest first, unless an earlier try has done so."""
    known = await receipts(event_log, conversation)
    if all(one.up_to < sequences[-1] for one in known):
        removed = {streams.CONVERSATIONS: len(sequences)}
        body = ConversationErased(removed=removed, up_to=sequences[-1], complete=False)
        await event_log.append(new_event(body, conversation=conversation))


async def _facts(event_log: EventLog, conversation: str) -> list[tuple[int, Event | None]]:
    """All facts with their sequences, claims and what does not decode included."""
    found: list[tuple[int, Event | None]] = []
    async with aclosing(event_log.read(streams.CONVERSATIONS, subjects.facts_of(conversation))) as records:
        async for record in records:
            try:
                found.append((record.sequence, codec.decode_event(record.data)))
            except UndecodableEvent:
                found.append((record.sequence, None))
    return found


async def _sequences(event_log: EventLog, stream: str, subject: str) -> list[int]:
    async with aclosing(event_log.read(stream, subject)) as records:
        return [record.sequence async for record in records]


async def _updates_of(event_log: EventLog, facts: set[str]) -> list[int]:
    """What channels sent that became these facts: ids of the facts follow from the update's subject."""
    found: list[int] = []
    if not facts:
        return found
    async with aclosing(event_log.read(streams.INBOX, subjects.ALL_INBOX)) as records:
        async for record in records:
            if any(one in facts for one in _facts_of_update(record.subject)):
                found.append(record.sequence)
    return found


def _facts_of_update(subject: str) -> list[str]:
    """Ids of the facts that may have come of an update of a channel."""
    kinds = {MessageReceived: "message", VoiceNoteReceived: "voice note"}
    return [
        derive_id(f"{subject}.{place}", position) for place in range(_MOST_PLACES) for position in kinds.values()
    ]


async def _deliveries_of(event_log: EventLog, conversation: str) -> list[int]:
    """All events of the messages that were sent through channels in a conversation."""
    found: list[int] = []
    own: set[str] = set()
    async with aclosing(event_log.read(streams.DELIVERIES, subjects.ALL_DELIVERIES)) as records:
        async for record in records:
            try:
                body = codec.decode_delivery_event(record.data).body
            except UndecodableEvent:
                continue
            if isinstance(body, DeliveryQueued) and body.conversation == conversation:
                own.add(record.subject)
            if record.subject in own:
                found.append(record.sequence)
    return found

