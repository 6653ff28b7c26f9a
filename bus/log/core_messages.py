"""Messages of core NATS as they are published: not stored, not repeated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from nats.aio.msg import Msg

from bus.cancellation import raise_if_cancelled
from bus.dropped import drop
from bus.errors import BusError
from bus.log.connection import Connection


async def core_messages(
    nc: Connection, subject: str, *, subscribed: asyncio.Event | None = None
) -> AsyncGenerator[tuple[str, bytes], None]:
    """Subject and data of every message that is published from now on, before it is stored. Nothing is repeated.

    Beyond 1024 unread messages, the oldest are dropped.

    Args:
        subscribed: set once the subscription has been requested.
    Raises:
        Forbidden: this user may not subscribe to the subject.
    """
    received: asyncio.Queue[tuple[str, bytes] | BusError] = asyncio.Queue(1024)

    def put(item: tuple[str, bytes] | BusError) -> None:
        if received.full():
            received.get_nowait()
            drop("live_events", subject=subject)
        received.put_nowait(item)

    async def on_message(msg: Msg) -> None:
        put((msg.subject, msg.data))

    with nc.on_permission_denied(subject, put):
        subscription = await nc.subscribe(subject, cb=on_message)
        if subscribed is not None:
            subscribed.set()
        try:
            while True:
                raise_if_cancelled()  # what the reader did with the last one may have swallowed it
                item = await received.get()
                if isinstance(item, BusError):
                    raise item
                yield item
        finally:
            if not nc.is_closed:
                await subscription.unsubscribe()
