"""Of hypotheses that flicker, the part that can be shown. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

AGREEING = 4
"""Hypotheses in a row that must agree on a word: with blocks of 64 ms a quarter of a second."""


class StablePrefix:
    """Feed the whole hypothesis after each block of sound; get the words at its beginning that have settled."""

    def __init__(self, agreeing: int = AGREEING) -> None:
        self._last: deque[Sequence[str]] = deque(maxlen=agreeing)
        self._told: list[str] = []

    def push(self, words: Sequence[str]) -> str | None:
        """The settled text where it is another one than before; never taken back as a whole."""
        self._last.append(words)
        if len(self._last) < (self._last.maxlen or 0):
            return None
        settled: list[str] = []
        for column in zip(*self._last, strict=False):
            if any(word != column[0] for word in column):
                break
            settled.append(column[0])
        # Shorter is a flicker; other words are news.
        if not settled or settled == self._told[: len(settled)]:
            return None
        self._told = settled
        return " ".join(settled)
