"""Which replies a person interrupted: every worker hears it on a core subscription, and looks up what it missed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import aclosing, suppress

from cachetools import FIFOCache

from bus import clock, codec, subjects
from bus.errors import BusError, UndecodableEvent
from bus.events import Event, ReplyInterrupted
from bus.log import streams
from bus.log.event_log import EventLog

log = logging.getLogger(__name__)

_MAX_REMEMBERED = 4096
_RETRY_PAUSE = 0.5
_CLOCK_SKEW = 5_000_000
"""Microseconds by which the server's clock may differ from this one."""


def turn_of(event: Event) -> tuple[str, str]:
    """What an interruption stops: the conversation and turn of an event; an event without a turn stands for itself."""
    return event.conversation, event.turn or event.id


class Interruptions:
    """The interrupted turns of all conversations, as far as one worker needs them."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._interrupted: FIFOCache[tuple[str, str], None] = FIFOCache(_MAX_REMEMBERED)
        self.since = clock.now()
        """Interruptions after this time are heard, microseconds since 1970: the start, or the newest reconnection."""
        self._looked_up: FIFOCache[str, None] = FIFOCache(_MAX_REMEMBERED)
        """Conversations whose interruptions on the log are known; later ones are heard."""

    async def listen(self, cancel: Callable[[tuple[str, str]], None]) -> None:
        """Call `cancel` with each turn as soon as it is interrupted, until cancelled."""
        async for _, data in self._event_log.subscribe_core(subjects.facts_of_kind(ReplyInterrupted)):
            try:
                turn = turn_of(codec.decode_event(data))
            except UndecodableEvent:
                continue  # the services that consume it count it
            self._interrupted[turn] = None
            cancel(turn)

    async def is_interrupted(self, event: Event, *, stored: int, repeated: bool) -> bool:
        """Whether the turn of this event was interrupted, so that nothing is left to do for it.

        Args:
            stored: when the server stored the event, microseconds since 1970.
            repeated: another worker, or this one before a reconnection, may have had the event.
        """
        turn = turn_of(event)
        early = stored < self.since + _CLOCK_SKEW and event.conversation not in self._looked_up
        if turn not in self._interrupted and (repeated or early):
            await self._look_up(event.conversation)
        return turn in self._interrupted

    async def catch_up(self, running: Iterable[tuple[str, str]], cancel: Callable[[tuple[str, str]], None]) -> None:
        """After a reconnection: cancel the running turns that were interrupted meanwhile, and look up the others again
        before they start."""
        self._looked_up.clear()
        self.since = clock.now()
        for turn in list(running):
            await self._look_up(turn[0])
            if turn in self._interrupted:
                cancel(turn)

    async def _look_up(self, conversation: str) -> None:
        """Read the conversation's interruptions from the log: they may have come while no worker was up."""
        subject = subjects.fact_in(conversation, ReplyInterrupted)
        while True:
            try:
                # Reading them needs a consumer, and most conversations have none.
                if await self._event_log.last_fact(conversation, ReplyInterrupted) is None:
                    break
                async with aclosing(self._event_log.read(streams.CONVERSATIONS, subject)) as records:
                    async for record in records:
                        with suppress(UndecodableEvent):
                            self._interrupted[turn_of(codec.decode_event(record.data))] = None
                break
            except BusError as error:
                if not error.retryable:
                    raise
                log.warning("waiting for the log", extra={"why": error.detail})
                await asyncio.sleep(_RETRY_PAUSE)
        self._looked_up[conversation] = None
