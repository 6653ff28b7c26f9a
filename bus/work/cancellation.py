"""Whether the current task is to end. Python 3.11's `asyncio.wait_for` swallows a cancellation that comes in the moment
of the answer, so loops ask."""

from __future__ import annotations

import asyncio


def stopping() -> bool:
    """Whether the current task, rather than one that it waits for, has been cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def raise_if_cancelled() -> None:
    """End here if the current task has been cancelled.

    Raises:
        asyncio.CancelledError
    """
    if stopping():
        raise asyncio.CancelledError
