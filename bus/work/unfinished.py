"""Finds work that is acknowledged although outputs of it are missing, and has it done again.

A worker acknowledges an item last, so this cannot happen while the log keeps what it has stored. A power cut may take
the last messages of a server that does not sync each of them, and damage takes any: a reply is then half told, or a
sound has no end, and nobody has the work any more. So a worker that starts looks at the last minutes of the log before
its server started. What is missing outputs is put on `REQUEUE`, where it is taken over like that of a dead worker.

When that was, the stream in memory tells: it is made anew after each start of an embedded server. A cluster outlives
its nodes, and has nothing to look for.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from contextlib import aclosing

from nats.errors import Error as NatsError
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from bus import codec, subjects
from bus.errors import BusError, Forbidden, UndecodableEvent
from bus.events import DeadLetter, Event
from bus.log import streams
from bus.log.event_log import EventLog, Record
from bus.work.queues import WorkItem
from bus.work.service import Service

log = logging.getLogger(__name__)

WINDOW = 120_000_000
"""Microseconds before the last message that an earlier server stored: what is older than the longest turn had its
outputs on the disk long ago."""
AGAIN = 30.0
"""Seconds after which is looked again, for as long as an item of before is not acknowledged: what is acknowledged
behind it is known to the server alone."""
_MOST = 2000
"""Items that are looked at."""
_PAUSE = 0.5
_WAITED_FOR = 60.0
"""Seconds for which later items of a conversation wait for one that is done again."""


class UnfinishedWork:
    """Looks through the end of the log once it is connected, and again until all of it is acknowledged.

    Args:
        again: seconds between two looks.
    """

    def __init__(self, event_log: EventLog, service: Service, *, again: float = AGAIN) -> None:
        self._event_log = event_log
        self._service = service
        self._again = again
        self._found: list[Record] | None = None
        """The items of the last minutes, once they have been read."""
        self._requeued: set[str] = set()
        self._open: dict[str, dict[int, tuple[Event, float]]] = defaultdict(dict)
        """Items that were put on `REQUEUE` and may not be finished yet: by conversation and sequence, with when they
        were put there by the loop's clock."""
        self.has_looked = asyncio.Event()
        """Set once it has looked for the first time, or cannot."""

    async def run(self) -> None:
        """Look, wait and look again, until there is nothing more to find."""
        try:
            if self._service.is_finished is None:
                return
            end = await self._end()
            while True:
                if await self.requeue(end):
                    return
                self.has_looked.set()
                await asyncio.sleep(self._again)
        except Forbidden as error:
            log.debug("unfinished work is left to the operator", extra={"why": error.detail})
        except BusError as error:
            log.warning("unfinished work was not looked for", extra={"why": error.detail})
        finally:
            self.has_looked.set()

    async def precedes(self, item: WorkItem) -> bool:
        """Whether work that was put on `REQUEUE` comes before an item in its conversation, and is unfinished yet.

        Raises:
            BusError: NATS was away for 30 s.
        """
        conversation = item.event.conversation
        if item.requeued or conversation not in self._open:
            return False
        opened = self._open[conversation]
        for sequence in sorted(sequence for sequence in opened if sequence < item.sequence):
            event, since = opened[sequence]
            facts = [one for _, one in await self._event_log.facts(conversation, after=sequence)]
            assert self._service.is_finished is not None
            is_finished = await self._service.is_finished(event, facts, self._event_log)
            if not is_finished and asyncio.get_running_loop().time() - since < _WAITED_FOR:
                return True
            del opened[sequence]
        return False

    async def requeue(self, end: Record | None) -> bool:
        """Put the acknowledged items on `REQUEUE` whose outputs are incomplete; returns whether these were all.

        Args:
            end: the last message of an earlier server: items behind it are under way.
        """
        if end is None:
            return True
        floor = await self._event_log.handled_up_to(streams.CONVERSATIONS, self._service.name)
        if self._found is None:
            self._found = await self._items(end)
        found = self._found
        by_conversation: dict[str, list[Record]] = defaultdict(list)
        for record in [one for one in found if one.sequence <= floor][-_MOST:]:
            by_conversation[subjects.conversation_of(record.subject)].append(record)
        for conversation, items in by_conversation.items():
            facts = await self._event_log.facts(conversation, after=items[0].sequence - 1)
            for record in items:
                event = codec.decode_event(record.data)
                later = [one for sequence, one in facts if sequence > record.sequence]
                assert self._service.is_finished is not None
                if event.id in self._requeued or await self._service.is_finished(event, later, self._event_log):
                    continue
                await self._put_back(record, event)
                self._requeued.add(event.id)
                self._open[conversation][record.sequence] = event, asyncio.get_running_loop().time()
        return not found or found[-1].sequence <= floor

    async def _items(self, end: Record) -> list[Record]:
        """The items of the last minutes of the log up to its end, in order."""
        found: list[Record] = []
        for kind in self._service.consumes:
            reading = self._event_log.read(
                streams.CONVERSATIONS, subjects.facts_of_kind(kind), since=max(1, end.time - WINDOW)
            )
            async with aclosing(reading) as records:
                async for record in records:
                    if record.sequence > end.sequence:
                        break
                    if not record.is_copy and _decodes(record):
                        found.append(record)
        return sorted(found, key=lambda one: one.sequence)

    async def _put_back(self, record: Record, event: Event) -> None:
        log.warning("work without its outputs is done again", extra={"event": event.id, "subject": record.subject})
        letter = DeadLetter(
            at=record.time, stream=streams.CONVERSATIONS, sequence=record.sequence, subject=record.subject,
            service=self._service.name, code="unfinished", detail="its outputs are missing on the log", deliveries=1,
            data=record.data,
        )  # fmt: skip
        # Of several workers that find it, one puts it back.
        await self._event_log.requeue(self._service.name, codec.encode(letter), f"unfinished-{event.id}")

    async def _end(self) -> Record | None:
        """The last message that an earlier server stored; None where this one has stored all, or it is gone."""
        began = await self._server_start()
        newest = await self._event_log.last_sequence(streams.CONVERSATIONS)
        reading = self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, since=began)
        async with aclosing(reading) as records:
            first = await anext(records, None)
        sequence = newest if first is None else first.sequence - 1
        if not sequence:
            return None

        async def get() -> RawStreamMsg:
            return await self._event_log.js.get_msg(streams.CONVERSATIONS, seq=sequence, direct=True)

        try:
            found = await self._event_log.with_retries(get, f"get {sequence}")
        except NotFoundError:
            return None
        stored = int(found.time.timestamp() * 1_000_000) if found.time else 0
        return Record(sequence, found.subject or "", found.data or b"", stored)

    async def _server_start(self) -> int:
        """When the stream in memory was made, microseconds since 1970."""
        while True:
            try:
                made = (await self._event_log.js.stream_info(streams.LIVE)).created
                if made is not None:
                    return int(made.timestamp() * 1_000_000)
            except (NatsError, TimeoutError):
                pass  # it is about to be made
            await asyncio.sleep(_PAUSE)


def _decodes(record: Record) -> bool:
    try:
        codec.decode_event(record.data)
    except UndecodableEvent:
        return False
    return True
