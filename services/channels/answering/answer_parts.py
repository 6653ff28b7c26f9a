"""Cuts an answer into the messages of a channel: voice notes, texts, and what the voice cannot say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bus.events import ReplySentence
from services.channels.text_parts import join_pieces

_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"'`]+(?:\([^\s<>()]*\)[^\s<>()\[\]\"'`]*)*")
_TRAILING = ".,;:!?…»”’*_"


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
    return join_pieces(((one.space_before, one.text) for one in sentences if one.text), longest)


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
