"""How a process ends without losing what it has begun: it takes nothing more, finishes, and returns.

A service that is updated is asked to end by SIGTERM. What it does not finish in time is given back, and another process
takes it over.
"""

from __future__ import annotations

import asyncio

ALONE = 2.0
"""Seconds that a process takes at the most where nobody else does its work meanwhile: others wait for its successor."""
LAST_MESSAGES = 3.0
"""Seconds that a worker waits for what NATS has begun to send it."""


class Drain:
    """Tells all that runs in a process to begin nothing more, to finish what it has begun, and to return.

    Args:
        seconds: after which the process is ended in any case; 0: at once, None: it takes the time that it needs.
    """

    def __init__(self, seconds: float | None = 0.0) -> None:
        self.seconds = seconds
        self._begun = asyncio.Event()

    @property
    def is_begun(self) -> bool:
        return self._begun.is_set()

    def begin(self) -> None:
        self._begun.set()

    async def wait(self) -> None:
        """Wait until it begins."""
        await self._begun.wait()

    def limit(self, alone: bool) -> float | None:
        """Seconds that may be taken.

        Args:
            alone: whether no other process does the same work.
        """
        return ALONE if alone and (self.seconds is None or self.seconds > ALONE) else self.seconds
