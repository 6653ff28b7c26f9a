"""Ends a process that wants to be started again, in a pause of its work."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable

log = logging.getLogger(__name__)

QUIET = 20.0
"""Seconds without work that are a pause: what comes next may wait for the restart."""
PATIENCE = 600.0
"""Seconds after which the process ends although there was no pause."""
_CHECK = 1.0


async def end_in_a_pause(
    why: Callable[[], str | None],
    work: Callable[[], tuple[int, int]],
    *,
    quiet: float = QUIET,
    patience: float = PATIENCE,
    check: float = _CHECK,
) -> str:
    """Wait for a reason to start again, then for a pause, and end this process as SIGTERM does; returns the reason.

    Args:
        why: the reason; None while there is none.
        work: gives the numbers of work items that are held and that are done.
        quiet, patience, check: seconds; see `QUIET` and `PATIENCE`, and between two looks.
    """
    loop = asyncio.get_running_loop()
    while (reason := why()) is None:  # noqa: ASYNC110 - threads of other libraries find the reason
        await asyncio.sleep(check)
    log.warning("this process ends in the next pause, to be started again", extra={"why": reason})
    began = since = loop.time()
    before = work()
    while loop.time() - since < quiet and loop.time() - began < patience:
        await asyncio.sleep(check)
        now = work()
        if now[0] or now != before:
            before, since = now, loop.time()
    os.kill(os.getpid(), signal.SIGTERM)
    return reason
