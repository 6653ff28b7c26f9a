"""Finds the window in which it is certain that somebody has begun to speak. Pure.

A sure detector needs few windows, a doubtful one more. What is much quieter than the moment before is the echo of a
click or the tail of a murmur in the detector's memory, and counts only where the detector goes on for long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """Enough windows of speech for an onset."""

    windows: int
    """That contain speech."""
    span: int
    """Out of the last so many."""
    probability: float
    """From which a window counts."""
    loudness: float = 0.0
    """Share of the loudest of the span up to a window, from which the window counts."""


STEADY = (Evidence(6, 8, 0.5),)
"""For any detector: 180 ms of speech within 240."""
SURE = (Evidence(3, 4, 0.93, 0.4), Evidence(4, 5, 0.8, 0.4), Evidence(5, 6, 0.5, 0.4), Evidence(6, 8, 0.5, 0.03))
"""For Silero. Chosen on recordings of people (`bench.onset`): sooner than `STEADY`, and fewer vocal sounds of 60 to 170
ms are taken for speech."""

RULES = {"sure": SURE, "steady": STEADY}
MEMORY = 2
"""Spans of a rule's longest evidence that count at each window."""


class Onset:
    """The newest windows of a stream.

    Args:
        rule: any of these is enough.
    """

    def __init__(self, rule: tuple[Evidence, ...] = STEADY) -> None:
        self._rule = rule
        self._recent: deque[tuple[float, float]] = deque(maxlen=MEMORY * max(one.span for one in rule))
        """Probability and loudness."""

    def push(self, probability: float, loudness: float) -> int | None:
        """Add a window; returns how many windows ago speech began, this one included, once it is certain."""
        self._recent.append((probability, loudness))
        return max(filter(None, (self._began(one) for one in self._rule)), default=None)

    def remember(self, windows: Iterable[tuple[float, float]]) -> None:
        """Take windows, probability and loudness, that are known to hold no onset."""
        self._recent.extend(windows)

    def clear(self) -> None:
        """Forget all windows."""
        self._recent.clear()

    def _began(self, evidence: Evidence) -> int | None:
        windows = list(self._recent)
        speech = [
            ago
            for ago in range(min(evidence.span, len(windows)), 0, -1)
            if _counts(windows[: len(windows) - ago + 1], evidence)
        ]
        return speech[0] if len(speech) >= evidence.windows and speech[-1] == 1 else None


def _counts(windows: list[tuple[float, float]], evidence: Evidence) -> bool:
    """Whether the last of these windows counts. Those after it do not matter: a voice that swells is no tail."""
    probability, loudness = windows[-1]
    loudest = max(level for _, level in windows[-evidence.span :])
    return probability >= evidence.probability and loudness >= evidence.loudness * loudest
