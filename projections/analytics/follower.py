"""Follows the log and writes the analytics, by readers of its own: no service waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from itertools import chain

from bus import clock, subjects
from bus.errors import LogReplaced
from bus.log.event_log import EventLog, Record
from bus.log.stream_changes import Mark
from projections.analytics.fact_reader import HELD_FACTS, FactReader
from projections.analytics.requests import Request
from projections.analytics.store import DEAD, DELIVERIES, FACTS, MACHINE, Position, Store
from projections.analytics.tables import MachineRow, Row

log = logging.getLogger(__name__)

BATCH_EVENTS = 20_000
"""Events after which files are written."""
BATCH_SECONDS = 30.0
"""Seconds after which files are written."""
SAMPLE_SECONDS = 30.0
"""Between two samples of the machine."""
_LOOK_SECONDS = 0.5
_SUBJECTS = {FACTS: subjects.ALL_FACTS, DELIVERIES: subjects.ALL_DELIVERIES, DEAD: subjects.ALL_DEAD}
FLUSH_REQUEST: Request = "flush"
REBUILD_REQUEST: Request = "rebuild"


class Follower:
    """Reads the streams from where the files end, and writes what follows.

    Args:
        store: is written by nobody else.
        batch_events, batch_seconds: after how many events, and how long, files are written.
        sample: gives rows of what the processes tell of themselves, every 30 s; None: there are none.
        on_progress: called with the store after each writing.
    """

    def __init__(
        self,
        event_log: EventLog,
        store: Store,
        *,
        batch_events: int = BATCH_EVENTS,
        batch_seconds: float = BATCH_SECONDS,
        held_facts: int = HELD_FACTS,
        sample: Callable[[], Awaitable[list[MachineRow]]] | None = None,
        on_progress: Callable[[Store], None] = lambda store: None,
    ) -> None:
        self._event_log = event_log
        self._store = store
        self._batch_events = batch_events
        self._batch_seconds = batch_seconds
        self._held_facts = held_facts
        self._sample = sample
        self._on_progress = on_progress
        self._begin()

    def _begin(self) -> None:
        self._reader = FactReader(self._event_log, held_facts=self._held_facts)
        self._reached: dict[str, Position] = {}
        self._events = 0
        self._samples: list[tuple[str, int, Row]] = []
        self._oldest: float | None = None
        """When the first event came that is not in files, by the loop's clock."""

    async def run(self) -> None:
        """Follow for ever; where the log is replaced, begin anew and keep the old files beside."""
        while True:
            try:
                await self._check_log()
                async with asyncio.TaskGroup() as tasks:
                    for source in _SUBJECTS:
                        tasks.create_task(self._read(source, follow=True))
                    tasks.create_task(self._event_log.watch.run())
                    tasks.create_task(self._write_in_time())
                    tasks.create_task(self._sample_machine())
            except* LogReplaced as group:
                self._set_aside(str(group.exceptions[0]))
            except* _Again:
                pass
            self._begin()

    async def catch_up(self) -> None:
        """Read to the present end of the log and write everything."""
        try:
            await self._check_log()
        except LogReplaced as error:
            self._set_aside(error.detail)
            self._begin()
        for source in _SUBJECTS:
            await self._read(source, follow=False)
        self.flush()

    def _set_aside(self, why: str) -> None:
        kept = self._store.set_aside(clock.now())
        log.warning("the log is another one, the analytics begin anew", extra={"why": why, "kept": str(kept)})

    async def _check_log(self) -> None:
        """Make sure that the log is the one of which the files are.

        Raises:
            LogReplaced: it is another one.
        """
        for source in _SUBJECTS:
            position = self._store.position(source)
            if not position.seq:
                continue
            if await self._event_log.last_sequence(source) < position.seq:
                raise LogReplaced(f"stream {source} ends before message {position.seq}, which has been read")
            if source != FACTS:
                continue  # old messages of the others expire
            async with aclosing(self._event_log.read(source, _SUBJECTS[source], after=position.seq - 1)) as records:
                found = await anext(records, None)
            mark = Mark(position.seq, position.time)
            gone = found is None or found.sequence != position.seq
            if gone and await self._event_log.may_be_erased(position.seq):
                continue
            if found is None or found.sequence != position.seq or not mark.is_at(found.time):
                raise LogReplaced(f"message {position.seq} of stream {source} is another one than before")

    async def _read(self, source: str, *, follow: bool) -> None:
        after = self._store.position(source).seq
        async with aclosing(self._event_log.read(source, _SUBJECTS[source], after=after, follow=follow)) as records:
            async for record in records:
                await self._take(source, record)

    async def _take(self, source: str, record: Record) -> None:
        await self._reader.add(source, record)
        self._reached[source] = Position(record.sequence, record.time)
        self._events += 1
        if self._oldest is None:
            self._oldest = asyncio.get_running_loop().time()
        if self._events >= self._batch_events:
            self.flush()

    def flush(self) -> None:
        """Write what has come since the last writing."""
        samples, self._samples = self._samples, []
        if erased := self._reader.take_erased():
            # First: if this process is killed in between, their facts are read again.
            self._store.erase(erased)
        if self._reached:
            rows = chain(self._reader.take_rows(), samples)
            self._store.commit(rows, self._reached, events=self._events, now=clock.now())
            self._on_progress(self._store)
        self._reached, self._events, self._oldest = {}, 0, None

    async def _write_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if (self._store.folder / REBUILD_REQUEST).exists():
                log.info("the analytics are made anew from the log")
                self._store.begin_anew()
                (self._store.folder / REBUILD_REQUEST).unlink(missing_ok=True)
                raise _Again
            asked = self._store.folder / FLUSH_REQUEST
            if asked.exists():
                self.flush()
                asked.unlink(missing_ok=True)
            elif self._oldest is not None and loop.time() - self._oldest >= self._batch_seconds:
                self.flush()

    async def _sample_machine(self) -> None:
        while self._sample is not None:
            rows = await self._sample()
            if rows:
                self._samples += [(MACHINE, row.began, row) for row in rows]
                self._reached[MACHINE] = Position(rows[0].seq, rows[0].began)
                self._oldest = self._oldest or asyncio.get_running_loop().time()
            await asyncio.sleep(SAMPLE_SECONDS)


class _Again(Exception):
    """The files are to be made from the beginning."""
