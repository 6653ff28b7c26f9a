"""Where a speaker pauses. Pure."""

from __future__ import annotations

from services.audio import Samples, rms

QUIET = 10 ** (-28 / 20)
"""Share of the loudest sound so far under which there is no voice. In a noisy room nothing is that quiet, so that no
pause is found there rather than a wrong one."""
FAINT = 0.01
"""Root mean square (-40 dB) that the loudest sound must have reached before anything counts as a pause."""


class Pauses:
    """Feed sound in blocks of at most 64 ms; know how long it has been quiet."""

    def __init__(self) -> None:
        self._loudest = 0.0
        self.length = 0
        """Samples since the last voice; 0 while there is one, or none was heard yet."""

    def push(self, samples: Samples) -> bool:
        """Whether this block is quiet."""
        level = rms(samples)
        self._loudest = max(self._loudest, level)
        quiet = self._loudest >= FAINT and level < QUIET * self._loudest
        self.length = self.length + len(samples) if quiet else 0
        return quiet
