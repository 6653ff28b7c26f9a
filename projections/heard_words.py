"""Estimates which part of a text has been heard, from how much of its speech was played. Pure."""

from __future__ import annotations


def beginning_of(text: str, words: str, share: float) -> str:
    """The beginning of a text in whole words.

    Args:
        text: plain, or Markdown.
        words: what the voice says of it, plain.
        share: how much of the voice was heard, 0 to 1.
    """
    reach = len(words) * min(1.0, share)
    if reach >= len(words):
        return text
    heard = words[: words.rfind(" ", 0, int(reach) + 1) + 1].rstrip()
    if words == text:
        return heard
    end = 0
    for word in heard.split():
        place = text.find(word, end)
        end = place + len(word) if place >= 0 else end
    return text[:end]
