"""Cancellation of the current task.

Python 3.11's `asyncio.wait_for` swallows a cancellation that arrives together with the result, so long loops check.
"""

from __future__ import annotations

import asyncio
from typing import Any


def is_cancelled() -> bool:
    """Whether the current task itself, rather than a task that it awaits, has been cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def raise_if_cancelled() -> None:
    """End the current task here if it has been cancelled.

    Raises:
        asyncio.CancelledError
    """
    if is_cancelled():
        raise asyncio.CancelledError


async def cancel_until_done(task: asyncio.Task[Any], again: float = 0.5) -> None:
    """Cancel a task and wait for its end, whatever it swallows.

    Args:
        again: seconds after which it is cancelled again.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=again)
