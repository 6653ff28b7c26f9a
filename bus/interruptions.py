"""Which replies the person cut short: heard directly, not through the work queue, and looked up where it was missed."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable

from bus import clock, codec, subjects
from bus.errors import BusError, UndecodableEvent
from bus.events import Event, ReplyInterrupted
from bus.log import Bus

log = logging.getLogger(__name__)

_REMEMBERED = 4096
_CLOCKS_APART = 5_000_000
"""Microseconds by which the server's clock may differ from this one."""


def turn_of(event: Event) -> tuple[str, str]:
    """What an interruption stops: a turn of a conversation; an event without one stands for itself."""
    return event.conversation, event.turn or event.id


class Interruptions:
    """Of all conversations, as far as one worker has to know them."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._heard: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._since = clock.now()

    async def listen(self, stop: Callable[[tuple[str, str]], None]) -> None:
        """For ever: have work on a reply stopped as soon as the person cuts it short."""
        async for _, data in self._bus.listen(subjects.fact_everywhere(ReplyInterrupted)):
            try:
                key = turn_of(codec.decode_event(data))
            except UndecodableEvent:
                continue
            self._heard[key] = None
            while len(self._heard) > _REMEMBERED:
                self._heard.popitem(last=False)
            stop(key)

    async def stopped(self, event: Event, *, stored: int, repeated: bool) -> bool:
        """Whether nothing is to be done about this event any more.

        Args:
            stored: when the server stored the event, microseconds since 1970.
            repeated: it has been in other hands, before this worker listened or while the connection was away.
        """
        key = turn_of(event)
        maybe_missed = repeated or stored < self._since + _CLOCKS_APART
        if key not in self._heard and maybe_missed and await self._on_record(event):
            return True
        return key in self._heard  # maybe heard while the log was asked

    async def _on_record(self, event: Event) -> bool:
        """Whether the newest interruption on record is of this turn; it may have come while no worker was up."""
        while True:
            try:
                newest = await self._bus.last_fact(event.conversation, ReplyInterrupted)
                return newest is not None and turn_of(newest) == turn_of(event)
            except BusError as trouble:
                if not trouble.retryable:
                    raise
                log.warning("waiting for the log", extra={"why": trouble.detail})
