"""Reads the facts after an event with a limit on how long one is waited for, and shows that an answer is on its way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, cast

from bus.cancellation import raise_if_cancelled
from bus.events import Event
from bus.work.service import Reader

log = logging.getLogger(__name__)

_QUEUE = 256
"""Facts read ahead; then reading waits."""
_ACTIVITY_TIMEOUT = 10.0


class FactPump:
    """The facts after an event, one at a time."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | Exception] = asyncio.Queue(_QUEUE)

    async def next(self, timeout: float) -> Event | None:
        """The next fact; None where there is none within `timeout` seconds.

        Raises:
            VisavisError: the log cannot be read.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                found = await self._queue.get()
            if isinstance(found, Exception):
                raise found
            return found
        return None

    async def run(self, reader: Reader, event: Event) -> None:
        """Read until cancelled."""
        try:
            async with aclosing(cast("Any", reader.follow_facts(event))) as facts:
                async for _, fact in facts:
                    await self._queue.put(fact)
        except Exception as error:  # noqa: BLE001 - raised again by `next`
            await self._queue.put(error)


@asynccontextmanager
async def facts_after(reader: Reader, event: Event) -> AsyncIterator[FactPump]:
    """The facts of a conversation after one of its events."""
    pump = FactPump()
    async with running(pump.run(reader, event)):
        yield pump


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    """Runs something beside the block, and stops it at its end."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def repeat_quietly(show: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Call something again and again until cancelled, whatever becomes of it."""
    while True:
        try:
            async with asyncio.timeout(_ACTIVITY_TIMEOUT):
                await show()
        except Exception as error:  # noqa: BLE001 - nobody misses it; its text may hold a token
            log.debug("activity not shown", extra={"why": type(error).__name__})
        raise_if_cancelled()  # the client may have swallowed it
        await asyncio.sleep(seconds)
