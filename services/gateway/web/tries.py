"""Counts what a person tries in vain, so that nobody guesses for long."""

from __future__ import annotations

from collections import deque

from bus import clock
from bus.errors import InvalidInput

_MINUTE = 60_000_000
"""Microseconds."""


class Tries:
    """The tries of the last minute that were in vain.

    Args:
        per_person: that one person may have.
        in_all: that all persons together may have.
    """

    def __init__(self, *, per_person: int, in_all: int) -> None:
        self._per_person = per_person
        self._in_all = in_all
        self._failed: deque[tuple[int, str]] = deque()
        """When, and who; at most as many as all may have."""

    def check(self, person: str) -> None:
        """Make sure that a person may try.

        Raises:
            InvalidInput: there were too many tries in vain.
        """
        since = clock.now() - _MINUTE
        while self._failed and self._failed[0][0] <= since:
            self._failed.popleft()
        mine = sum(who == person for _, who in self._failed)
        if mine >= self._per_person or len(self._failed) >= self._in_all:
            raise InvalidInput("that was wrong too often; try again in a minute", code="too_many_tries")

    def add(self, person: str) -> None:
        """Count a try in vain."""
        self._failed.append((clock.now(), person))
