"""The event log: append, read, follow. The only module that services and projections use to reach NATS."""

from __future__ import annotations

import asyncio
import json
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
from bus.events import Body, CharacterCreated, CharacterEvent, DeadLetter, Event, LiveEvent, Media, StepRepeated
from bus.ids import new_id
from bus.pull import Pull, PullLost
from bus.service import M
from bus.settings import Settings

log = logging.getLogger(__name__)

OLDEST_SERVER = (2, 12)
_PUBLISH_TIMEOUT = 2.0
_PUBLISH_PATIENCE = 30.0
_AWAY = 1.0
"""Seconds without an answer after which NATS has been away."""
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


@dataclass(frozen=True)
class Fence:
    """Publish only while the newest message on a subject of the same stream is this one."""

    subject: str
    sequence: int
    """0: there is none."""


@dataclass(frozen=True)
class Stored:
    """What the server said of a message."""

    sequence: int
    doubled: bool
    """It was there already, and not from this call."""


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

    async def append(self, event: Event, *, patience: float = _PUBLISH_PATIENCE) -> int:
        """Append a fact; returns its stream sequence. Appending the same id again does nothing.

        Args:
            patience: seconds to go on trying while NATS is away.
        Raises:
            BusError: NATS was away for so long, or refuses.
        """
        return (await self.append_fenced(event, None, patience=patience)).sequence

    async def append_fenced(
        self, event: Event, fence: Fence | None, *, patience: float = _PUBLISH_PATIENCE
    ) -> Stored:
        """Append a fact if the fence still stands.

        Raises:
            Conflict: somebody else has published on the fence's subject.
            BusError: NATS was away for so long, or refuses.
        """
        return await self._publish(self.js, subjects.fact(event), codec.encode(event), event.id, fence, patience)

    async def append_character(self, event: CharacterEvent) -> int:
        """Append a fact about a character; returns its stream sequence."""
        return (await self._publish(self.js, subjects.character(event), codec.encode(event), event.id)).sequence

    async def publish_media(self, message: Media, message_id: str, fence: Fence | None = None) -> Stored:
        """Append audio or pictures, if the fence still stands.

        Raises:
            Conflict: somebody else has published on the fence's subject.
            BusError: NATS was away for 30 s, or refuses.
        """
        return await self._publish(self._media_js, subjects.media(message), codec.encode(message), message_id, fence)

    async def claim(self, root: str, event: Event) -> int:
        """Take a piece of work over: whoever had it before is refused from here on. Returns the fence's sequence.

        Args:
            root: first token of the subjects that are fenced: conv, audio or frames.
            event: says so; its body is `StepRepeated`.
        """
        body = event.body
        assert isinstance(body, StepRepeated)
        subject = subjects.claim(root, event.conversation, body.service, body.event)
        while True:
            last = await self.last(subject)
            if last is not None and last.data == codec.encode(event):
                return last.sequence  # stored by an earlier try, whose answer was lost
            fence = Fence(subject, last.sequence if last is not None else 0)
            try:
                stored = await self._publish(self.js, subject, codec.encode(event), f"{event.id}-{root}", fence)
                return stored.sequence
            except Conflict:
                await asyncio.sleep(0.05)  # two at once, or a replica that lags behind

    async def publish_live(self, event: LiveEvent) -> None:
        """Show what is going on; not retried, it would be stale."""
        await self.nc.publish(subjects.live(event), codec.encode(event))

    async def bury(self, letter: DeadLetter, *, again: str = "") -> None:
        """Put a message that cannot be dealt with aside.

        Args:
            again: tells it from the time before, where it was put back and failed anew.
        """
        subject = subjects.dead(letter.stream, letter.service)
        message_id = f"{letter.service}-{letter.stream}-{letter.sequence}-{again}"
        await self._publish(self.js, subject, codec.encode(letter), message_id)

    async def put_back(self, service: str, letter: bytes, message_id: str) -> Stored:
        """Give a dead letter to its service again."""
        return await self._publish(self.js, subjects.requeue(service), letter, message_id)

    async def remove(self, stream: str, sequence: int) -> bool:
        """Take one message out of a stream; returns whether it was there."""

        async def delete() -> bool:
            try:
                return await self.js.delete_msg(stream, sequence)
            except APIError:
                # The server has several words for "it is gone"; this one asks, and raises NotFoundError then.
                await self.js.get_msg(stream, sequence)
                raise

        try:
            return await self._patiently(delete, f"remove {sequence} from {stream}")
        except NotFoundError:
            return False

    async def _publish(
        self,
        js: JetStreamContext,
        subject: str,
        data: bytes,
        message_id: str,
        fence: Fence | None = None,
        patience: float = _PUBLISH_PATIENCE,
    ) -> Stored:
        headers = {"Nats-Msg-Id": message_id}
        if fence is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(fence.sequence)
            headers["Nats-Expected-Last-Subject-Sequence-Subject"] = fence.subject
        tries = 0

        async def publish() -> Stored:
            nonlocal tries
            tries += 1
            ack = await js.publish(subject, data, headers=headers)
            # Of our own earlier try the answer may have been lost: that is no double.
            return Stored(ack.seq, doubled=bool(ack.duplicate) and tries == 1)

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

    async def consumer(self, stream: str, name: str) -> api.ConsumerInfo:
        """How far a service is with its work."""
        return await self._patiently(lambda: self.js.consumer_info(stream, name), f"look at {name} on {stream}")

    async def last_sequence(self, stream: str) -> int:
        """Sequence of the newest message in a stream, 0 where there is none."""
        info = await self._patiently(lambda: self.js.stream_info(stream), f"look at {stream}")
        return info.state.last_seq

    async def count(self, stream: str, subject: str) -> int:
        """How many messages a stream keeps on a subject, which may have wildcards."""
        info = await self._patiently(lambda: self.js.stream_info(stream, subject), f"count {subject} in {stream}")
        return sum((info.state.subjects or {}).values())

    async def last(self, subject: str) -> Record | None:
        """The newest message on a subject."""

        async def get() -> api.RawStreamMsg:
            return await self.js.get_msg(streams.stream_of(subject), subject=subject, direct=True)

        try:
            msg = await self._patiently(get, f"get {subject}")
        except NotFoundError:
            return None
        return Record(msg.seq or 0, subject, msg.data or b"", 0)

    async def newest_before(self, subject_filters: list[str], sequence: int) -> int | None:
        """Sequence of the newest message before a sequence on any of these subjects of one stream; None for none."""
        request = json.dumps({"multi_last": subject_filters, "up_to_seq": sequence - 1}).encode()
        stream = streams.stream_of(subject_filters[0])

        async def get() -> int | None:
            newest = 0
            inbox = self.nc.new_inbox()
            answers = await self.nc.subscribe(inbox)
            try:
                await self.nc.publish(f"$JS.API.DIRECT.GET.{stream}", request, reply=inbox)
                while True:
                    answer = await answers.next_msg(timeout=_PUBLISH_TIMEOUT)
                    headers = answer.headers or {}
                    if headers.get("Status") in ("204", "404"):
                        return newest or None
                    newest = max(newest, int(headers["Nats-Sequence"]))
            finally:
                await answers.unsubscribe()

        if sequence <= 1:
            return None
        return await self._patiently(get, f"look before {sequence} in {stream}")

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
        after = 0
        while True:
            records = self.read(streams.stream_of(subject), subject, after=after, follow=True)
            async with aclosing(records):
                while True:
                    try:
                        async with asyncio.timeout(patience):
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
            if await self._is_still(subject, after):
                raise StreamStalled(f"{subject}: nothing for {patience} s and no final chunk")

    async def _is_still(self, subject: str, after: int) -> bool:
        """Whether nothing comes, and not just nothing here: this process may have been frozen, or NATS away."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        newest = await self.last(subject)
        return (newest is None or newest.sequence <= after) and loop.time() - began < _AWAY

    async def facts(self, conversation: str, *, after: int = 0) -> list[tuple[int, Event]]:
        """See `bus.service.Reader.facts`. What does not decode is left out: it is somebody else's dead letter."""
        found: list[tuple[int, Event]] = []
        async for record in self.read(streams.CONVERSATIONS, subjects.facts_of(conversation), after=after):
            event = _decoded(codec.decode_event, record)
            if event is not None:
                found.append((record.sequence, event))
        return found

    async def last_fact(self, conversation: str, kind: type[Body]) -> Event | None:
        """See `bus.service.Reader.last_fact`."""
        return _decoded(codec.decode_event, await self.last(subjects.fact_in(conversation, kind)))

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

    async def say(self, subject: str, data: bytes) -> None:
        """Tell those who listen now; nothing is stored, nothing is repeated."""
        await self.nc.publish(subject, data)

    async def listen(
        self, subject: str, *, listening: asyncio.Event | None = None
    ) -> AsyncGenerator[tuple[str, bytes], None]:
        """What is published on a subject from now on, without waiting for it to be stored. Nothing is repeated.

        Drops the oldest beyond 1024 unread.

        Args:
            listening: set once the server has been asked.

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
            if listening is not None:
                listening.set()
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
