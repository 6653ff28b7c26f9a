"""Tells render that a session shows pictures, for as long as it does."""

from __future__ import annotations

import asyncio

from bus.cancellation import raise_if_cancelled
from bus.events import Watching
from bus.log.event_log import EventLog
from bus.stamping import new_live_event

_INTERVAL = 2.0


async def publish_watching(event_log: EventLog, conversation: str, session: str) -> None:
    """Tell it once."""
    await event_log.publish_live(new_live_event(Watching(session=session), conversation=conversation))


async def keep_watching(event_log: EventLog, conversation: str, session: str) -> None:
    """Tell it again and again, until cancelled."""
    while True:
        await publish_watching(event_log, conversation, session)
        raise_if_cancelled()
        await asyncio.sleep(_INTERVAL)
