"""The event log: appends, reads and follows events. Services and projections reach NATS only through this module."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

from bus import codec, subjects
from bus.access_events import AccessEvent
from bus.channel_events import DeliveryEvent, DeliveryQueued, LinkEvent
from bus.dropped import drop
from bus.errors import ConfigurationError, Conflict, StreamStalled, UndecodableEvent
from bus.events import (
    Body,
    CharacterEvent,
    ConversationErasureRequested,
    DeadLetter,
    Event,
    LiveBody,
    LiveEvent,
    Media,
    MediaT,
    StepRepeated,
)
from bus.ids import derive_id
from bus.log import streams
from bus.log.assets import Assets
from bus.log.character_facts import CharacterFacts
from bus.log.connection import Connection, open_connection
from bus.log.headers import COPY, INCOMING_TRACE
from bus.log.log_reader import RETRY_FOR
from bus.log.log_store import LogStore
from bus.log.records import NO_HEADERS, Fence, Published, Record
from bus.log.trace_context import event_headers, is_trace_parent
from bus.settings import Settings
from bus.stamping import new_delivery_event

__all__ = ["LARGEST_SKEW", "OLDEST_SERVER", "EventLog", "Fence", "Published", "Record", "connect"]

log = logging.getLogger(__name__)

OLDEST_SERVER = (2, 12)
_NATS_SLOW = 1.0
"""Seconds; a request that takes longer means that NATS was away or this process frozen."""

LARGEST_SKEW = 300_000_000
"""Microseconds by which the clocks of two machines may differ: an event's time may be ahead of when the server stored
it."""

T = TypeVar("T")


class EventLog(LogStore):
    """Events and media on a `LogStore`, and the assets that some events name."""

    def __init__(self, settings: Settings, facts: Connection, media: Connection) -> None:
        super().__init__(settings, facts, media)
        self.assets = Assets(self)
        self._characters = CharacterFacts(self)

    async def close(self) -> None:
        """End what runs beside the readers."""
        await self._characters.close()

    # writing

    async def append(self, event: Event, *, retry_for: float = RETRY_FOR, incoming_trace: str = "") -> int:
        """Append a fact; returns its stream sequence. Appending the same id again does nothing.

        Args:
            retry_for: seconds to keep trying while NATS is away.
            incoming_trace: the `traceparent` of the request that brought it; left out where it is none.
        Raises:
            BusError: NATS was away for that long, or refuses.
        """
        headers = event_headers(event)
        if is_trace_parent(incoming_trace):
            headers[INCOMING_TRACE] = incoming_trace
        subject, data = subjects.fact(event), codec.encode(event)
        return (await self.publish(self.js, subject, data, event.id, None, retry_for, headers)).sequence

    async def append_fenced(self, event: Event, fence: Fence, *, deliveries: int = 1) -> Published:
        """Append a fact if the fence still holds.

        Args:
            deliveries: how often the work item that gave it was delivered.
        Raises:
            Conflict: another process has published on the fence's subject.
            BusError: NATS was away for 30 s, or refuses.
        """
        subject, headers = subjects.fact(event), event_headers(event, deliveries)
        return await self.publish(self.js, subject, codec.encode(event), event.id, fence, more_headers=headers)

    async def append_copy(self, event: Event, *, stored: int) -> int:
        """Append a fact of a conversation that took place elsewhere or earlier, unworked on; returns its sequence.

        Args:
            stored: when the original was stored, microseconds since 1970.
        """
        # Not the event's own id: the original may be on this log, too.
        message_id, headers = f"{event.conversation}-{event.id}", {COPY: str(stored), **event_headers(event)}
        subject, data = subjects.fact(event), codec.encode(event)
        return (await self.publish(self.js, subject, data, message_id, more_headers=headers)).sequence

    async def append_copied_bytes(self, subject: str, data: bytes, message_id: str, *, stored: int) -> int:
        """As `append_copy`, for a fact as it was stored that this version may not decode: without a trace."""
        return (await self.publish(self.js, subject, data, message_id, more_headers={COPY: str(stored)})).sequence

    async def append_character(self, event: CharacterEvent) -> int:
        """Append a fact about a character; returns its stream sequence."""
        published = await self.publish(self.js, subjects.character(event), codec.encode(event), event.id)
        self._characters.wrote(published.sequence)
        return published.sequence

    async def append_link(self, event: LinkEvent, *, after: int) -> int:
        """Append an event of a link if its newest event is still the one with that sequence, 0: none; returns its own.

        Raises:
            Conflict: the link has another newest event.
        """
        return await self._append_step(subjects.link(event), codec.encode(event), event.id, after)

    async def append_access(self, event: AccessEvent, *, after: int) -> int:
        """Append an event of a key or a person if the newest one is still that with this sequence, 0: none; returns its
        own.

        Raises:
            Conflict: there is another newest event.
        """
        return await self._append_step(subjects.access(event), codec.encode(event), event.id, after)

    async def append_delivery(self, event: DeliveryEvent, *, after: int) -> int:
        """Append an event of a delivery if its newest event is still the one with that sequence, 0: none; returns its
        own.

        Raises:
            Conflict: the delivery has another newest event.
        """
        return await self._append_step(subjects.delivery_event(event), codec.encode(event), event.id, after)

    async def queue_delivery(self, channel: str, delivery: str, body: DeliveryQueued) -> bool:
        """Queue a message to be sent through a channel; returns False where one of that id has been queued before."""
        event_id = derive_id(delivery, "queued")
        try:
            await self.append_delivery(
                new_delivery_event(body, channel=channel, delivery=delivery, event_id=event_id), after=0
            )
        except Conflict:
            return False
        return True

    async def append_inbox(self, channel: str, account: str, event: str, data: bytes) -> bool:
        """Store what a channel sent, once for each event, however often it is sent; returns False if it was stored.

        Args:
            event: the channel's id of it, as one token of a subject.
        """
        subject = subjects.inbox(channel, account, event)
        try:
            published = await self.publish(self.js, subject, data, subject, Fence(subject, 0))
        except Conflict:
            return False
        return not published.duplicate

    async def _append_step(self, subject: str, data: bytes, message_id: str, after: int) -> int:
        try:
            return (await self.publish(self.js, subject, data, message_id, Fence(subject, after))).sequence
        except Conflict:
            newest = await self.last_message(subject)
            if newest is not None and newest.data == data:
                return newest.sequence  # stored by an earlier try whose acknowledgement was lost
            raise

    async def publish_media(
        self, message: Media, message_id: str, fence: Fence | None = None, *, cause: Event | None = None,
        deliveries: int = 1,
    ) -> Published:  # fmt: skip
        """Append audio or pictures if the fence still holds.

        Args:
            cause: the event that they belong to.
            deliveries: how often the work item that gave them was delivered.
        Raises:
            Conflict: another process has published on the fence's subject.
            BusError: NATS was away for 30 s, or refuses.
        """
        headers = NO_HEADERS if cause is None else event_headers(cause, deliveries)
        subject, data = subjects.media(message), codec.encode(message)
        return await self.publish(self.media_js, subject, data, message_id, fence, more_headers=headers)

    async def claim(self, stream_prefix: str, event: Event) -> int:
        """Claim a work item: from here on the outputs of its earlier workers are refused. Returns the fence's sequence.

        Args:
            stream_prefix: first token of the fenced subjects: conv, audio or frames.
            event: the claim; its body is `StepRepeated`.
        """
        body = event.body
        assert isinstance(body, StepRepeated)
        subject = subjects.claim(stream_prefix, event.conversation, body.service, body.event)
        while True:
            last = await self.last_message(subject)
            if last is not None and last.data == codec.encode(event):
                return last.sequence  # stored by an earlier try whose acknowledgement was lost
            fence = Fence(subject, last.sequence if last is not None else 0)
            try:
                message_id = f"{event.id}-{stream_prefix}"
                published = await self.publish(
                    self.js, subject, codec.encode(event), message_id, fence, more_headers=event_headers(event)
                )
                return published.sequence
            except Conflict:
                await asyncio.sleep(0.05)  # another claim came first, or a replica lags behind

    async def publish_live(self, event: LiveEvent) -> None:
        """Publish a live event; not retried, because it would be stale."""
        await self.nc.publish(subjects.live(event), codec.encode(event))

    async def publish_dead_letter(self, letter: DeadLetter, *, requeue_sequence: int | None = None) -> None:
        """Publish a dead letter on `DEAD`.

        Args:
            requeue_sequence: on `REQUEUE`, if the letter was requeued and failed again; gives it another message id.
        """
        subject = subjects.dead(letter.stream, letter.service)
        message_id = f"{letter.service}-{letter.stream}-{letter.sequence}-{requeue_sequence or ''}"
        await self.publish(self.js, subject, codec.encode(letter), message_id)

    async def requeue(self, service: str, letter: bytes, message_id: str) -> Published:
        """Publish a dead letter on `REQUEUE`, for its service."""
        return await self.publish(self.js, subjects.requeue(service), letter, message_id)

    # reading

    async def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncGenerator[MediaT, None]:
        """See `bus.work.service.Reader.follow`."""
        after = 0
        while True:
            # Of a reader that gets no place on the stream, this is told, and not that the media stalled.
            records = self.read(streams.stream_of(subject), subject, after=after, follow=True, patience=timeout / 2)
            async with aclosing(records):
                while True:
                    try:
                        async with asyncio.timeout(timeout):
                            record = await anext(records)
                    except TimeoutError:
                        break
                    after = record.sequence
                    message = codec.decode_media(record.data)
                    if not isinstance(message, kind):
                        raise UndecodableEvent(f"{subject}: expected {kind.__name__}, got {type(message).__name__}")
                    yield message
                    if message.final:
                        return
            # Twice: what was held up by a server that stood still comes in the moments after it goes on.
            if await self._is_still(subject, after):
                await asyncio.sleep(min(_NATS_SLOW, timeout / 4))
                if not await self._is_still(subject, after):
                    continue
                raise StreamStalled(f"{subject}: nothing for {timeout} s and no final chunk")

    async def _is_still(self, subject: str, after: int) -> bool:
        """Whether the subject has no message after a sequence. False also if NATS was away or this process frozen."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        newest = await self.last_message(subject)
        return (newest is None or newest.sequence <= after) and loop.time() - began < _NATS_SLOW

    async def facts(self, conversation: str, *, after: int = 0) -> list[tuple[int, Event]]:
        """See `bus.work.service.Reader.facts`. A fact that does not decode is left out: the services that
        consume it publish it as a dead letter."""
        found: list[tuple[int, Event]] = []
        async for record in self.read(streams.CONVERSATIONS, subjects.facts_of(conversation), after=after):
            event = _decode_or_warn(codec.decode_event, record)
            if event is not None:
                found.append((record.sequence, event))
        return found

    async def follow_facts(self, event: Event) -> AsyncGenerator[tuple[int, Event], None]:
        """See `bus.work.service.Reader.follow_facts`."""
        subject = subjects.facts_of(event.conversation)
        found = False
        since = event.at - LARGEST_SKEW
        async with aclosing(self.read(streams.CONVERSATIONS, subject, since=since, follow=True)) as records:
            async for record in records:
                fact = _decode_or_warn(codec.decode_event, record)
                if found and fact is not None:
                    yield record.sequence, fact
                found = found or (fact is not None and fact.id == event.id)

    async def last_fact(self, conversation: str, kind: type[Body]) -> Event | None:
        """See `bus.work.service.Reader.last_fact`."""
        return _decode_or_warn(codec.decode_event, await self.last_message(subjects.fact_in(conversation, kind)))

    async def may_be_erased(self, sequence: int) -> bool:
        """Whether a fact that is not there may have been erased: a conversation was, after that fact was stored."""
        newest = await self.last_message(subjects.facts_of_kind(ConversationErasureRequested))
        return newest is not None and newest.sequence > sequence

    async def queued_delivery(self, channel: str, delivery: str) -> DeliveryQueued | None:
        """See `bus.work.service.Reader.queued_delivery`."""
        subject = subjects.delivery(channel, delivery)
        if await self.last_message(subject) is None:
            return None
        async with aclosing(self.read(streams.DELIVERIES, subject)) as records:
            async for record in records:
                event = _decode_or_warn(codec.decode_delivery_event, record)
                if event is not None and isinstance(event.body, DeliveryQueued):
                    return event.body
        return None

    async def last_live(self, subject: str) -> LiveEvent | None:
        """See `bus.work.service.Reader.last_live`."""
        return _decode_or_warn(codec.decode_live, await self.last_message(subject))

    async def live(self, kind: type[LiveBody]) -> AsyncIterator[LiveEvent]:
        """See `bus.work.service.Reader.live`."""
        async with aclosing(self.subscribe_core(subjects.live_of_kind(kind))) as messages:
            async for subject, data in messages:
                try:
                    yield codec.decode_live(data)
                except UndecodableEvent as error:
                    drop("undecodable", subject=subject, why=error.detail)

    async def last_media(self, kind: type[MediaT], subject: str) -> MediaT | None:
        """See `bus.work.service.Reader.last_media`."""
        message = _decode_or_warn(codec.decode_media, await self.last_message(subject))
        return message if isinstance(message, kind) else None

    async def character_facts(self, *, fresh: bool = True) -> Sequence[CharacterEvent]:
        """See `bus.work.service.Reader.character_facts`."""
        return await self._characters.all(fresh=fresh)

    async def asset(self, name: str) -> bytes:
        """See `bus.work.service.Reader.asset`."""
        return await self.assets.get(name)


def _decode_or_warn(decode: Callable[[bytes], T], record: Record | None) -> T | None:
    """The decoded record; None with a warning if it does not decode, which must stop no reader."""
    if record is None:
        return None
    try:
        return decode(record.data)
    except UndecodableEvent as error:
        drop("undecodable", subject=record.subject, sequence=record.sequence, why=error.detail)
        return None


@asynccontextmanager
async def connect(
    settings: Settings, *, name: str, wait: float = 30.0, update_streams: bool = True
) -> AsyncIterator[EventLog]:
    """Connect to the log and make sure that its streams exist.

    Args:
        name: shown in the server's list of connections.
        wait: seconds to wait for a server that is not up yet.
        update_streams: change the limits of the streams to those in the settings; False for read-only commands.
    Raises:
        BusError: no server or no JetStream within `wait`, or streams are missing and this user may not create them.
        ConfigurationError: the server is too old, or a stream cannot be changed as needed.
    """
    async with connect_only(settings, name=name, wait=wait) as event_log:
        await streams.ensure_streams_in_time(event_log.js, settings, update=update_streams, wait=wait)
        await event_log.watch.learn_time()
        yield event_log


@asynccontextmanager
async def connect_only(settings: Settings, *, name: str, wait: float = 30.0) -> AsyncIterator[EventLog]:
    """See `connect`; whatever streams there are."""
    facts = await open_connection(settings, name, wait, user=name)
    try:
        version = facts.connected_server_version
        if (version.major, version.minor) < OLDEST_SERVER:
            raise ConfigurationError(f"NATS at {settings.redacted_url} is {version}; 2.12 or newer is needed")
        media = await open_connection(settings, f"{name}-media", wait, user=name)
        event_log = EventLog(settings, facts, media)
        try:
            yield event_log
        finally:
            await event_log.close()
            await media.disconnect()
    finally:
        await facts.disconnect()
