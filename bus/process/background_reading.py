"""A reading that takes too long for an event loop, taken in a thread and remembered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class BackgroundReading(Generic[T]):
    """The newest result of a function that blocks. Nothing is read unless somebody asks.

    Args:
        first: given until the first reading is there.
        lifetime: seconds after which asking begins another reading.
    """

    def __init__(self, read: Callable[[], T], first: T, *, lifetime: float = 1.0) -> None:
        self._read = read
        self._newest = first
        self._lifetime = lifetime
        self._began = -lifetime
        self._reading: asyncio.Future[T] | None = None

    def newest(self) -> T:
        """The newest reading; one that is old is replaced in the background, for the next who asks."""
        now = time.monotonic()
        if self._reading is None and now - self._began >= self._lifetime:
            self._began = now
            self._reading = asyncio.get_running_loop().run_in_executor(None, self._read)
            self._reading.add_done_callback(self._keep)
        return self._newest

    def _keep(self, reading: asyncio.Future[T]) -> None:
        self._reading = None
        if not reading.cancelled() and reading.exception() is None:
            self._newest = reading.result()
