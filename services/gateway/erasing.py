"""Carries out the erasures that are asked for on the log; one gateway at a time does, the others wait."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from bus import clock, codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.errors import BusError, UndecodableEvent, VisavisError
from bus.events import ConversationErasureRequested
from bus.log import streams
from bus.log.event_log import EventLog
from bus.work.lease import run_alone
from services.gateway.feed import Feed
from services.privacy.erasing import erase, receipts, record_receipt, request_erasure

log = logging.getLogger(__name__)

_LEASE = "erasing"
AGAIN_AFTER = (0.0, 15.0, 120.0)
"""Seconds after the request at which the log is looked through: workers may have been at work on the conversation."""
_LOOK_AT_AGE = 3600.0
"""Seconds between two looks for conversations that are too old."""
_RETRY = 10.0
_DAY = 86_400_000_000


class Eraser:
    """Erases what is asked for, and conversations that nothing was said in for so many days.

    Args:
        keep_days: 0: conversations are kept for ever.
    """

    def __init__(self, event_log: EventLog, feed: Feed, *, keep_days: int) -> None:
        self._event_log = event_log
        self._feed = feed
        self._keep_days = keep_days

    async def run(self) -> None:
        """Erase until cancelled; what was not finished when a gateway died is begun again."""
        await run_alone(self._event_log, _LEASE, self._run)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(tasks))
            if self._keep_days:
                tasks.create_task(self._watch_age())

    async def _follow(self, tasks: asyncio.TaskGroup) -> None:
        subject = subjects.facts_of_kind(ConversationErasureRequested)
        async with aclosing(self._event_log.follow_anew(streams.CONVERSATIONS, subject)) as records:
            async for record in records:
                try:
                    conversation = codec.decode_event(record.data).conversation
                except UndecodableEvent as error:
                    log.warning("a request to erase does not decode", extra={"why": error.detail})
                    continue
                if not record.is_copy and not await self._is_done(conversation, record.time):
                    tasks.create_task(self._erase(conversation))

    async def _is_done(self, conversation: str, requested: int) -> bool:
        old = clock.now() - requested > 2 * AGAIN_AFTER[-1] * 1_000_000
        return old and any(one.complete for one in await receipts(self._event_log, conversation))

    async def _erase(self, conversation: str) -> None:
        begun = asyncio.get_running_loop().time()
        for after in AGAIN_AFTER:
            await asyncio.sleep(begun + after - asyncio.get_running_loop().time())
            while True:
                raise_if_cancelled()
                try:
                    removed = await erase(self._event_log, conversation)
                    await record_receipt(self._event_log, conversation, removed)
                    break
                except BusError as error:
                    log.error("a conversation is not erased yet", extra={"id": conversation, "why": error.detail})
                    await asyncio.sleep(_RETRY)
            if removed:
                log.info("erased", extra={"conversation": conversation, "messages": sum(removed.values())})

    async def _watch_age(self) -> None:
        while True:
            raise_if_cancelled()
            oldest = clock.now() - self._keep_days * _DAY
            try:
                model = self._feed.caught_up_model()
                for conversation in await asyncio.to_thread(model.unchanged_since, oldest):
                    await request_erasure(self._event_log, conversation, "age")
            except VisavisError as error:
                log.warning("old conversations are not erased yet", extra={"why": error.detail})
                await asyncio.sleep(_RETRY)
                continue
            await asyncio.sleep(_LOOK_AT_AGE)
