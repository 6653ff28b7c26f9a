"""The gateway's own read model, kept up with the log, and news of conversations to whoever watches them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

from bus import codec, subjects
from bus.errors import BusError, UndecodableEvent, VisavisError
from bus.events import Event, LiveEvent, TranscriptPartial
from bus.log import streams
from bus.log.event_log import EventLog, Record
from projections.read_model import ReadModel

log = logging.getLogger(__name__)

_UNREAD = 2000
"""News that a watcher may leave unread; one that falls further behind is cut off and has to come back."""
_BATCH = 500
_NEXT_TRY = 2.0
"""Seconds until what could not be written is tried again."""


@dataclass(frozen=True)
class News:
    """A fact with its place in the stream and its bytes, or a live event, which has no place."""

    sequence: int | None
    data: bytes
    event: Event | LiveEvent


@dataclass(eq=False)
class Watcher:
    """One who wants the news of one conversation."""

    conversation: str
    unread: asyncio.Queue[News] = field(default_factory=lambda: asyncio.Queue(_UNREAD))
    cut_off: bool = False

    def tell(self, news: News) -> None:
        if self.unread.full():
            self.cut_off = True
        else:
            self.unread.put_nowait(news)

    async def news(self, *, patience: float | None = None) -> AsyncIterator[News | None]:
        """News as they come; None where there was none for `patience` seconds. Ends when it was cut off."""
        while not (self.cut_off and self.unread.empty()):
            try:
                async with asyncio.timeout(patience):
                    yield await self.unread.get()
            except TimeoutError:
                yield None


class Feed:
    """Follows the log once for the whole gateway."""

    def __init__(self, event_log: EventLog, model: ReadModel) -> None:
        self._event_log = event_log
        self.model = model
        self._watchers: dict[str, set[Watcher]] = {}
        self._waiting: list[Record] = []
        self._arrived = asyncio.Event()
        self._moved = asyncio.Condition()
        self.caught_up = asyncio.Event()
        """Set once the read model holds what was on record when the gateway started."""

    @contextmanager
    def watch(self, conversation: str) -> Iterator[Watcher]:
        """Get the news of a conversation from now on."""
        watcher = Watcher(conversation)
        self._watchers.setdefault(conversation, set()).add(watcher)
        try:
            yield watcher
        finally:
            watchers = self._watchers[conversation]
            watchers.discard(watcher)
            if not watchers:
                del self._watchers[conversation]

    @property
    def watchers(self) -> int:
        """How many want news now."""
        return sum(map(len, self._watchers.values()))

    async def reached(self, sequence: int, *, patience: float = 5.0) -> None:
        """Wait until the read model holds an event of this gateway's own.

        Raises:
            BusError: it does not come.
        """
        try:
            async with asyncio.timeout(patience), self._moved:
                await self._moved.wait_for(lambda: self.model.position >= sequence)
        except TimeoutError:
            raise BusError(f"event {sequence} is on record, but not here after {patience} s") from None

    async def run(self) -> None:
        """Follow for ever."""
        await self._start_at_a_true_position()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._write())
            tasks.create_task(self._hear())

    async def _start_at_a_true_position(self) -> None:
        """Forget the read model where the log it was folded from is gone: then it is of another world."""
        model = self.model
        newest = await self._event_log.last_sequence(streams.CONVERSATIONS)
        if model.position > newest:
            log.warning("the log is shorter than the read model; building it anew", extra={"position": model.position})
            model.reset()
        elif model.position and model.last_event:
            async with aclosing(
                self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=model.position - 1)
            ) as records:
                first = await anext(records, None)
            if first is None or first.sequence != model.position or not _is(first, model.last_event):
                log.warning("the log is another one; building the read model anew")
                model.reset()
        if model.position >= newest:
            self.caught_up.set()
        self._newest = newest

    async def _follow(self) -> None:
        after = self.model.position
        reading = self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=after, follow=True)
        async with aclosing(reading) as records:
            async for record in records:
                self._tell(record)
                self._waiting.append(record)
                self._arrived.set()
                while len(self._waiting) >= 4 * _BATCH:  # the disk sets the pace of a rebuild
                    async with self._moved:
                        await self._moved.wait()

    async def _write(self) -> None:
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            if not self._waiting:
                self._arrived.clear()
            await self._take(batch)
            if self.model.position >= self._newest:
                self.caught_up.set()
            async with self._moved:
                self._moved.notify_all()

    async def _take(self, batch: list[Record]) -> None:
        """Fold a batch in. Where the disk is full, try on: the log has it all."""
        while True:
            try:
                if len(batch) < 10:
                    self.model.apply_records(batch)  # a thread would cost more than the work
                else:
                    await asyncio.to_thread(self.model.apply_records, batch)
                return
            except VisavisError as error:
                if not error.retryable:
                    raise
                log.error("the read model stands still", extra={"why": error.detail})
                await asyncio.sleep(_NEXT_TRY)

    def _tell(self, record: Record) -> None:
        conversation = subjects.conversation_of(record.subject)
        if conversation not in self._watchers:
            return
        try:
            event = codec.decode_event(record.data)
        except UndecodableEvent:
            return  # the read model counts and logs it
        for watcher in self._watchers[conversation]:
            watcher.tell(News(record.sequence, record.data, event))

    async def _hear(self) -> None:
        """Partial transcripts, straight from the wire: late ones are of no use."""
        async with aclosing(self._event_log.subscribe_core(subjects.live_of_kind(TranscriptPartial))) as heard:
            async for subject, data in heard:
                watchers = self._watchers.get(subjects.conversation_of(subject), ())
                if not watchers:
                    continue
                try:
                    live = codec.decode_live(data)
                except UndecodableEvent as error:
                    log.warning("undecodable live event", extra={"why": error.detail})
                    continue
                if isinstance(live.body, TranscriptPartial):
                    for watcher in watchers:
                        watcher.tell(News(None, data, live))


def _is(record: Record, event_id: str) -> bool:
    try:
        return codec.decode_event(record.data).id == event_id
    except UndecodableEvent:
        return False
