"""The clock of a session's play-out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.gateway.playing.peer_connection import TICK

MICROSECONDS = 20_000
"""Of a tick."""
_MAX_LAG = 0.2
"""Seconds that ticks may be late before some are skipped."""


async def every_tick(send: Callable[[int], None], *, until: Callable[[], bool]) -> None:
    """Call `send` every 20 ms with the number of the tick. After a stall some are skipped, so that none come in a
    burst."""
    loop = asyncio.get_running_loop()
    origin, number = loop.time(), 0
    while not until():
        send(number)
        number += 1
        late = loop.time() - origin - number * TICK
        if late > _MAX_LAG:
            number += int(late / TICK)
        await asyncio.sleep(max(0.0, -late))
