"""The log as bytes under subjects: publishes and finds them, across restarts of NATS.

`bus.log.event_log` encodes and decodes them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import TypeVar

from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus import clock
from bus.errors import BusError
from bus.log import streams
from bus.log.core_messages import core_messages
from bus.log.log_reader import PUBLISH_TIMEOUT, RETRY_FOR, LogReader
from bus.log.permanent_errors import raise_permanent
from bus.log.records import NO_HEADERS, Fence, Published, Record
from bus.log.stream_answers import microseconds

log = logging.getLogger(__name__)

LIVE_SETTLES = 10.0
"""Seconds after which everybody has told anew what is told every 2 s, also who reaches NATS late. A restart of it takes
all live events away."""
_LOOK_AGAIN = 0.2
_TIME_TIMEOUT = 2.0
"""Seconds that the server has to tell the time."""

T = TypeVar("T")


class LogStore(LogReader):
    """The log as bytes: publishes, counts and finds, beside the reading."""

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
        more_headers: Mapping[str, str] = NO_HEADERS,
    ) -> Published:
        """Store a message once, if its fence still holds.

        Args:
            js: JetStream of the connection to publish on.
            message_id: a second message with this id is not stored, within the stream's duplicate window.
            more_headers: of ours, `bus.log.headers`.
            retry_for: seconds to keep trying while NATS is away.
        Raises:
            Conflict: another process has published on the fence's subject.
            BusError: NATS was away for that long, or refuses.
        """
        headers = {"Nats-Msg-Id": message_id, **more_headers}
        if fence is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(fence.sequence)
            headers["Nats-Expected-Last-Subject-Sequence-Subject"] = fence.subject
        nc = self._media_nc if js is self.media_js else self.nc
        tries = 0

        async def publish() -> Published:
            nonlocal tries
            await self.watch.wait_until_known(nc)
            tries += 1
            ack = await js.publish(subject, data, headers=headers)
            # After a lost acknowledgement of our own earlier try the server reports a duplicate, too.
            return Published(ack.seq, duplicate=bool(ack.duplicate) and tries == 1)

        stream = streams.stream_of(subject)
        try:
            published = await self.with_retries(publish, f"publish to {subject}", retry_for)
        except BusError as error:
            if error.code == "log_full":
                self.watch.report_full(stream, f"the log is full: stream {stream} takes no more messages")
            elif error.retryable and self.connected:
                self.watch.report_stuck(f"NATS does not store on {stream}: its disk is full, or nodes are away")
            raise
        self.watch.report_stored(stream)
        return published

    async def with_retries(self, call: Callable[[], Awaitable[T]], what: str, retry_for: float = RETRY_FOR) -> T:
        """Repeat a call until it succeeds, because NATS may be restarting. The call must be safe to repeat.

        Args:
            what: describes the call in error messages.
            retry_for: seconds to keep trying.
        Raises:
            NotFoundError: from the call itself.
            BusError: NATS was away for that long, or refuses.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + retry_for
        pause = 0.05
        while True:
            try:
                return await call()
            except NotFoundError:
                raise
            except APIError as error:
                raise_permanent(error, what)
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
        """Delete one message of a stream; returns whether it existed."""

        async def delete() -> bool:
            try:
                return await self.js.delete_msg(stream, sequence)
            except APIError:
                # The server has several errors for a message that is gone; get_msg raises NotFoundError for it.
                await self.js.get_msg(stream, sequence)
                raise

        try:
            return await self.with_retries(delete, f"remove {sequence} from {stream}")
        except NotFoundError:
            return False

    # reading

    async def is_being_restored(self) -> bool:
        """Whether the streams are put back from a backup just now, or that was broken off."""
        try:
            await self.with_retries(lambda: self.js.stream_info(streams.RESTORING), "look for a restore")
        except NotFoundError:
            return False
        return True

    async def consumer_info(self, stream: str, name: str) -> api.ConsumerInfo:
        """State of a durable consumer: its position, and how much is pending."""
        return await self.with_retries(lambda: self.js.consumer_info(stream, name), f"look at {name} on {stream}")

    async def handled_up_to(self, stream: str, name: str) -> int:
        """Sequence up to which a durable consumer has acknowledged everything; 0 where it does not exist."""
        try:
            info = await self.consumer_info(stream, name)
        except NotFoundError:
            return 0
        return (info.ack_floor.stream_seq or 0) if info.ack_floor is not None else 0

    async def last_sequence(self, stream: str, *, retry_for: float = RETRY_FOR) -> int:
        """Sequence of the newest message in a stream, 0 if there is none.

        Raises:
            BusError: NATS was away for that long, refuses, or has no such stream.
        """
        try:
            info = await self.with_retries(lambda: self.js.stream_info(stream), f"look at {stream}", retry_for)
        except NotFoundError as error:
            self.watch.wake()
            raise BusError(f"stream {stream} is not there") from error
        return info.state.last_seq

    async def count(self, stream: str, subject: str) -> int:
        """Number of messages that a stream stores on a subject, which may have wildcards."""
        return sum((await self.counts(stream, subject)).values())

    async def counts(self, stream: str, subject: str) -> Mapping[str, int]:
        """Number of messages that a stream stores on each of the subjects that match one with wildcards."""
        info = await self.with_retries(lambda: self.js.stream_info(stream, subject), f"count {subject} in {stream}")
        return info.state.subjects or {}

    async def last_message(self, subject: str) -> Record | None:
        """The newest message on a subject."""

        async def get() -> api.RawStreamMsg:
            return await self.js.get_msg(streams.stream_of(subject), subject=subject, direct=True)

        try:
            msg = await self.with_retries(get, f"get {subject}")
        except NotFoundError:
            return None
        stored = int(msg.time.timestamp() * 1_000_000) if msg.time else 0
        return Record(msg.seq or 0, subject, msg.data or b"", stored, msg.headers or NO_HEADERS)

    async def last_sequence_before(self, subject_filters: list[str], sequence: int) -> int | None:
        """Sequence of the newest message on any of these subjects of one stream, before a sequence; None for none."""
        request = json.dumps({"multi_last": subject_filters, "up_to_seq": sequence - 1}).encode()
        stream = streams.stream_of(subject_filters[0])

        async def get() -> int | None:
            newest = 0
            inbox = self.nc.new_inbox()
            replies = await self.nc.subscribe(inbox)
            try:
                await self.nc.publish(f"$JS.API.DIRECT.GET.{stream}", request, reply=inbox)
                while True:
                    reply = await replies.next_msg(timeout=PUBLISH_TIMEOUT)
                    headers = reply.headers or {}
                    if headers.get("Status") in ("204", "404"):
                        return newest or None
                    newest = max(newest, int(headers["Nats-Sequence"]))
            finally:
                await replies.unsubscribe()

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

    async def server_time(self, *, retry_for: float = RETRY_FOR) -> int:
        """The server's clock, microseconds since 1970. Clocks of different machines differ, and people set them."""
        return (await self.live_times(retry_for=retry_for))[0]

    async def live_times(self, *, retry_for: float = RETRY_FOR) -> tuple[int, int]:
        """The server's clock, and when it made the stream of live events, both in microseconds since 1970."""

        async def ask() -> tuple[int, int]:
            answer = await self.nc.request(f"$JS.API.STREAM.INFO.{streams.LIVE}", b"", timeout=_TIME_TIMEOUT)
            found = json.loads(answer.data)
            if "ts" not in found or "created" not in found:
                raise BusError(f"the server does not tell its time: {found.get('error')}", code="no_time")
            return microseconds(found["ts"]), microseconds(found["created"])

        return await self.with_retries(ask, "ask the time", retry_for)

    async def live_age(self, subject: str) -> float | None:
        """See `bus.work.service.Reader.live_age`."""
        while True:
            message = await self.last_message(subject)
            now, made = await self.live_times()
            if message is not None:
                return (now - message.time) / 1_000_000
            if now - made > LIVE_SETTLES * 1_000_000:
                return None
            await asyncio.sleep(_LOOK_AGAIN)

    async def clock_ahead(self, *, retry_for: float = RETRY_FOR) -> float:
        """Seconds by which this process's clock is ahead of the server's; negative where it is behind."""
        asked = clock.wall()
        server = await self.server_time(retry_for=retry_for)
        return ((asked + clock.wall()) / 2 - server) / 1_000_000

    # core NATS

    async def publish_core(self, subject: str, data: bytes) -> None:
        """Publish to the current subscribers; nothing is stored or retried."""
        await self.nc.publish(subject, data)

    def subscribe_core(
        self, subject: str, *, subscribed: asyncio.Event | None = None
    ) -> AsyncGenerator[tuple[str, bytes], None]:
        """See `bus.log.core_messages.core_messages`."""
        return core_messages(self.nc, subject, subscribed=subscribed)
