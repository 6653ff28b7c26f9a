"""Text of people and programs as a terminal or a list can show it. Pure."""

from __future__ import annotations

import json

import msgspec

_JOINERS = "\u200c\u200d"
"""Without a shape of their own, and part of how Persian, Hindi and emoji are written."""


def printable(text: str) -> str:
    """Text in which every sign that could steer a terminal, line breaks too, is replaced by U+FFFD."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in _JOINERS else "\ufffd" for sign in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines, which stay."""
    return "\n".join(map(printable, text.split("\n")))


def json_text(value: object) -> str:
    """A value as JSON on one line, in which signs that could steer a terminal are escaped."""
    text = msgspec.json.encode(value).decode()
    return text if text.isprintable() else "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def json_lines(value: object) -> str:
    """The same on several lines, for people."""
    return msgspec.json.format(json_text(value), indent=2)
