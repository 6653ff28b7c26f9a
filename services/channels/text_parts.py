"""Cuts a text into the messages of a channel. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FENCE = re.compile(r"(```|~~~)[^\n]*\n")


def split_text(text: str, longest: int) -> list[str]:
    """A text in messages of at most that many characters, cut between paragraphs where that is possible."""
    return join_pieces((("\n\n", one) for one in text.split("\n\n")), longest)


def join_pieces(pieces: Iterable[tuple[str, str]], longest: int) -> list[str]:
    """Messages that are filled with pieces, each with the white space before it."""
    messages: list[str] = []
    for space, piece in pieces:
        if messages and len(messages[-1]) + len(space) + len(piece) <= longest:
            messages[-1] += space + piece
        else:
            messages += _cut(piece, longest)
    return [one.strip("\n ") for one in messages if one.strip()]


def _cut(piece: str, longest: int) -> list[str]:
    """A piece, cut at ends of lines or sentences, or at spaces, where it is too long; a block of code stays one in each
    part."""
    if len(piece) <= longest:
        return [piece]
    fence = _FENCE.match(piece)
    if fence is not None and len(fence.group()) + 2 * len(fence.group(1)) < longest // 2:
        opening, closing = fence.group(), f"\n{fence.group(1)}"
        inner = piece[fence.end() :].rstrip().removesuffix(fence.group(1)).rstrip()
        return [opening + one + closing for one in _cut_plain(inner, longest - len(opening) - len(closing))]
    return _cut_plain(piece, longest)


def _cut_plain(piece: str, longest: int) -> list[str]:
    parts: list[str] = []
    while len(piece) > longest:
        at = max(piece.rfind("\n", 1, longest), longest // 2)
        if piece[at] != "\n":
            places = (piece.rfind(end, longest // 2, longest) + len(end) - 1 for end in (". ", " "))
            at = next((place for place in places if place > longest // 2), longest)
        parts.append(piece[:at])
        piece = piece[at:].lstrip("\n ") if piece[at].isspace() else piece[at:]
    return [*parts, piece]
