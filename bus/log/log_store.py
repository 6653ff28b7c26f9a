"""The log as bytes under subjects: publish, read, follow, whatever NATS does meanwhile.

`bus.log.event_log` knows what they mean.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus.errors import BusError, Conflict
from bus.ids import new_id
from bus.log import streams
from bus.log.connection import Connection
from bus.log.pull import PullSubscription, SubscriptionLost
from bus.settings import Settings

log = logging.getLogger(__name__)

RETRY_FOR = 30.0
"""Seconds that a writer tries while NATS is away."""
_PUBLISH_TIMEOUT = 2.0
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
class Published:
    """What the server said of a message."""

    sequence: int
    doubled: bool
    """It was there already, and not from this call."""


class LogStore:
    """A connection to the log: small facts on one socket, media on another so that they do not delay them."""

    def __init__(self, settings: Settings, facts: Connection, media: Connection) -> None:
        self.settings = settings
        self.nc = facts
        self._media_nc = media
        self.js: JetStreamContext = facts.jetstream(timeout=_PUBLISH_TIMEOUT)
        self.media_js: JetStreamContext = media.jetstream(timeout=_PUBLISH_TIMEOUT)

    @property
    def connected(self) -> bool:
        return self.nc.is_connected

    # writing

    async def publish(
        self,
        js: JetStreamContext,
        subject: str,
        data: bytes,
        message_id: str,
        fence: Fence | None = None,
        retry_for: float = RETRY_FOR,
    ) -> Published:
        """Store a message once, if its fence still stands.

        Args:
            js: of the connection to send it on.
            message_id: what is there under it already is not stored again, for as long as the server remembers.
            retry_for: seconds to go on trying while NATS is away.
        Raises:
            Conflict: somebody else has published on the fence's subject.
            BusError: NATS was away for so long, or refuses.
        """
        headers = {"Nats-Msg-Id": message_id}
        if fence is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(fence.sequence)
            headers["Nats-Expected-Last-Subject-Sequence-Subject"] = fence.subject
        tries = 0

        async def publish() -> Published:
            nonlocal tries
            tries += 1
            ack = await js.publish(subject, data, headers=headers)
            # Of our own earlier try the answer may have been lost: that is no double.
            return Published(ack.seq, doubled=bool(ack.duplicate) and tries == 1)

        return await self.with_retries(publish, f"publish to {subject}", retry_for)

    async def with_retries(self, act: Callable[[], Awaitable[T]], what: str, retry_for: float = RETRY_FOR) -> T:
        """Do it again until it works: every act here is safe to repeat, and NATS may be restarting."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + retry_for
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
                    raise BusError(f"{what}: the connection is closed", retryable=False) from error
                problem = error
            if loop.time() + pause > deadline:
                reason = str(problem) or type(problem).__name__
                raise BusError(
                    f"{what}: {reason}, for {retry_for:.0f} s; NATS is away or its disk is full"
                ) from problem
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)

    async def delete_message(self, stream: str, sequence: int) -> bool:
        """Take one message out of a stream; returns whether it was there."""

        async def delete() -> bool:
            try:
                return await self.js.delete_msg(stream, sequence)
            except APIError:
                # The server has several words for "it is gone"; this one asks, and raises NotFoundError then.
                await self.js.get_msg(stream, sequence)
                raise

        try:
            return await self.with_retries(delete, f"remove {sequence} from {stream}")
        except NotFoundError:
            return False

    # reading

    async def consumer_info(self, stream: str, name: str) -> api.ConsumerInfo:
        """How far a service is with its work."""
        return await self.with_retries(lambda: self.js.consumer_info(stream, name), f"look at {name} on {stream}")

    async def last_sequence(self, stream: str, *, retry_for: float = RETRY_FOR) -> int:
        """Sequence of the newest message in a stream, 0 where there is none."""
        info = await self.with_retries(lambda: self.js.stream_info(stream), f"look at {stream}", retry_for)
        return info.state.last_seq

    async def count(self, stream: str, subject: str) -> int:
        """How many messages a stream keeps on a subject, which may have wildcards."""
        info = await self.with_retries(lambda: self.js.stream_info(stream, subject), f"count {subject} in {stream}")
        return sum((info.state.subjects or {}).values())

    async def last_message(self, subject: str) -> Record | None:
        """The newest message on a subject."""

        async def get() -> api.RawStreamMsg:
            return await self.js.get_msg(streams.stream_of(subject), subject=subject, direct=True)

        try:
            msg = await self.with_retries(get, f"get {subject}")
        except NotFoundError:
            return None
        return Record(msg.seq or 0, subject, msg.data or b"", 0)

    async def last_sequence_before(self, subject_filters: list[str], sequence: int) -> int | None:
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
        return await self.with_retries(get, f"look before {sequence} in {stream}")

    async def first_sequence(self, subject: str) -> int | None:
        """Stream sequence of the oldest message on a subject."""

        async def get() -> api.RawStreamMsg:
            return await self.js.get_msg(streams.stream_of(subject), seq=1, subject=subject, next=True, direct=True)

        try:
            return (await self.with_retries(get, f"find {subject}")).seq
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
        nc, js = (self._media_nc, self.media_js) if media else (self.nc, self.js)
        while True:
            try:
                async with aclosing(self._read_once(nc, js, stream, subject, after, follow)) as records:
                    async for record in records:
                        yield record
                        after = record.sequence
                return
            except (SubscriptionLost, NatsError, APIError, TimeoutError, OSError) as error:
                if nc.is_closed:
                    raise BusError(f"read {subject}: the connection is closed", retryable=False) from error
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
            async with PullSubscription(nc, stream, info.name, window=_READ_WINDOW, max_bytes=_READ_BYTES) as pull:
                while True:
                    msg = await pull.next()
                    assert msg is not None
                    meta = msg.metadata
                    if meta.sequence.consumer != expected:
                        raise SubscriptionLost(f"{subject}: expected message {expected}, got {meta.sequence.consumer}")
                    expected += 1
                    stored = int(meta.timestamp.timestamp() * 1_000_000)
                    yield Record(meta.sequence.stream, msg.subject, msg.data, stored)
                    if not follow and meta.num_pending == 0:
                        return
        finally:
            if nc.is_connected:
                # Not waited for: a reader that ends has no time for it, and the consumer ends by itself in 60 s.
                await nc.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{info.name}", b"")

    # what is not kept

    async def publish_core(self, subject: str, data: bytes) -> None:
        """Tell those who listen now; nothing is stored, nothing is repeated."""
        await self.nc.publish(subject, data)

    async def subscribe_core(
        self, subject: str, *, subscribed: asyncio.Event | None = None
    ) -> AsyncGenerator[tuple[str, bytes], None]:
        """What is published on a subject from now on, without waiting for it to be stored. Nothing is repeated.

        Drops the oldest beyond 1024 unread.

        Args:
            subscribed: set once the server has been asked.

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

        with self.nc.on_permission_denied(subject, put):
            subscription = await self.nc.subscribe(subject, cb=on_message)
            if subscribed is not None:
                subscribed.set()
            try:
                while True:
                    item = await arrived.get()
                    if isinstance(item, BusError):
                        raise item
                    yield item
            finally:
                if not self.nc.is_closed:
                    await subscription.unsubscribe()


def _raise_final(error: APIError, what: str) -> None:
    """Raise what trying again cannot mend."""
    if error.err_code == _WRONG_LAST_SEQUENCE:
        raise Conflict(f"{what}: {error.description}") from error
    if error.err_code in _NO_SPACE:
        raise BusError(f"{what}: the log is full ({error.description})", retryable=False, code="log_full") from error
    if error.code is not None and 400 <= error.code < 500 and error.code not in (408, 409, 429):
        raise BusError(f"{what}: {error.description}", retryable=False) from error
