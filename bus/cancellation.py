"""Cancellation of the current task.

Python 3.11's `asyncio.wait_for` swallows a cancellation that arrives together with the result, as any request to NATS
may: a task that runs for ever then never ends. `replace_wait_for` mends that; long loops check too, since libraries may
swallow one in other ways.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def wait_for(fut: Awaitable[T], timeout: float | None) -> T:
    """`asyncio.wait_for` as it is from Python 3.12 on: it swallows no cancellation.

    Not on `asyncio.timeout`, which before Python 3.11.4 takes an older cancellation of the task for a new one.

    Raises:
        TimeoutError: the time is over; what was awaited is cancelled.
    """
    if timeout is None:
        return await fut
    if timeout <= 0:
        task = asyncio.ensure_future(fut)
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait((task,))
        try:
            return task.result()
        except asyncio.CancelledError as error:
            raise TimeoutError from error
    caller = asyncio.current_task()
    assert caller is not None
    before, expired = caller.cancelling(), False

    def expire() -> None:
        nonlocal expired
        expired = True
        caller.cancel()

    timer = asyncio.get_running_loop().call_later(timeout, expire)
    try:
        return await fut
    except asyncio.CancelledError as error:
        if expired and caller.uncancel() <= before:
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()


def replace_wait_for() -> None:
    """Have libraries use `wait_for` of this module where Python's own may swallow a cancellation (bpo-37658)."""
    if sys.version_info < (3, 12):
        asyncio.wait_for = asyncio.tasks.wait_for = wait_for  # type: ignore[assignment]


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
