"""Makes valid text of a server's: joins split surrogate pairs, and removes control characters. Pure."""

from __future__ import annotations

import re

_HALVES = re.compile("[\ud800-\udfff]+")
_UNFINISHED = re.compile("[\ud800-\udfff]+\\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""U+0000 and its like; not tabs and line ends."""
_MAX_BYTES = 3
"""Bytes of a UTF-8 character that may be missing their last one."""


class SurrogateJoiner:
    """Text comes out as valid Unicode: halves are joined, and one that stays alone becomes U+FFFD."""

    def __init__(self) -> None:
        self._held_back = ""

    def push(self, text: str) -> str:
        """The text that has become certain with this piece."""
        text = self._held_back + text
        self._held_back = ""
        end = _UNFINISHED.search(text)
        if end is not None:
            keep = _unfinished(end[0])
            self._held_back = text[len(text) - keep :] if keep else ""
            text = text[: len(text) - keep]
        return _HALVES.sub(_join, text)

    def flush(self) -> str:
        """The text held back, after the last piece."""
        rest, self._held_back = self._held_back, ""
        return _HALVES.sub(_join, rest)


def without_control_characters(text: str) -> str:
    return _CONTROL.sub("", text)


def valid_text(text: str) -> str:
    """A whole text of a server, such as its words for an error, as valid Unicode without control characters."""
    return without_control_characters(_HALVES.sub(_join, text))


def _unfinished(halves: str) -> int:
    """How many halves at the end may be completed by the next piece."""
    if "\ud800" <= halves[-1] <= "\udbff":
        return 1
    # Bytes that were no UTF-8, as `surrogateescape` reads them: the first bytes of a character wait for the others.
    for count in range(1, min(_MAX_BYTES, len(halves)) + 1):
        if count < len(halves) and "\ud800" <= halves[-count - 1] <= "\udbff":
            return 0  # the second half of a pair, and no byte
        first = ord(halves[-count]) - 0xDC00
        if 0xC0 <= first <= 0xF7:
            length = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
            return count if count < length else 0
        if not 0x80 <= first < 0xC0:
            return 0
    return 0


def _join(match: re.Match[str]) -> str:
    halves = match[0]
    if all("\udc80" <= half <= "\udcff" for half in halves):
        return halves.encode(errors="surrogateescape").decode(errors="replace")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
