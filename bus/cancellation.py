"""Cancellation of the current task.

Python 3.11's `asyncio.wait_for` swallows a cancellation that arrives together with the result, so long loops check.
"""

from __future__ import annotations

import asyncio


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
