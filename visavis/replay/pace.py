"""Prints lines at the pace at which a conversation went on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

LONGEST_PAUSE = 5_000.0
"""Milliseconds; of a longer silence only so much is waited for."""


async def print_at_pace(lines: Iterable[tuple[float, str]], speed: float, show: Callable[[str], None]) -> None:
    """Show each line at its time.

    Args:
        lines: with their times in ms, in order.
        speed: 2 for half the time.
    """
    loop = asyncio.get_running_loop()
    due, before = loop.time(), 0.0
    for number, (at, line) in enumerate(lines):
        if number:
            due += max(0.0, min(at - before, LONGEST_PAUSE)) / 1000 / speed
        before = at
        # To a fixed time, so that what printing takes does not add up.
        await asyncio.sleep(max(0.0, due - loop.time()))
        show(line)
