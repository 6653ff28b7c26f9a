"""Follows the event log once for the whole gateway: keeps the read model up to date and notifies watchers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from bus import codec, subjects
from bus.errors import BusError, UndecodableEvent, VisavisError
from bus.events import Event, LiveEvent, TranscriptPartial
from bus.log import streams
from bus.log.event_log import EventLog, Record
from projections.conversation import Conversation, fold
from projections.read_model import ReadModel
from projections.view import Changes, changes

log = logging.getLogger(__name__)

_UNREAD = 2000
"""News that a watcher may leave unread; one that falls further behind is cut off and has to reconnect."""
_BATCH = 500
_RETRY_DELAY = 2.0
"""Seconds until a batch that could not be written is tried again."""


@dataclass(frozen=True)
class FoldedFact:
    """A fact with its stream sequence and what it changed in the conversation."""

    sequence: int
    event: Event
    changes: Changes


News: TypeAlias = FoldedFact | LiveEvent


@dataclass(eq=False)
class Watcher:
    """A bounded queue of the news of one conversation."""

    conversation: str
    unread: asyncio.Queue[News] = field(default_factory=lambda: asyncio.Queue(_UNREAD))
    cut_off: bool = False

    def put(self, news: News) -> None:
        if self.unread.full():
            self.cut_off = True
        else:
            self.unread.put_nowait(news)

    async def news(self, *, patience: float | None = None) -> AsyncIterator[News | None]:
        """News as they arrive; None after every `patience` seconds without any. Ends once the queue overflowed."""
        while not (self.cut_off and self.unread.empty()):
            try:
                async with asyncio.timeout(patience):
                    yield await self.unread.get()
            except TimeoutError:
                yield None


@dataclass(eq=False)
class _Watched:
    """A conversation with watchers, folded once for all of them."""

    state: Conversation
    watchers: set[Watcher] = field(default_factory=set)


class Feed:
    """See the module.

    Args:
        retry_delay: seconds until a batch that could not be written is tried again.
    """

    def __init__(self, event_log: EventLog, model: ReadModel, *, retry_delay: float = _RETRY_DELAY) -> None:
        self._event_log = event_log
        self.model = model
        self._retry_delay = retry_delay
        self._watched: dict[str, _Watched] = {}
        self._unwritten: list[Record] = []
        """Records that watchers have and the read model does not have yet, in order."""
        self._arrived = asyncio.Event()
        self._moved = asyncio.Condition()
        self.caught_up = asyncio.Event()
        """Set once the read model holds every event that was on the log when the gateway started."""

    @contextmanager
    def watch(self, conversation: str) -> Iterator[Watcher]:
        """The news of a conversation from now on, each of which follows from `state_of`."""
        watched = self._watched.get(conversation)
        if watched is None:
            watched = self._watched[conversation] = _Watched(self.state_of(conversation))
        watcher = Watcher(conversation)
        watched.watchers.add(watcher)
        try:
            yield watcher
        finally:
            watched.watchers.discard(watcher)
            if not watched.watchers:
                del self._watched[conversation]

    @property
    def watchers(self) -> int:
        """The number of watchers of all conversations."""
        return sum(len(watched.watchers) for watched in self._watched.values())

    def state_of(self, conversation: str) -> Conversation:
        """The conversation after the last fact that was read, which the read model may not have written yet."""
        if conversation in self._watched:
            return self._watched[conversation].state
        state = self.model.conversation(conversation) or Conversation(id=conversation)
        for record in self._unwritten:
            if subjects.conversation_of(record.subject) == conversation and (event := _decoded(record)) is not None:
                state = fold(state, record.sequence, event)
        return state

    async def reached(self, sequence: int, *, patience: float = 5.0) -> None:
        """Wait until the read model holds the event of this sequence.

        Raises:
            BusError: it does not after `patience` seconds.
        """
        try:
            async with asyncio.timeout(patience), self._moved:
                await self._moved.wait_for(lambda: self.model.position >= sequence)
        except TimeoutError:
            raise BusError(f"event {sequence} is on the log, but not in the read model after {patience} s") from None

    async def run(self) -> None:
        """Follow the log until cancelled."""
        await self._check_the_position()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._write())
            tasks.create_task(self._follow_live())

    async def _check_the_position(self) -> None:
        """Empty the read model where it was folded from another log than this one."""
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
            event = None if first is None or first.sequence != model.position else _decoded(first)
            if event is None or event.id != model.last_event:
                log.warning("the log is another one; building the read model anew")
                model.reset()
        if model.position >= newest:
            self.caught_up.set()
        self._newest_at_start = newest

    async def _follow(self) -> None:
        after = self.model.position
        reading = self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=after, follow=True)
        async with aclosing(reading) as records:
            async for record in records:
                self._notify(record)
                self._unwritten.append(record)
                self._arrived.set()
                while len(self._unwritten) >= 4 * _BATCH:  # the disk sets the pace of a rebuild
                    async with self._moved:
                        await self._moved.wait()

    async def _write(self) -> None:
        while True:
            await self._arrived.wait()
            batch = self._unwritten[:_BATCH]
            await self._write_batch(batch)
            del self._unwritten[: len(batch)]
            if not self._unwritten:
                self._arrived.clear()
            if self.model.position >= self._newest_at_start:
                self.caught_up.set()
            async with self._moved:
                self._moved.notify_all()

    async def _write_batch(self, batch: list[Record]) -> None:
        """Fold a batch into the read model; retried for as long as the disk is full."""
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
                log.error("the read model cannot be written", extra={"why": error.detail})
                await asyncio.sleep(self._retry_delay)

    def _notify(self, record: Record) -> None:
        watched = self._watched.get(subjects.conversation_of(record.subject))
        # An event that does not decode is counted and logged by the read model.
        if watched is None or (event := _decoded(record)) is None:
            return
        before = watched.state
        watched.state = fold(before, record.sequence, event)
        fact = FoldedFact(record.sequence, event, changes(before, watched.state))
        for watcher in watched.watchers:
            watcher.put(fact)

    async def _follow_live(self) -> None:
        """Pass partial transcripts on as they arrive: late ones are of no use."""
        async with aclosing(self._event_log.subscribe_core(subjects.live_of_kind(TranscriptPartial))) as messages:
            async for subject, data in messages:
                watched = self._watched.get(subjects.conversation_of(subject))
                if watched is None:
                    continue
                try:
                    live = codec.decode_live(data)
                except UndecodableEvent as error:
                    log.warning("undecodable live event", extra={"why": error.detail})
                    continue
                if isinstance(live.body, TranscriptPartial):
                    for watcher in watched.watchers:
                        watcher.put(live)


def _decoded(record: Record) -> Event | None:
    try:
        return codec.decode_event(record.data)
    except UndecodableEvent:
        return None
