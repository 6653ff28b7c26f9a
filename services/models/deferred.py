"""Loads something that may have to be downloaded first, in the background, while a fallback serves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from bus.errors import VisavisError

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_PAUSES = (5.0, 30.0, 120.0, 600.0)
"""Seconds before each further attempt; the last one repeats."""


class Deferred(Generic[T]):
    """A value that is `fallback` until `load` has returned; an attempt that can succeed later is repeated.

    Args:
        load: fetches and loads it; may take minutes. None: the fallback is the value.
        name: of what is loaded, for the log.
        pauses: seconds between attempts.
        fallback_name: the fallback's, where it is an engine.
        tried: the first attempt was made already, and failed: a pause comes first.
    """

    def __init__(
        self,
        load: Callable[[], T] | None,
        fallback: T,
        name: str,
        pauses: Sequence[float] = RETRY_PAUSES,
        *,
        fallback_name: str = "",
        tried: bool = False,
    ) -> None:
        self.current = fallback
        self.name = name
        self.serving = fallback_name
        """The engine that serves in the place of the one to be loaded, also if that can never be; "" once it is."""
        self._pauses = pauses
        self.resolved = threading.Event()
        """Set once it is loaded, or can never be; whoever sets it ends the attempts."""
        if load is None:
            self.resolved.set()
        else:
            threading.Thread(target=self._run, args=(load, tried), name=f"load {name}", daemon=True).start()

    @classmethod
    def ready(cls, value: T, name: str) -> Deferred[T]:
        """A value that is loaded already."""
        return cls(None, value, name)

    def _run(self, load: Callable[[], T], tried: bool) -> None:
        attempts = 0
        while not self.resolved.is_set():
            if tried:
                if self.resolved.wait(self._pauses[min(attempts, len(self._pauses) - 1)]):
                    return
                attempts += 1
            tried = True
            try:
                self.current = load()
                self.serving = ""
                log.info("model loaded", extra={"model": self.name})
                self.resolved.set()
            except VisavisError as error:
                log.error("model not loaded, the fallback stays", extra={"model": self.name, "why": error.detail})
                if not error.retryable:
                    self.resolved.set()
            except Exception:
                log.exception("model not loaded, the fallback stays", extra={"model": self.name})
                self.resolved.set()
                raise
