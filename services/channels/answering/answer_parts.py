"""Cuts an answer into the messages of a channel: voice notes, texts, and what the voice cannot say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bus.events import ReplySentence

_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"'`]+(?:\([^\s<>()]*\)[^\s<>()\[\]\"'`]*)*")
_TRAILING = ".,;:!?…»”’*_"
_FENCE = re.compile(r"(```|~~~)[^\n]*\n")


def whole_text(sentences: Iterable[ReplySentence]) -> str:
    """The sentences with the white space between them, in Markdown."""
    return "".join(f"{one.space_before}{one.text}" for one in sentences if one.text).strip()


def spoken_words(sentences: Iterable[ReplySentence]) -> str:
    """What the voice says, plain."""
    words = ((one.space_before, one.text if one.spoken_text is None else one.spoken_text) for one in sentences)
    return "".join(f"{space}{text}" for space, text in words if text).strip()


def shown_only(sentences: Iterable[ReplySentence]) -> str:
    """What a person who only hears the answer would miss, in Markdown: blocks such as code, and addresses."""
    blocks: list[str] = []
    addresses: list[str] = []
    for one in sentences:
        if one.spoken_text == "":
            blocks.append(one.text)
        else:
            addresses += (found.rstrip(_TRAILING) for found in _ADDRESS.findall(one.text))
    seen = "\n".join(blocks)
    return "\n\n".join(blocks + [one for one in dict.fromkeys(addresses) if one not in seen])


def split_texts(sentences: Sequence[ReplySentence], longest: int) -> list[str]:
    """The whole text in messages of at most that many characters, cut between sentences where that is possible."""
    return _join(((one.space_before, one.text) for one in sentences if one.text), longest)


def split_text(text: str, longest: int) -> list[str]:
    """A text in messages of at most that many characters, cut between paragraphs where that is possible."""
    return _join((("\n\n", one) for one in text.split("\n\n")), longest)


def _join(pieces: Iterable[tuple[str, str]], longest: int) -> list[str]:
    """Messages that are filled with pieces, each with the white space before it."""
    messages: list[str] = []
    for space, piece in pieces:
        if messages and len(messages[-1]) + len(space) + len(piece) <= longest:
            messages[-1] += space + piece
        else:
            messages += _cut(piece, longest)
    return [one.strip("\n ") for one in messages if one.strip()]


def _cut(piece: str, longest: int) -> list[str]:
    """A piece, cut at line ends or spaces where it is too long; a block of code stays one in each part."""
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
            found = piece.rfind(" ", longest // 2, longest)
            at = found if found > 0 else longest
        parts.append(piece[:at])
        piece = piece[at:].lstrip("\n ") if piece[at].isspace() else piece[at:]
    return [*parts, piece]


def group_by_size(sizes: Sequence[int], largest: int) -> list[list[int]]:
    """Places of the sizes in groups whose sums are at most `largest`, as few as their order allows and about equal; a
    size that is larger is a group of its own."""
    groups = _fill(sizes, largest)
    if len(groups) < 2:
        return groups
    # The same number of groups with the lowest limit that allows it: no last note of one second.
    low, high = max(max(sizes), -(-sum(sizes) // len(groups))), largest
    if low >= high:
        return groups
    while low < high:
        middle = (low + high) // 2
        if len(_fill(sizes, middle)) <= len(groups):
            high = middle
        else:
            low = middle + 1
    return _fill(sizes, high)


def _fill(sizes: Sequence[int], largest: int) -> list[list[int]]:
    groups: list[list[int]] = []
    total = 0
    for place, size in enumerate(sizes):
        if not groups or total + size > largest:
            groups.append([])
            total = 0
        groups[-1].append(place)
        total += size
    return groups
