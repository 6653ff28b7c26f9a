"""The facts about characters, followed once for a process: they are few, asked for all the time, and seldom change."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from nats.js.errors import NotFoundError

from bus import codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.errors import BusError, UndecodableEvent
from bus.events import CharacterEvent
from bus.log import streams
from bus.log.log_reader import RETRY_FOR
from bus.log.log_store import LogStore
from bus.log.records import Record

log = logging.getLogger(__name__)

_PAUSE = 0.2
_PATIENCE = 1.0
"""Seconds until what is known to be stored, and does not come, is read in another way."""


class CharacterFacts:
    """All facts about characters, the oldest first; read at the first question, and followed from then on."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._facts: tuple[CharacterEvent, ...] = ()
        self._sequence = 0
        """Up to which they are known."""
        self._written = 0
        """Of the newest fact that this process has appended."""
        self._made = ""
        """When the stream was made from which they are."""
        self._news = asyncio.Condition()
        self._following: asyncio.Task[None] | None = None

    def wrote(self, sequence: int) -> None:
        """This process has appended a fact, which it must find from now on."""
        self._written = max(self._written, sequence)

    async def all(self, *, fresh: bool) -> tuple[CharacterEvent, ...]:
        """The facts; the same object as long as nothing was added.

        Args:
            fresh: with all that are stored now, which takes a question to the server; otherwise what has arrived.
        Raises:
            BusError: NATS was away for 30 s, or refuses.
        """
        if is_first := self._following is None or self._following.done():
            await self.close()  # what ended it is told where the server is asked again
            self._begin()
        if fresh or is_first:
            made, newest = await self._stored()
            if self._made not in ("", made):  # another log, which the follower has yet to notice
                await self.close()
                self._begin()
            self._made = made
            await self._wait(max(newest, self._written))
        elif self._sequence < self._written:
            await self._wait(self._written)
        return self._facts

    def _begin(self) -> None:
        self._forget()
        self._following = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Follow no more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            self._following = None

    async def _stored(self) -> tuple[str, int]:
        """When the stream was made, and its newest sequence; one that vanished has half a minute to be made again."""
        name, missing = streams.CHARACTERS, 0.0
        while True:
            try:
                info = await self._store.with_retries(lambda: self._store.js.stream_info(name), f"look at {name}")
                return str(info.created), info.state.last_seq
            except NotFoundError as error:
                self._store.watch.wake()
                if missing > RETRY_FOR:
                    raise BusError(f"stream {name} is not there") from error
                missing += _PAUSE
                await asyncio.sleep(_PAUSE)

    async def _wait(self, sequence: int) -> None:
        """Wait for a fact; where it does not come, as it was deleted or the follower has lost its connection, read."""
        try:
            async with asyncio.timeout(_PATIENCE), self._news:
                await self._news.wait_for(lambda: self._sequence >= sequence)
        except TimeoutError:
            raise_if_cancelled()
            await self._read_all(sequence)

    async def _read_all(self, sequence: int) -> None:
        """Read what is stored, which is all up to a sequence at least."""
        found: list[CharacterEvent] = []
        async for record in self._store.read(streams.CHARACTERS, subjects.ALL_CHARACTERS):
            sequence = max(sequence, record.sequence)
            found += _decoded(record)
        self._facts, self._sequence, self._written = tuple(found), sequence, 0

    async def _follow(self) -> None:
        records = self._store.follow_anew(streams.CHARACTERS, subjects.ALL_CHARACTERS, on_replaced=self._forget)
        async with aclosing(records):
            async for record in records:
                raise_if_cancelled()
                if record.sequence > self._sequence:
                    self._facts = (*self._facts, *_decoded(record))
                    self._sequence = record.sequence
                    async with self._news:
                        self._news.notify_all()

    def _forget(self) -> None:
        self._facts, self._sequence, self._written = (), 0, 0


def _decoded(record: Record) -> tuple[CharacterEvent, ...]:
    try:
        return (codec.decode_character_event(record.data),)
    except UndecodableEvent as error:
        log.warning(
            "undecodable", extra={"subject": record.subject, "sequence": record.sequence, "why": error.detail}
        )
        return ()
