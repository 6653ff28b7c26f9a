"""Knows which facts of what came in are on the log already, also long after NATS has forgotten their ids."""

from __future__ import annotations

from contextlib import aclosing

from cachetools import LRUCache

from bus import codec, subjects
from bus.errors import UndecodableEvent
from bus.events import Body, Event
from bus.log import streams
from bus.log.event_log import LARGEST_SKEW, EventLog

_MAX_REMEMBERED = 100_000


class Published:
    """The ids of facts of some kinds, in all conversations, since some time.

    The facts of each kind are read once, and from there on only the new ones, where another process may have written
    some: ten thousand updates that waited are handled with one reading.
    """

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._ids: LRUCache[str, None] = LRUCache(_MAX_REMEMBERED)
        self._read_from: dict[type[Body], int] = {}
        self._position: dict[type[Body], int] = {}

    async def has(self, kind: type[Body], event_id: str, since: int, *, look_again: bool) -> bool:
        """Whether a fact of this kind and id is on the log.

        Args:
            since: when what it follows from was stored, microseconds since 1970.
            look_again: read what was published since the last time, too; else what was added by `add` is enough.
        """
        since = max(since - LARGEST_SKEW, 0)
        begun = kind in self._position and self._read_from[kind] <= since
        if event_id in self._ids or (begun and not look_again):
            return event_id in self._ids
        if not begun:
            self._read_from[kind], self._position[kind] = since, 0
        after = self._position[kind]
        subject = subjects.facts_of_kind(kind)
        reading = self._event_log.read(streams.CONVERSATIONS, subject, after=after, since=0 if after else since)
        async with aclosing(reading) as records:
            async for record in records:
                self._position[kind] = record.sequence
                if record.is_copy:
                    continue  # what came in elsewhere
                try:
                    self._ids[codec.decode_event(record.data).id] = None
                except UndecodableEvent:
                    continue  # it is none of ours
        return event_id in self._ids

    def add(self, event: Event) -> None:
        """Remember a fact that was published."""
        self._ids[event.id] = None
