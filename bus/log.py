"""The event log: append, read, follow. The only module that services and projections use to reach NATS."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus import codec, streams, subjects
from bus.connection import Connection, open_connection
from bus.errors import BusError, ConfigurationError, Conflict, StreamStalled, UndecodableEvent
from bus.events import CharacterCreated, CharacterEvent, DeadLetter, Event, LiveEvent, Media
from bus.ids import new_id
from bus.pull import Pull, PullLost
from bus.service import M
from bus.settings import Settings

log = logging.getLogger(__name__)

OLDEST_SERVER = (2, 12)
_PUBLISH_TIMEOUT = 2.0
_PUBLISH_PATIENCE = 30.0
_READ_WINDOW = 256
_READ_BYTES = 4 << 20
_WRONG_LAST_SEQUENCE = 10071
_NO_SPACE = (10023, 10077, 10122)

T = TypeVar("T")


@dataclass(frozen=True)
class Record:
    """One message of the log."""

    sequence: int
    subject: str
    data: bytes
    time: int
    """When the server stored it, microseconds since 1970."""


class Bus:
    """A connection to the log: small facts on one socket, media on another so that they do not delay them."""

    def __init__(self, settings: Settings, facts: Connection, media: Connection) -> None:
        self.settings = settings
        self.nc = facts
        self._media_nc = media
        self.js: JetStreamContext = facts.jetstream(timeout=_PUBLISH_TIMEOUT)
        self._media_js: JetStreamContext = media.jetstream(timeout=_PUBLISH_TIMEOUT)

    @property
    def connected(self) -> bool:
        return self.nc.is_connected

    # writing

    async def append(
        self, event: Event, *, expected_last: int | None = None, patience: float = _PUBLISH_PATIENCE
    ) -> int:
        """Append a fact; returns its stream sequence. Appending the same id again does nothing.

        Args:
            expected_last: sequence of the last event on the subject, 0 for none.
            patience: seconds to go on trying while NATS is away.
        Raises:
            Conflict: the subject's last event is another one.
            BusError: NATS was away for so long, or refuses.
        """
        data = codec.encode(event)
        return await self._publish(self.js, subjects.fact(event), data, event.id, expected_last, patience)

    async def append_character(self, event: CharacterEvent) -> int:
        """Append a fact about a character; returns its stream sequence."""
        return await self._publish(self.js, subjects.character(event), codec.encode(event), event.id)

    async def publish_media(self, message: Media, message_id: str) -> int:
        """Append audio or pictures; returns the stream sequence."""
        return await self._publish(self._media_js, subjects.media(message), codec.encode(message), message_id)

    async def publish_live(self, event: LiveEvent) -> None:
        """Show what is going on; not retried, it would be stale."""
        await self.nc.publish(subjects.live(event), codec.encode(event))

    async def bury(self, letter: DeadLetter) -> None:
        """Put a message that cannot be dealt with aside."""
        subject = subjects.dead(letter.stream, letter.service)
        message_id = f"{letter.service}-{letter.stream}-{letter.sequence}"
        await self._publish(self.js, subject, codec.encode(letter), message_id)

    async def _publish(
        self,
        js: JetStreamContext,
        subject: str,
        data: bytes,
        message_id: str,
        expected_last: int | None = None,
        patience: float = _PUBLISH_PATIENCE,
    ) -> int:
        headers = {"Nats-Msg-Id": message_id}
        if expected_last is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(expected_last)

        async def publish() -> int:
            return (await js.publish(subject, data, headers=headers)).seq

        return await self._patiently(publish, f"publish to {subject}", patience)

    async def _patiently(
        self, act: Callable[[], Awaitable[T]], what: str, patience: float = _PUBLISH_PATIENCE
    ) -> T:
        """Do it again until it works: every act here is safe to repeat, and NATS may be restarting."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        pause = 0.05
        while True:
            try:
                return await act()
            except NotFoundError:
                raise
            except APIError as error:
                _raise_final(error, what)
                problem: Exception = error
            except (NatsError, TimeoutError, OSError) as error:
                if self.nc.is_closed:
                    raise BusError(f"{what}: the connection is closed") from error
                problem = error
            if loop.time() + pause > deadline:
                reason = str(problem) or type(problem).__name__
                raise BusError(f"{what}: {reason}, for {patience:.0f} s; NATS is away or its disk is full") from problem
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)

    # reading

    async def last_sequence(self, stream: str) -> int:
        """Sequence of the newest message in a stream, 0 where there is none."""
        info = await self._patiently(lambda: self.js.stream_info(stream), f"look at {stream}")
        return info.state.last_seq

    async def last(self, subject: str) -> Record | None:
        """The newest message on a subject."""

        async def get() -> api.RawStreamMsg:
            return await self.js.get_msg(streams.stream_of(subject), subject=subject, direct=True)

        try:
            msg = await self._patiently(get, f"get {subject}")
        except NotFoundError:
            return None
        return Record(msg.seq or 0, subject, msg.data or b"", 0)

    async def first_sequence(self, subject: str) -> int | None:
        """Stream sequence of the oldest message on a subject."""

        async def get() -> api.RawStreamMsg:
            return await self.js.get_msg(streams.stream_of(subject), seq=1, subject=subject, next=True, direct=True)

        try:
            return (await self._patiently(get, f"find {subject}")).seq
        except NotFoundError:
            return None

    async def read(
        self, stream: str, subject: str, *, after: int = 0, follow: bool = False
    ) -> AsyncGenerator[Record, None]:
        """Messages in order, each once, from the one after a sequence to the newest, or for ever.

        Reconnects, restarts of the server and a lost consumer do not show: it goes on after the last one it gave.

        Args:
            subject: with wildcards where wanted.
            follow: wait for more instead of ending.
        """
        media = stream in (streams.AUDIO, streams.FRAMES)
        nc, js = (self._media_nc, self._media_js) if media else (self.nc, self.js)
        while True:
            try:
                async with aclosing(self._read_once(nc, js, stream, subject, after, follow)) as records:
                    async for record in records:
                        yield record
                        after = record.sequence
                return
            except (PullLost, NatsError, APIError, TimeoutError, OSError) as error:
                if nc.is_closed:
                    raise BusError(f"read {subject}: the connection is closed") from error
                log.info("reading again", extra={"subject": subject, "after": after, "why": type(error).__name__})
                await asyncio.sleep(0.1)

    async def _read_once(
        self, nc: Connection, js: JetStreamContext, stream: str, subject: str, after: int, follow: bool
    ) -> AsyncGenerator[Record, None]:
        config = api.ConsumerConfig(
            # With a name the request's subject has the filter in it, and NATS can permit some and refuse others.
            name=new_id("read"),
            filter_subject=subject,
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=api.AckPolicy.NONE,
            mem_storage=True,
            num_replicas=1,
            inactive_threshold=60.0,
        )
        info = await js.add_consumer(stream, config)
        if not follow and info.num_pending == 0:
            return
        expected = 1
        try:
            async with Pull(nc, stream, info.name, window=_READ_WINDOW, max_bytes=_READ_BYTES) as pull:
                while True:
                    msg = await pull.next()
                    assert msg is not None
                    meta = msg.metadata
                    if meta.sequence.consumer != expected:
                        raise PullLost(f"{subject}: expected message {expected}, got {meta.sequence.consumer}")
                    expected += 1
                    stored = int(meta.timestamp.timestamp() * 1_000_000)
                    yield Record(meta.sequence.stream, msg.subject, msg.data, stored)
                    if not follow and meta.num_pending == 0:
                        return
        finally:
            if nc.is_connected:
                # Not waited for: a reader that ends has no time for it, and the consumer ends by itself in 60 s.
                await nc.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{info.name}", b"")

    async def follow(self, kind: type[M], subject: str, *, patience: float = 10.0) -> AsyncGenerator[M, None]:
        """See `bus.service.Reader.follow`."""
        async with aclosing(self.read(streams.stream_of(subject), subject, follow=True)) as records:
            while True:
                try:
                    async with asyncio.timeout(patience):
                        record = await anext(records)
                except TimeoutError:
                    raise StreamStalled(f"{subject}: nothing for {patience} s and no final chunk") from None
                message = codec.decode_media(record.data)
                if not isinstance(message, kind):
                    raise UndecodableEvent(f"{subject}: expected {kind.__name__}, got {type(message).__name__}")
                yield message
                if message.final:
                    return

    async def facts(self, conversation: str, *, after: int = 0) -> list[tuple[int, Event]]:
        """See `bus.service.Reader.facts`. What does not decode is left out: it is somebody else's dead letter."""
        found: list[tuple[int, Event]] = []
        async for record in self.read(streams.CONVERSATIONS, subjects.facts_of(conversation), after=after):
            event = _decoded(codec.decode_event, record)
            if event is not None:
                found.append((record.sequence, event))
        return found

    async def last_live(self, subject: str) -> LiveEvent | None:
        """See `bus.service.Reader.last_live`."""
        return _decoded(codec.decode_live, await self.last(subject))

    async def last_media(self, kind: type[M], subject: str) -> M | None:
        """See `bus.service.Reader.last_media`."""
        message = _decoded(codec.decode_media, await self.last(subject))
        return message if isinstance(message, kind) else None

    async def characters(self) -> dict[str, CharacterCreated]:
        """See `bus.service.Reader.characters`."""
        found: dict[str, CharacterCreated] = {}
        async for record in self.read(streams.CHARACTERS, subjects.ALL_CHARACTERS):
            event = _decoded(codec.decode_character_event, record)
            if event is not None:
                found[event.character] = event.body
        return found

    async def listen(self, subject: str) -> AsyncGenerator[tuple[str, bytes], None]:
        """What is published on a subject from now on, without waiting for it to be stored. Nothing is repeated.

        Drops the oldest beyond 1024 unread.

        Raises:
            Forbidden: this user may not listen there.
        """
        arrived: asyncio.Queue[tuple[str, bytes] | BusError] = asyncio.Queue(1024)

        def put(item: tuple[str, bytes] | BusError) -> None:
            if arrived.full():
                arrived.get_nowait()
            arrived.put_nowait(item)

        async def on_message(msg: Msg) -> None:
            put((msg.subject, msg.data))

        with self.nc.told_when_refused(subject, put):
            subscription = await self.nc.subscribe(subject, cb=on_message)
            try:
                while True:
                    item = await arrived.get()
                    if isinstance(item, BusError):
                        raise item
                    yield item
            finally:
                if not self.nc.is_closed:
                    await subscription.unsubscribe()


def _decoded(decode: Callable[[bytes], T], record: Record | None) -> T | None:
    """What stands in a record; None, and a word in the log, where it is garbage: nobody may stumble over it."""
    if record is None:
        return None
    try:
        return decode(record.data)
    except UndecodableEvent as error:
        extra = {"subject": record.subject, "sequence": record.sequence, "why": error.detail}
        log.warning("undecodable", extra=extra)
        return None


def _raise_final(error: APIError, what: str) -> None:
    """Raise what trying again cannot mend."""
    if error.err_code == _WRONG_LAST_SEQUENCE:
        raise Conflict(f"{what}: {error.description}") from error
    if error.err_code in _NO_SPACE:
        raise BusError(f"{what}: the log is full ({error.description})", retryable=False, code="log_full") from error
    if error.code is not None and 400 <= error.code < 500 and error.code not in (408, 409, 429):
        raise BusError(f"{what}: {error.description}", retryable=False) from error


@asynccontextmanager
async def connect(
    settings: Settings, *, name: str, wait: float = 30.0, declare: bool = True
) -> AsyncIterator[Bus]:
    """A connection to the log with its streams in place.

    Args:
        name: shown in the server's list of connections.
        wait: seconds to wait for a server that is not there yet.
        declare: bring the limits of the streams to what the settings say; False for who only looks.
    Raises:
        BusError: no server or no JetStream within `wait`, or streams are missing and this user may not make them.
        ConfigurationError: the server is too old, or a stream is in the way.
    """
    facts = await open_connection(settings, name, wait, user=name)
    try:
        version = facts.connected_server_version
        if (version.major, version.minor) < OLDEST_SERVER:
            raise ConfigurationError(f"NATS at {settings.shown_url} is {version}; 2.12 or newer is needed")
        media = await open_connection(settings, f"{name}-media", wait, user=name)
        try:
            bus = Bus(settings, facts, media)
            await _ensure_streams(bus, change=declare, wait=wait)
            yield bus
        finally:
            await media.leave()
    finally:
        await facts.leave()


async def _ensure_streams(bus: Bus, *, change: bool, wait: float) -> None:
    """Declare the streams; a cluster that has just started needs some seconds before it can."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    while True:
        try:
            return await streams.ensure_streams(bus.js, bus.settings, change=change)
        except (NatsError, TimeoutError) as error:
            if loop.time() > deadline or (isinstance(error, APIError) and error.code not in streams.PASSING):
                raise BusError(f"JetStream at {bus.settings.shown_url} does not answer: {error!r}") from error
            log.info("waiting for jetstream", extra={"why": str(error) or type(error).__name__})
            await asyncio.sleep(0.2)
