"""LocalAgreement (Liu et al., 2020; Macháček et al., 2023): the stable prefix of successive hypotheses. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

AGREEMENT = 4
"""Successive hypotheses that must agree on a word: with blocks of 64 ms a quarter of a second."""


class LocalAgreement:
    """Takes the whole hypothesis after each block of audio; returns the prefix on which the last `n` agree.

    Args:
        n: successive hypotheses that must agree.
    """

    def __init__(self, n: int = AGREEMENT) -> None:
        self._hypotheses: deque[Sequence[str]] = deque(maxlen=n)
        self._prefix: list[str] = []

    def push(self, words: Sequence[str]) -> str | None:
        """The stable prefix if it has changed, else None; a shorter prefix does not count as a change."""
        self._hypotheses.append(words)
        if len(self._hypotheses) < (self._hypotheses.maxlen or 0):
            return None
        agreed: list[str] = []
        for column in zip(*self._hypotheses, strict=False):
            if any(word != column[0] for word in column):
                break
            agreed.append(column[0])
        # A shorter prefix is a flicker, different words are a correction.
        if not agreed or agreed == self._prefix[: len(agreed)]:
            return None
        self._prefix = agreed
        return " ".join(agreed)
