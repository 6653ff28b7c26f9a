"""Turns messages of the log into rows, reading again from the log what it does not hold any more.

Memory is bounded: conversations that nothing happened in are forgotten. What a late fact belongs to is read again by
its subject, at the cost of that conversation's length, and of no other's.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import aclosing

from bus import subjects
from bus.channel_events import DeliveryEvent, DeliveryQueued
from bus.codec import decode_dead_letter, decode_delivery_event, decode_event
from bus.errors import UndecodableEvent
from bus.events import ConversationErasureRequested, Event
from bus.log import streams
from bus.log.event_log import EventLog, Record
from projections.analytics.conversation_rows import ConversationFold
from projections.analytics.delivery_rows import DeliveryFold, dead_letter_row
from projections.analytics.store import DEAD, DELIVERIES, FACTS
from projections.analytics.tables import FailureRow, Row

log = logging.getLogger(__name__)

HELD_FACTS = 10_000
"""Facts whose turns are held, of all conversations."""
_HELD_DELIVERIES = 1000


class FactReader:
    """Folds messages, and gives the rows of what changed.

    Args:
        event_log: what is not held is read from it.
        held_facts: the most facts that are held between two takings of rows.
    """

    def __init__(self, event_log: EventLog, *, held_facts: int = HELD_FACTS) -> None:
        self._event_log = event_log
        self._held_facts = held_facts
        self._conversations: OrderedDict[str, ConversationFold] = OrderedDict()
        self._deliveries: OrderedDict[str, DeliveryFold] = OrderedDict()
        self._erased: set[str] = set()
        self._changed: set[str] = set()
        self._changed_deliveries: set[str] = set()
        self._dead: list[FailureRow] = []

    async def add(self, source: str, record: Record) -> None:
        """Take the next message of a stream; one that does not decode is left out."""
        try:
            match source:
                case streams.CONVERSATIONS:
                    await self._add_fact(record, decode_event(record.data))
                case streams.DELIVERIES:
                    await self._add_delivery(record, decode_delivery_event(record.data))
                case _:
                    self._dead.append(dead_letter_row(record.sequence, decode_dead_letter(record.data)))
        except UndecodableEvent as error:
            log.warning("does not decode, left out", extra={"seq": record.sequence, "why": error.detail[:200]})

    async def _add_fact(self, record: Record, event: Event) -> None:
        if isinstance(event.body, ConversationErasureRequested):
            self._conversations.pop(event.conversation, None)
            self._changed.discard(event.conversation)
            self._erased.add(event.conversation)
            return
        conversation = self._conversations.get(event.conversation)
        if conversation is None:
            conversation = await self._conversation(event.conversation, record.sequence)
            if conversation is None:
                return  # it was erased, and this is the receipt, or what a worker had begun before
        since = conversation.lacks(event)
        if since is not None and event.turn is not None:
            facts = await self._facts(event.conversation, since - 1, record.sequence)
            conversation.restore(event.turn, [(seq, one) for seq, one, _ in facts if one.turn == event.turn])
        conversation.add(record.sequence, event, copied=record.is_copy)
        # Again after the readings, in which rows may have been taken, and what nothing happened in been forgotten.
        self._conversations[event.conversation] = conversation
        self._conversations.move_to_end(event.conversation)
        self._changed.add(event.conversation)

    async def _conversation(self, name: str, before: int) -> ConversationFold | None:
        """A conversation as it was before a sequence; None: it has been erased."""
        found = ConversationFold(name)
        if await self._event_log.first_sequence(subjects.facts_of(name)) == before:
            return found
        for seq, event, copied in await self._facts(name, 0, before):
            if isinstance(event.body, ConversationErasureRequested):
                return None
            found.add(seq, event, copied=copied)
        found.forget_changes()
        return found

    async def _facts(self, conversation: str, after: int, before: int) -> list[tuple[int, Event, bool]]:
        """Facts of a conversation between two sequences, and whether they are copies."""
        found: list[tuple[int, Event, bool]] = []
        records = self._event_log.read(streams.CONVERSATIONS, subjects.facts_of(conversation), after=after)
        async with aclosing(records):
            async for record in records:
                if record.sequence >= before:
                    break
                try:
                    found.append((record.sequence, decode_event(record.data), record.is_copy))
                except UndecodableEvent:
                    continue  # told when it was read first
        return found

    async def _add_delivery(self, record: Record, event: DeliveryEvent) -> None:
        subject = subjects.delivery(event.channel, event.delivery)
        delivery = self._deliveries.get(subject)
        if delivery is None:
            delivery = DeliveryFold(event.channel, event.delivery)
            if not isinstance(event.body, DeliveryQueued):
                await self._restore(delivery, subject, record.sequence)
        delivery.add(record.sequence, event)
        self._deliveries[subject] = delivery
        self._deliveries.move_to_end(subject)
        self._changed_deliveries.add(subject)

    async def _restore(self, delivery: DeliveryFold, subject: str, before: int) -> None:
        async with aclosing(self._event_log.read(streams.DELIVERIES, subject)) as records:
            async for record in records:
                if record.sequence >= before:
                    return
                try:
                    delivery.add(record.sequence, decode_delivery_event(record.data))
                except UndecodableEvent:
                    continue

    def take_erased(self) -> set[str]:
        """The conversations whose rows are to be removed, since this was asked last."""
        erased, self._erased = self._erased, set()
        return erased

    def take_rows(self) -> Iterator[tuple[str, int, Row]]:
        """The source, the time by which it is filed, and the row, of all that changed since this was asked last."""
        for name in sorted(self._changed):
            for at, row in self._conversations[name].take_rows():
                yield FACTS, at, row
        self._changed.clear()
        for subject in sorted(self._changed_deliveries):
            delivery = self._deliveries[subject]
            yield DELIVERIES, delivery.began, delivery.row()
        self._changed_deliveries.clear()
        for letter in self._dead:
            yield DEAD, letter.began, letter
        self._dead.clear()
        self._forget()

    def _forget(self) -> None:
        """Let go of what nothing happened in for longest."""
        held = sum(conversation.size for conversation in self._conversations.values())
        while held > self._held_facts and self._conversations:
            held -= self._conversations.popitem(last=False)[1].size
        while len(self._deliveries) > _HELD_DELIVERIES:
            self._deliveries.popitem(last=False)
