"""Dead letters: messages that a service gave up on, stored on `DEAD` to be looked at, requeued or dropped.

A dead letter is requeued by publishing its bytes, unchanged, on `REQUEUE` and then deleting it from `DEAD`. A crash in
between leaves it on both; requeuing it again finds its bytes on `REQUEUE` and only deletes it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from nats.aio.msg import Msg

from bus import clock, codec, subjects
from bus.channel_events import DeliveryEvent, LinkEvent
from bus.errors import InvalidInput, NotFound, UndecodableEvent, VisavisError
from bus.events import DeadLetter, Event
from bus.log import streams
from bus.log.event_log import EventLog, Record

_OF_CHANNELS = ("inbox", "delivery", "link")
"""First tokens of the subjects that name a channel or a link, not a conversation."""


@dataclass(frozen=True)
class StoredDeadLetter:
    """A message on `DEAD`."""

    number: int
    """Its stream sequence on `DEAD`."""
    data: bytes
    service: str
    letter: DeadLetter | None
    """None: the message is no dead letter of Visavis."""

    @property
    def conversation(self) -> str:
        """The conversation of the message that failed; empty if unknown."""
        parts = self.letter.subject.split(".") if self.letter else []
        return parts[1] if len(parts) > 2 and parts[0] not in _OF_CHANNELS else ""

    @property
    def place(self) -> str:
        """The conversation; else the channel and what it calls the message, or the link."""
        parts = self.letter.subject.split(".") if self.letter else []
        return " ".join(parts[1:]) if parts and parts[0] in _OF_CHANNELS else self.conversation

    def content(self) -> Event | LinkEvent | DeliveryEvent | bytes:
        """What failed: an event; or bytes of a channel, as received, which only the channel can read.

        Raises:
            UndecodableEvent: it is no event, or of a kind that this version does not know.
        """
        if self.letter is None:
            return codec.decode_event(self.data)
        match self.letter.stream:
            case streams.INBOX:
                return self.letter.data
            case streams.PEOPLE:
                return codec.decode_link_event(self.letter.data)
            case streams.DELIVERIES:
                return codec.decode_delivery_event(self.letter.data)
        return codec.decode_event(self.letter.data)


def dead_letter_for(msg: Msg, service: str, error: VisavisError, deliveries: int) -> tuple[DeadLetter, int | None]:
    """The dead letter for a message that a service gave up on; and the message's sequence on `REQUEUE`, if it is there.

    A requeued message gives a letter about its original message, so that a letter never holds another letter.
    """
    meta = msg.metadata
    original = None
    if meta.stream == streams.REQUEUE:
        with suppress(UndecodableEvent):  # published there by another program
            original = codec.decode_dead_letter(msg.data)
    letter = DeadLetter(
        at=clock.now(),
        stream=original.stream if original else meta.stream,
        sequence=original.sequence if original else meta.sequence.stream,
        subject=original.subject if original else msg.subject,
        service=service,
        code=error.code,
        detail=error.detail,
        deliveries=deliveries,
        data=original.data if original else msg.data,
    )
    return letter, meta.sequence.stream if original else None


async def read_all(
    event_log: EventLog, service: str | None = None, *, since: int = 0
) -> AsyncIterator[StoredDeadLetter]:
    """The dead letters of one service or of all, the oldest first; not those that are published meanwhile.

    Args:
        since: those stored at this time or later, microseconds since 1970.
    """
    newest = await event_log.last_sequence(streams.DEAD)
    subject = subjects.ALL_DEAD if service is None else subjects.dead_of(service)
    async with aclosing(event_log.read(streams.DEAD, subject, since=since)) as records:
        async for record in records:
            if record.sequence > newest:
                return
            yield _decode(record)


async def read_requeued(event_log: EventLog) -> AsyncIterator[StoredDeadLetter]:
    """The letters on `REQUEUE`, which were delivered again or wait for that; their numbers are of that stream."""
    async with aclosing(event_log.read(streams.REQUEUE, subjects.ALL_REQUEUED)) as records:
        async for record in records:
            yield _decode(record)


async def get(event_log: EventLog, number: int) -> StoredDeadLetter:
    """The dead letter of a number.

    Raises:
        NotFound: there is none.
    """
    async with aclosing(event_log.read(streams.DEAD, subjects.ALL_DEAD, after=number - 1)) as records:
        record = await anext(records, None)
    if record is None or record.sequence != number:
        raise NotFound(f"there is no dead letter {number}")
    return _decode(record)


def _decode(record: Record) -> StoredDeadLetter:
    try:
        letter = codec.decode_dead_letter(record.data)
    except UndecodableEvent:
        letter = None
    service = letter.service if letter else record.subject.rsplit(".", 1)[-1]
    return StoredDeadLetter(record.sequence, record.data, service, letter)


class Requeuer:
    """Requeues dead letters.

    Args:
        force: also those that hold no known event.
    """

    def __init__(self, event_log: EventLog, *, force: bool = False) -> None:
        self._event_log = event_log
        self._force = force
        self._requeued: dict[str, set[bytes]] = {}
        """Bytes of the letters on `REQUEUE`, by service."""

    async def requeue(self, stored: StoredDeadLetter) -> None:
        """Move a dead letter to `REQUEUE`, where its service takes it again.

        Raises:
            InvalidInput: it is no dead letter, or holds no known event.
        """
        self._check(stored)
        if stored.service not in self._requeued:
            self._requeued[stored.service] = await self._read_requeued(stored.service)
        if stored.data not in self._requeued[stored.service]:
            await self._event_log.requeue(stored.service, stored.data, f"again-{stored.number}")
        await self._event_log.delete_message(streams.DEAD, stored.number)

    def _check(self, stored: StoredDeadLetter) -> None:
        if stored.letter is None:
            raise InvalidInput(f"{stored.number} is no dead letter of Visavis")
        try:
            stored.content()
        except UndecodableEvent as error:
            if not self._force:
                raise InvalidInput(
                    f"{stored.number} holds no event that this version knows ({error.detail}); --force puts it back "
                    "all the same"
                ) from error

    async def _read_requeued(self, service: str) -> set[bytes]:
        """Bytes of the letters on `REQUEUE`; an earlier call may have crashed before deleting one from `DEAD`. No two
        letters are equal, because each has the microsecond of its failure in it."""
        async with aclosing(self._event_log.read(streams.REQUEUE, subjects.requeue(service))) as records:
            return {record.data async for record in records}


async def drop(event_log: EventLog, stored: StoredDeadLetter) -> None:
    """Delete a dead letter for good."""
    await event_log.delete_message(streams.DEAD, stored.number)
