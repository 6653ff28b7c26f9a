"""What the companion has said in this conversation, read from the history: so that it does not say it again. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from projections.conversation import Message
from services.dialogue.normalisation import normalise

_TAG = re.compile(r"\[\w+\]")
_PIECES = re.compile(r"\{\w*\}|[.!?:…]+(?:\s|$)|\n")


@lru_cache(maxsize=8192)
def fingerprint(line: str) -> str:
    """The longest sentence or piece between fields of a line, normalised: what shows in a text that it was said."""
    return max((normalise(piece) for piece in _PIECES.split(_TAG.sub(" ", line))), key=len)


class Said:
    """The companion's side of a history.

    Args:
        history: oldest first; of replies cut short what was heard of them.
        seed: varies the choice among lines that are equally fresh.
    """

    def __init__(self, history: Sequence[Message], seed: int) -> None:
        texts = [message.text for message in history if message.role == "assistant"]
        self._seed = seed
        self.last_text = texts[-1] if texts else ""
        self._texts = [f" {normalise(text)} " for text in texts]
        self._all = "\n".join(self._texts)

    @property
    def count(self) -> int:
        """Of replies."""
        return len(self._texts)

    def has(self, line: str) -> bool:
        return self._place(line) >= 0

    def is_last(self, line: str) -> bool:
        """Whether the last reply contained the line."""
        return bool(self._texts) and f" {fingerprint(line)} " in self._texts[-1]

    def turns_since(self, line: str) -> int | None:
        """Replies after the newest one that contained the line; None where it was never said."""
        mark = f" {fingerprint(line)} "
        return next((turn for turn, text in enumerate(reversed(self._texts)) if mark in text), None)

    def mentions(self, pattern: re.Pattern[str]) -> bool:
        return bool(pattern.search(self._all))

    def fresh(self, lines: Sequence[str]) -> list[str]:
        """The lines that were not said yet."""
        return [line for line in lines if not self.has(line)]

    def choose(self, lines: Sequence[str]) -> str:
        """A line that was not said yet, by the seed; else the one that was said longest ago.

        Raises:
            ValueError: there are no lines.
        """
        fresh = self.fresh(lines)
        return fresh[self._seed % len(fresh)] if fresh else min(lines, key=self._place)

    def _place(self, line: str) -> int:
        """Of the newest occurrence in everything said; -1 where it was not said."""
        return self._all.rfind(f" {fingerprint(line)} ")
