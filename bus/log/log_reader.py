"""Reads and follows the messages of a stream, across restarts of NATS."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from math import inf

from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus.cancellation import raise_if_cancelled
from bus.errors import BusError, LogReplaced
from bus.ids import new_id
from bus.log import streams
from bus.log.connection import Connection
from bus.log.log_watch import LOOKS, LogWatch
from bus.log.pull import BulkSubscription, SubscriptionLost, records_of
from bus.log.records import Record
from bus.log.stream_changes import Mark
from bus.settings import Settings

log = logging.getLogger(__name__)

RETRY_FOR = 30.0
"""Seconds that a call keeps trying while NATS is away."""
PUBLISH_TIMEOUT = 2.0
_SHORTEST_PAUSE = 0.1
"""Seconds until a lost reader tries again; each later pause is twice as long, up to a second."""
_READ_WINDOW = 256
"""Messages prefetched at the beginning; up to sixteen times as many by readers of many messages."""
_READ_BYTES = 4 << 20
_MOST_CONSUMERS = 10026
"""Error code: the stream has as many consumers as NATS allows."""


class LogReader:
    """Two connections to NATS: one for facts, which are small, and one for media, so that they do not delay facts."""

    def __init__(self, settings: Settings, facts: Connection, media: Connection) -> None:
        self.settings = settings
        self.nc = facts
        self._media_nc = media
        self.js: JetStreamContext = facts.jetstream(timeout=PUBLISH_TIMEOUT)
        self.media_js: JetStreamContext = media.jetstream(timeout=PUBLISH_TIMEOUT)
        self.watch = LogWatch(facts, self.js, settings, media)

    async def read(
        self, stream: str, subject: str, *, after: int = 0, since: int = 0, follow: bool = False, patience: float = inf
    ) -> AsyncGenerator[Record, None]:
        """See `read_batches`; one message after the other."""
        reading = self.read_batches(stream, subject, after=after, since=since, follow=follow, patience=patience)
        async with aclosing(reading) as batches:
            async for batch in batches:
                for record in batch:
                    yield record

    async def read_batches(
        self, stream: str, subject: str, *, after: int = 0, since: int = 0, follow: bool = False, patience: float = inf
    ) -> AsyncGenerator[list[Record], None]:
        """Messages of a subject in order, each once, from the one after a sequence up to the newest, as many at a time
        as have come.

        After a reconnection, a restart of the server or a lost consumer, it continues after the last message.

        Args:
            subject: may have wildcards.
            since: only messages that were stored at this time or later, by the server's clock, microseconds since 1970;
                in place of `after`.
            follow: go on with new messages as they are stored, instead of ending.
            patience: seconds that one who follows waits for a place where a stream has as many readers as NATS allows.
        Raises:
            LogReplaced: the stream has not got the last message any more, so there is nothing to continue after.
            BusError: no stream, or no place on it, for 30 s, and this does not follow; or no place for so long.
        """
        media = stream in (streams.AUDIO, streams.FRAMES, streams.IDLE)
        nc, js = (self._media_nc, self.media_js) if media else (self.nc, self.js)
        last: Mark | None = None
        pause, missing = _SHORTEST_PAUSE, 0.0
        while True:
            try:
                async with aclosing(self._read_once(nc, js, stream, subject, after, since, last, follow)) as batches:
                    async for batch in batches:
                        last = Mark(batch[-1].sequence, batch[-1].time)
                        pause, missing = _SHORTEST_PAUSE, 0.0
                        self.watch.see(stream, last.sequence, last.time)
                        yield batch
                        after = last.sequence
                return
            except LogReplaced:
                self.watch.wake()
                raise
            except (SubscriptionLost, NatsError, APIError, TimeoutError, OSError) as error:
                raise_if_cancelled()
                if nc.is_closed:
                    raise BusError(f"read {subject}: the connection is closed", retryable=False) from error
                if pause == _SHORTEST_PAUSE:
                    why = (isinstance(error, APIError) and error.description) or type(error).__name__
                    log.info("reading again", extra={"subject": subject, "after": after, "why": why})
                if isinstance(error, NotFoundError):
                    self.watch.wake()
                    missing += pause
                    if missing > RETRY_FOR and not follow:
                        raise BusError(f"read {subject}: stream {stream} is not there") from error
                elif isinstance(error, APIError) and error.err_code == _MOST_CONSUMERS:
                    missing += pause
                    if missing > (patience if follow else RETRY_FOR):
                        why = f"stream {stream} has as many readers as NATS allows ({error.description})"
                        raise BusError(f"read {subject}: {why}", code="too_many_readers") from error
                await asyncio.sleep(pause)
                pause = min(2 * pause, 1.0)

    async def _read_once(
        self,
        nc: Connection,
        js: JetStreamContext,
        stream: str,
        subject: str,
        after: int,
        since: int,
        last: Mark | None,
        follow: bool,
    ) -> AsyncGenerator[list[Record], None]:
        config = api.ConsumerConfig(
            # A named consumer has its filter in the request's subject, where NATS can check permissions.
            name=new_id("read"),
            filter_subject=subject,
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            # The last message is read once more: it tells whether the stream is still the same one.
            opt_start_seq=after + 1 if last is None else last.sequence,
            ack_policy=api.AckPolicy.NONE,
            mem_storage=True,
            num_replicas=1,
            inactive_threshold=60.0,
        )
        if since and last is None:
            start = datetime.datetime.fromtimestamp(since / 1_000_000, datetime.UTC).isoformat()
            config = config.evolve(
                deliver_policy=api.DeliverPolicy.BY_START_TIME, opt_start_seq=None, opt_start_time=start
            )
        info = await js.add_consumer(stream, config)
        try:
            if follow:
                raise_if_cancelled()  # the request may have swallowed it, and no message may ever come to end this
            if not info.num_pending:
                if last is not None and (end := await self._end(js, stream, last.sequence)) < last.sequence:
                    raise LogReplaced(
                        f"stream {stream} ends at message {end}, and message {last.sequence} has been read"
                    )
                if not follow:
                    return
            expected = 1
            async with BulkSubscription(nc, stream, info.name, window=_READ_WINDOW, max_bytes=_READ_BYTES) as pull:
                while True:
                    raise_if_cancelled()  # what the reader did with the last one may have swallowed it
                    batch, expected, pending = records_of(await pull.next_batch(), expected)
                    if last is not None and batch[0].sequence <= last.sequence:
                        if not last.is_at(batch[0].time):
                            raise LogReplaced(f"message {last.sequence} of stream {stream} is another one than before")
                        del batch[0]
                    last = None  # only the first message of a consumer is read once more
                    if batch:
                        yield batch
                    if not follow and pending == 0:
                        return
        finally:
            if nc.is_connected:
                # Without waiting for the reply: if it fails, `inactive_threshold` deletes the consumer.
                await nc.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{info.name}", b"")

    async def _end(self, js: JetStreamContext, stream: str, at_least: int) -> int:
        """Sequence of the newest message; a cluster with a new leader gets some seconds to tell of the one expected."""
        for _ in range(LOOKS):
            info = await js.stream_info(stream)
            if info.state.last_seq >= at_least or (info.config.num_replicas or 1) == 1:
                break
            await asyncio.sleep(1)
        return info.state.last_seq

    async def follow_anew(
        self, stream: str, subject: str, *, after: int = 0, on_replaced: Callable[[], None] = lambda: None
    ) -> AsyncGenerator[Record, None]:
        """Follow a subject for ever; where the stream was replaced, from the beginning of the new one.

        Args:
            on_replaced: called before that, to drop what was made of the earlier messages.
        """
        while True:
            try:
                async with aclosing(self.read(stream, subject, after=after, follow=True)) as records:
                    async for record in records:
                        yield record
            except LogReplaced as error:
                log.warning("reading anew", extra={"subject": subject, "why": error.detail})
                on_replaced()
                after = 0
