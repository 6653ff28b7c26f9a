"""Text of people and programs as a terminal or a list can show it. Pure."""

from __future__ import annotations

_JOINERS = "\u200c\u200d"
"""Without a shape of their own, and part of how Persian, Hindi and emoji are written."""


def printable(text: str) -> str:
    """Text in which every sign that could steer a terminal, line breaks too, is replaced by U+FFFD."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in _JOINERS else "\ufffd" for sign in text)
