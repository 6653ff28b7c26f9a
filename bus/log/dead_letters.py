"""Dead letters: work that a service gave up, put aside on `DEAD` to be looked at, put back or dropped.

A letter is put back by publishing its bytes, unchanged, on `REQUEUE` and then removing it from `DEAD`. A crash in
between loses nothing, because it is still there; putting it back once more then publishes nothing, because its bytes
are on `REQUEUE` already, and removes it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from nats.aio.msg import Msg

from bus import clock, codec, subjects
from bus.errors import InvalidInput, NotFound, UndecodableEvent, VisavisError
from bus.events import DeadLetter, Event
from bus.log import streams
from bus.log.event_log import EventLog, Record


@dataclass(frozen=True)
class StoredDeadLetter:
    """A dead letter where it lies."""

    number: int
    """Its stream sequence on `DEAD`."""
    data: bytes
    service: str
    letter: DeadLetter | None
    """None: something else was put on `DEAD`."""

    @property
    def conversation(self) -> str:
        """Whose work it was; empty where that cannot be told."""
        parts = self.letter.subject.split(".") if self.letter else []
        return parts[1] if len(parts) > 2 else ""

    def event(self) -> Event:
        """What the service could not deal with.

        Raises:
            UndecodableEvent: it is no event, or of a kind that this version does not know.
        """
        if self.letter is None:
            return codec.decode_event(self.data)
        return codec.decode_event(self.letter.data)


def dead_letter_for(msg: Msg, service: str, error: VisavisError, deliveries: int) -> tuple[DeadLetter, str]:
    """What to put aside of a message that a service gave up; and, where it had been put back by hand, which time.

    It is told as it first came, so that a letter never holds another letter.
    """
    meta = msg.metadata
    before = None
    if meta.stream == streams.REQUEUE:
        with suppress(UndecodableEvent):  # put there by another program
            before = codec.decode_dead_letter(msg.data)
    letter = DeadLetter(
        at=clock.now(),
        stream=before.stream if before else meta.stream,
        sequence=before.sequence if before else meta.sequence.stream,
        subject=before.subject if before else msg.subject,
        service=service,
        code=error.code,
        detail=error.detail,
        deliveries=deliveries,
        data=before.data if before else msg.data,
    )
    return letter, str(meta.sequence.stream) if before else ""


async def read_all(event_log: EventLog, service: str | None = None) -> AsyncIterator[StoredDeadLetter]:
    """All that lie there now, of one service or of all, the oldest first; not those that come meanwhile."""
    newest = await event_log.last_sequence(streams.DEAD)
    subject = subjects.ALL_DEAD if service is None else subjects.dead_of(service)
    async with aclosing(event_log.read(streams.DEAD, subject)) as records:
        async for record in records:
            if record.sequence > newest:
                return
            yield _dead(record)


async def get(event_log: EventLog, number: int) -> StoredDeadLetter:
    """One of them.

    Raises:
        NotFound: there is none of this number.
    """
    async with aclosing(event_log.read(streams.DEAD, subjects.ALL_DEAD, after=number - 1)) as records:
        record = await anext(records, None)
    if record is None or record.sequence != number:
        raise NotFound(f"there is no dead letter {number}")
    return _dead(record)


def _dead(record: Record) -> StoredDeadLetter:
    try:
        found = codec.decode_dead_letter(record.data)
    except UndecodableEvent:
        found = None
    return StoredDeadLetter(
        record.sequence, record.data, found.service if found else record.subject.rsplit(".", 1)[-1], found
    )


class Requeuer:
    """Puts dead letters back.

    Args:
        force: also those whose bytes are no event.
    """

    def __init__(self, event_log: EventLog, *, force: bool = False) -> None:
        self._event_log = event_log
        self._force = force
        self._back: dict[str, set[bytes]] = {}

    async def requeue(self, dead: StoredDeadLetter) -> None:
        """Give it to its service again.

        Raises:
            InvalidInput: it is not fit to be tried again.
        """
        self._check(dead)
        if dead.service not in self._back:
            self._back[dead.service] = await self._put_back_before(dead.service)
        if dead.data not in self._back[dead.service]:
            await self._event_log.requeue(dead.service, dead.data, f"again-{dead.number}")
        await self._event_log.delete_message(streams.DEAD, dead.number)

    def _check(self, dead: StoredDeadLetter) -> None:
        if dead.letter is None:
            raise InvalidInput(f"{dead.number} is no dead letter of Visavis")
        try:
            dead.event()
        except UndecodableEvent as error:
            if not self._force:
                raise InvalidInput(
                    f"{dead.number} holds no event that this version knows ({error.detail}); --force puts it back all "
                    "the same"
                ) from error

    async def _put_back_before(self, service: str) -> set[bytes]:
        """Letters on `REQUEUE`: a crash may have come before they were removed from `DEAD`. Each is unlike all others,
        because it has the microsecond of its failure in it."""
        async with aclosing(self._event_log.read(streams.REQUEUE, subjects.requeue(service))) as records:
            return {record.data async for record in records}


async def drop(event_log: EventLog, dead: StoredDeadLetter) -> None:
    """Remove it for good."""
    await event_log.delete_message(streams.DEAD, dead.number)
