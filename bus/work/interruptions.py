"""Which replies the person cut short: heard directly, not through the work queue, and looked up where it was missed."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TypeVar

from bus import clock, codec, subjects
from bus.errors import BusError, UndecodableEvent
from bus.events import Event, ReplyInterrupted
from bus.log.event_log import EventLog

K = TypeVar("K")

log = logging.getLogger(__name__)

_REMEMBERED = 4096
_PAUSE = 0.5
_CLOCKS_APART = 5_000_000
"""Microseconds by which the server's clock may differ from this one."""


def turn_of(event: Event) -> tuple[str, str]:
    """What an interruption stops: a turn of a conversation; an event without one stands for itself."""
    return event.conversation, event.turn or event.id


class Interruptions:
    """Of all conversations, as far as one worker has to know them."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._heard: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.since = clock.now()
        """From when on all is heard, microseconds since 1970: the start, or when the connection was last back."""
        self._looked: OrderedDict[str, None] = OrderedDict()
        """Conversations whose newest interruption on record is known; what came later was heard."""

    async def listen(self, stop: Callable[[tuple[str, str]], None]) -> None:
        """For ever: have work on a reply stopped as soon as the person cuts it short."""
        async for _, data in self._event_log.subscribe_core(subjects.facts_of_kind(ReplyInterrupted)):
            try:
                key = turn_of(codec.decode_event(data))
            except UndecodableEvent:
                continue
            _remember(self._heard, key)
            stop(key)

    async def stopped(self, event: Event, *, stored: int, repeated: bool) -> bool:
        """Whether nothing is to be done about this event any more.

        Args:
            stored: when the server stored the event, microseconds since 1970.
            repeated: it has been in other hands, before this worker listened or while the connection was away.
        """
        key = turn_of(event)
        early = stored < self.since + _CLOCKS_APART and event.conversation not in self._looked
        if key not in self._heard and (repeated or early):
            await self._look(event.conversation)
        return key in self._heard

    async def catch_up(self, running: Iterable[tuple[str, str]], stop: Callable[[tuple[str, str]], None]) -> None:
        """The connection was away: stop what was cut short meanwhile, and look again before anything is begun."""
        self._looked.clear()
        self.since = clock.now()
        for key in list(running):
            await self._look(key[0])
            if key in self._heard:
                stop(key)

    async def _look(self, conversation: str) -> None:
        """Note the newest interruption on record; it may have come while no worker was up."""
        while True:
            try:
                newest = await self._event_log.last_fact(conversation, ReplyInterrupted)
                if newest is not None:
                    _remember(self._heard, turn_of(newest))
                break
            except BusError as trouble:
                if not trouble.retryable:
                    raise
                log.warning("waiting for the log", extra={"why": trouble.detail})
                await asyncio.sleep(_PAUSE)
        _remember(self._looked, conversation)


def _remember(known: OrderedDict[K, None], one: K) -> None:
    known[one] = None
    while len(known) > _REMEMBERED:
        known.popitem(last=False)
