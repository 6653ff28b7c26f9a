"""Follows the event log once for the whole gateway: keeps the read model up to date and notifies subscribers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path

from bus import codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.dropped import drop
from bus.errors import BusError, LogReplaced, UndecodableEvent, VisavisError
from bus.events import ConversationErased, Event, LiveBody, TranscriptPartial, TranscriptStable, tag_of
from bus.log import streams
from bus.log.event_log import EventLog, Record
from projections.conversation import Conversation, fold
from projections.read_model import ReadModel
from projections.read_model_tables import VERSION
from projections.rebuilding import Progress
from projections.view import changes
from services.gateway.read_model_build import ReadModelBuild
from services.gateway.subscriptions import FoldedFact, SubscribedConversation, Subscription

log = logging.getLogger(__name__)

_BATCH = 2000
"""Records that are written at once where they wait: the more, the fewer times a conversation is written."""
_BUILD_FROM = 20_000
"""Events on the log from which on an empty read model is built beside: fewer are folded in place within a second."""
_RETRY_DELAY = 2.0
"""Seconds until a batch that could not be written is tried again."""


class Feed:
    """The gateway's reader of the event log: writes the read model, and serves the subscriptions.

    Args:
        build: builds a file beside the model's where the log is long, or the model of an older version.
        on_record: called for each record as it is read.
        retry_delay: seconds until a batch that could not be written is tried again.
        build_from: events on the log from which on an empty model is built beside, and not in place.
    """

    def __init__(
        self,
        event_log: EventLog,
        model: ReadModel,
        build: ReadModelBuild | None = None,
        *,
        on_record: Callable[[Record], None] = lambda record: None,
        retry_delay: float = _RETRY_DELAY,
        build_from: int = _BUILD_FROM,
    ) -> None:
        self._event_log = event_log
        self._on_record = on_record
        self.model = model
        self._build = build
        self._build_from = build_from
        self._built: Path | None = None
        """A file that is to take the place of the model's."""
        self._retry_delay = retry_delay
        self._subscribed: dict[str, SubscribedConversation] = {}
        self._unwritten: list[Record] = []
        """Records that the subscriptions have and the read model does not have yet, in order."""
        self._arrived = asyncio.Event()
        self._writing: asyncio.Task[list[str]] | None = None
        """The newest batch that is written in a thread."""
        self._position_changed = asyncio.Condition()
        self.caught_up = asyncio.Event()
        """Set once the read model holds every event that was on the log when the gateway started."""

    @contextmanager
    def subscribe(self, conversation: str) -> Iterator[Subscription]:
        """The news of a conversation from now on, each of which follows from `state_of`."""
        subscribed = self._subscribed.get(conversation)
        if subscribed is None:
            subscribed = self._subscribed[conversation] = SubscribedConversation(self.state_of(conversation))
        subscription = Subscription(conversation)
        subscribed.subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            subscribed.subscriptions.discard(subscription)
            if not subscribed.subscriptions and self._subscribed.get(conversation) is subscribed:
                del self._subscribed[conversation]

    def cut_subscriptions(self) -> None:
        """End the news of all subscriptions; whoever has one has to connect again."""
        for subscribed in self._subscribed.values():
            for subscription in subscribed.subscriptions:
                subscription.cut()

    @property
    def subscription_count(self) -> int:
        """The number of subscriptions to all conversations."""
        return sum(len(subscribed.subscriptions) for subscribed in self._subscribed.values())

    def caught_up_model(self) -> ReadModel:
        """The read model, for requests: what it does not hold does not exist.

        Raises:
            BusError: it is still being built.
        """
        if not self.caught_up.is_set():
            how_far = f": {self.build_progress}" if self.build_progress else ""
            raise BusError(f"the conversations are still being read from the log{how_far}", code="unavailable")
        return self.model

    @property
    def build_progress(self) -> Progress | None:
        """How far the next read model is, while one is built beside the model."""
        return self._build.progress if self._build is not None else None

    async def wait_until_caught_up(self, *, timeout: float) -> None:
        """Wait until the read model is built.

        Raises:
            BusError: it is not after `timeout` seconds.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self.caught_up.wait()
        self.caught_up_model()

    def state_of(self, conversation: str) -> Conversation:
        """The conversation after the last fact that was read, which the read model may not have written yet."""
        if conversation in self._subscribed:
            return self._subscribed[conversation].state
        state = self.model.conversation(conversation) or Conversation(id=conversation)
        for record in self._unwritten:
            of_this = subjects.conversation_of(record.subject) == conversation
            if of_this and (event := _decode_or_none(record)) is not None:
                state = fold(state, record.sequence, event)
        return state

    async def wait_until_applied(self, sequence: int, *, timeout: float = 5.0) -> None:
        """Wait until the read model holds the event of this sequence.

        Raises:
            BusError: it does not after `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout), self._position_changed:
                await self._position_changed.wait_for(lambda: self.model.position >= sequence)
        except TimeoutError:
            raise BusError(f"event {sequence} is on the log, but not in the read model after {timeout} s") from None

    async def run(self) -> None:
        """Follow the log until cancelled; where it was replaced by another one, from the beginning of that one."""
        while True:
            await self._wait_for_log()
            raise_if_cancelled()
            try:
                # In a task of its own: Python 3.11's group leaves the task that waits for it marked as cancelled.
                await asyncio.create_task(self._follow_until_replaced())
            except* LogReplaced as group:
                log.warning("building the read model anew", extra={"why": str(group.exceptions[0])})
            await self._forget()

    async def _follow_until_replaced(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._event_log.watch.run())
            tasks.create_task(self._follow())
            tasks.create_task(self._write())
            if self._build is not None and self.model.version != VERSION:
                tasks.create_task(self._build_beside())
            tasks.create_task(self._check_file())
            tasks.create_task(self._follow_live(TranscriptPartial))
            tasks.create_task(self._follow_live(TranscriptStable))

    async def _wait_for_log(self) -> None:
        while True:
            await self._event_log.watch.check()  # what is found here has been dropped already, or was never read
            try:
                return await self._check_position()
            except BusError as error:
                if not error.retryable:
                    raise
                raise_if_cancelled()
                log.warning("waiting for the log", extra={"why": error.detail})
                await asyncio.sleep(self._retry_delay)

    async def _forget(self) -> None:
        """Drop all that was made of the log so far; pages and sessions have to connect again."""
        self.caught_up.clear()
        self._built = None
        if self._build is not None:
            self._build.discard()
        self._unwritten.clear()
        self._arrived.clear()
        self.cut_subscriptions()
        self._subscribed = {}
        if self._writing is not None:
            with suppress(VisavisError):
                await self._writing  # a thread is not ended by a cancellation
        self.model.reset()

    async def _check_file(self) -> None:
        """Look whether the read model's file is still there, until it is not.

        Raises:
            LogReplaced: it was deleted, or another file put in its place.
        """
        while self.model.has_its_file():  # noqa: ASYNC110 - nobody tells that a file was removed
            await asyncio.sleep(self._retry_delay)
        raise LogReplaced(f"{self.model.path} was removed")

    async def _check_position(self) -> None:
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
            event = None if first is None or first.sequence != model.position else _decode_or_none(first)
            gone = first is None or first.sequence != model.position
            if gone and await self._event_log.may_be_erased(model.position):
                pass  # it belonged to a conversation that was erased
            elif event is None or event.id != model.last_event:
                log.warning("the log is another one; building the read model anew")
                model.reset()
        self._newest_at_start = await self._newest_readable(newest)
        if model.position >= self._newest_at_start:
            self.caught_up.set()

    async def _newest_readable(self, newest: int) -> int:
        """Up to which sequence there is something to read: the very last events may be gone, as after a full disk."""
        if self.model.position >= newest:
            return newest
        found = await self._event_log.last_message(subjects.ALL_FACTS)
        known = max(self.model.position, found.sequence if found is not None else 0)
        reading = self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=known)
        async with aclosing(reading) as records:
            return known if await anext(records, None) is None else newest

    async def _build_beside(self) -> None:
        """Build the next read model while the model, of an older version, is served."""
        assert self._build is not None
        log.info("serving a read model of an older version meanwhile", extra={"version": self.model.version})
        self._built = await self._build.run()
        self._arrived.set()

    async def _swap(self, built: Path) -> None:
        """Bring a file that was built to where the model is, and put it in its place."""
        successor = ReadModel(built)
        try:
            reading = self._event_log.read_batches(
                streams.CONVERSATIONS, subjects.ALL_FACTS, after=successor.position
            )
            if successor.position < self.model.position:
                async with aclosing(reading) as batches:
                    async for batch in batches:
                        some = [record for record in batch if record.sequence <= self.model.position]
                        await asyncio.to_thread(successor.apply_records, some)
                        if batch[-1].sequence >= self.model.position:
                            break
        finally:
            successor.close()
        self._take_over(built)

    def _take_over(self, built: Path) -> None:
        self.model.take_over(built)
        if self._build is not None:
            self._build.done()
        if self.model.position >= self._newest_at_start:
            self.caught_up.set()
        log.info("the new read model is in place", extra={"position": self.model.position})

    async def _follow(self) -> None:
        if self._build is not None and not self.model.position and self._newest_at_start >= self._build_from:
            self._take_over(await self._build.run())
        after = self.model.position
        reading = self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=after, follow=True)
        async with aclosing(reading) as records:
            async for record in records:
                self._notify(record)
                self._on_record(record)
                self._unwritten.append(record)
                self._arrived.set()
                while len(self._unwritten) >= 2 * _BATCH:  # the disk sets the pace of a rebuild
                    async with self._position_changed:
                        await self._position_changed.wait()

    async def _write(self) -> None:
        while True:
            await self._arrived.wait()
            if self._built is not None:
                built, self._built = self._built, None
                await self._swap(built)
            batch = self._unwritten[:_BATCH]
            if batch:
                await self._write_batch(batch)
            del self._unwritten[: len(batch)]
            if not self._unwritten:
                self._arrived.clear()
            if self.model.position >= self._newest_at_start:
                self.caught_up.set()
            async with self._position_changed:
                self._position_changed.notify_all()

    async def _write_batch(self, batch: list[Record]) -> None:
        """Fold a batch into the read model; retried for as long as the disk is full."""
        while True:
            try:
                # In a thread, one fact too: the disk may take its time, and calls wait for nothing.
                self._writing = asyncio.create_task(asyncio.to_thread(self.model.apply_records, batch))
                await asyncio.shield(self._writing)
                if any(map(_is_receipt, batch)):
                    await asyncio.to_thread(self.model.scrub)
                return
            except VisavisError as error:
                if not error.retryable:
                    raise
                log.error("the read model cannot be written", extra={"why": error.detail})
                await asyncio.sleep(self._retry_delay)

    def _notify(self, record: Record) -> None:
        subscribed = self._subscribed.get(subjects.conversation_of(record.subject))
        # An event that does not decode is counted and logged by the read model.
        if subscribed is None or (event := _decode_or_none(record)) is None:
            return
        before = subscribed.state
        subscribed.state = fold(before, record.sequence, event)
        fact = FoldedFact(record.sequence, event, changes(before, subscribed.state))
        for subscription in subscribed.subscriptions:
            subscription.put(fact)
            if subscribed.state.erased:
                subscription.cut()  # whoever connects again finds nothing

    async def _follow_live(self, kind: type[LiveBody]) -> None:
        """Pass the transcripts so far on as they arrive: late ones are of no use."""
        async with aclosing(self._event_log.subscribe_core(subjects.live_of_kind(kind))) as messages:
            async for subject, data in messages:
                subscribed = self._subscribed.get(subjects.conversation_of(subject))
                if subscribed is None:
                    continue
                try:
                    live = codec.decode_live(data)
                except UndecodableEvent as error:
                    drop("undecodable", subject=subject, why=error.detail)
                    continue
                if isinstance(live.body, kind):
                    for subscription in subscribed.subscriptions:
                        subscription.put(live)


def _is_receipt(record: Record) -> bool:
    """Whether a conversation has just been erased."""
    return record.subject.endswith(f".{tag_of(ConversationErased)}")


def _decode_or_none(record: Record) -> Event | None:
    try:
        return codec.decode_event(record.data)
    except UndecodableEvent:
        return None
