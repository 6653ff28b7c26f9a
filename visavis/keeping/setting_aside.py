"""Keeps a restored log from repeating what channels did after the backup.

A channel goes on after a backup: messages that waited then were sent, and questions were answered, of which the backup
knows nothing. So nothing of before the backup is sent by itself: deliveries that were not over become dead letters,
which the operator can look at and requeue, and turns of channels that had no answer are ended.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from bus import clock, codec, subjects
from bus.channel_events import DeliveryFailed
from bus.errors import UndecodableEvent
from bus.events import (
    DeadLetter,
    Event,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    VoiceNoteReceived,
)
from bus.ids import derive_id, reply_id
from bus.log import snapshots, streams
from bus.log.event_log import EventLog, Record
from bus.log.snapshots import ConsumerPosition
from bus.stamping import new_event
from projections.deliveries import Delivery, fold
from services.channels.sending.ledger import SENDER, Ledger

_ANSWERS = "channels"
_OVER = ("sent", "given_up", "failed")
_ENDS = (ReplyEnded, ReplyInterrupted, ReplyMerged, ReplyFailed)
OF_CHANNELS = frozenset({_ANSWERS, "inbox", "welcomes", "channel-commands", SENDER})
"""Durable consumers whose work ends in messages to people, or begins with theirs."""


@dataclass(frozen=True)
class SetAside:
    """What is not gone on with."""

    deliveries: int
    turns: int


async def set_aside(event_log: EventLog, consumers: Sequence[ConsumerPosition], *, made_at: int) -> SetAside:
    """End what channels may have gone on with since a backup; for a log on which no service works.

    Args:
        consumers: of the backup.
        made_at: when it was made, microseconds since 1970.
    """
    made = datetime.datetime.fromtimestamp(made_at / 1e6, datetime.UTC)
    detail = f"the log was restored from a backup of {made:%Y-%m-%d %H:%M} UTC; it may have been sent after that"
    deliveries = await _end_deliveries(event_log, detail)
    answers = [one.done for one in consumers if (one.stream, one.name) == (streams.CONVERSATIONS, _ANSWERS)]
    turns = await _end_turns(event_log, answers[0]) if answers else 0
    ends = {name: one.last for name, one in (await snapshots.contents(event_log.nc)).items()}
    for one in consumers:
        if one.name in OF_CHANNELS:
            await snapshots.put_back(event_log.nc, _at_the_end(one, ends))
    return SetAside(deliveries, turns)


def _at_the_end(consumer: ConsumerPosition, ends: Mapping[str, int]) -> ConsumerPosition:
    return ConsumerPosition(
        stream=consumer.stream, name=consumer.name, config=consumer.config, done=ends[consumer.stream]
    )


async def _end_deliveries(event_log: EventLog, detail: str) -> int:
    """Make dead letters of the deliveries that are not over; returns how many."""
    found: dict[str, tuple[Record, Delivery]] = {}
    async with aclosing(event_log.read(streams.DELIVERIES, subjects.ALL_DELIVERIES)) as records:
        async for record in records:
            try:
                event = codec.decode_delivery_event(record.data)
            except UndecodableEvent:
                continue
            queued, before = found.get(record.subject, (record, None))
            delivery = fold(before, record.sequence, event)
            if delivery is not None:
                found[record.subject] = (queued, delivery)
    waiting = [one for one in found.values() if one[1].state not in _OVER]
    ledger = Ledger(event_log)
    for queued, delivery in waiting:
        failed = await ledger.step(delivery, DeliveryFailed(code="restored", detail=detail))
        letter = DeadLetter(
            at=clock.now(), stream=streams.DELIVERIES, sequence=queued.sequence, subject=queued.subject,
            service=SENDER, code=failed.code, detail=detail, deliveries=delivery.attempt, data=queued.data,
        )  # fmt: skip
        await event_log.publish_dead_letter(letter, requeue_sequence=failed.seq)
    return len(waiting)


async def _end_turns(event_log: EventLog, answered: int) -> int:
    """End the turns of channels whose answers had not all been queued; returns how many.

    Args:
        answered: sequence up to which all words had their answers queued.
    """
    words: list[tuple[int, Event]] = []
    for kind in (MessageReceived, VoiceNoteReceived):
        subject = subjects.facts_of_kind(kind)
        async with aclosing(event_log.read(streams.CONVERSATIONS, subject, after=answered)) as records:
            async for record in records:
                try:
                    event = codec.decode_event(record.data)
                except UndecodableEvent:
                    continue
                body = event.body
                if isinstance(body, MessageReceived | VoiceNoteReceived) and body.origin and not record.is_copy:
                    words.append((record.sequence, event))
    count = 0
    for sequence, event in words:
        later = await event_log.facts(event.conversation, after=sequence)
        if any(one.turn == event.turn and isinstance(one.body, _ENDS) for _, one in later):
            continue
        ended = new_event(
            ReplyInterrupted(reply=reply_id(event.id), heard="", by="button"),
            conversation=event.conversation, event_id=derive_id(event.id, "restored"), turn=event.turn, cause=event.id,
            after=event.at,
        )  # fmt: skip
        await event_log.append(ended)
        count += 1
    return count
