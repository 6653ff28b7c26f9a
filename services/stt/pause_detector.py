"""Detects a speaker's pauses by loudness. Pure."""

from __future__ import annotations

from services.audio import Samples, rms

QUIET_SHARE = 10 ** (-28 / 20)
"""Share of the loudest block so far below which a block has no voice. A noisy room is never that quiet: no pause is
detected there, which is better than a wrong one."""
MIN_SPEECH_RMS = 0.01
"""Root mean square (-40 dB) that the loudest block must have reached before anything counts as a pause."""


class PauseDetector:
    """Takes audio in blocks of at most 64 ms and measures the current pause."""

    def __init__(self) -> None:
        self._loudest = 0.0
        self.pause_samples = 0
        """Samples since the last voice; 0 during voice and before the first."""

    def push(self, samples: Samples) -> bool:
        """Whether this block is quiet."""
        level = rms(samples)
        self._loudest = max(self._loudest, level)
        quiet = self._loudest >= MIN_SPEECH_RMS and level < QUIET_SHARE * self._loudest
        self.pause_samples = self.pause_samples + len(samples) if quiet else 0
        return quiet
