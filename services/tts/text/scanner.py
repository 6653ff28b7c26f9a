"""Rewrites text by rules, from left to right, in one pass. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

Match = re.Match[str]

_LETTER = r"[^\W\d_\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209c\u2150-\u218b]"
"""Without the small and the broken numbers, which Python takes for letters."""
_WORD = re.compile(rf"{_LETTER}+(?:['’]{_LETTER}+)*")
_CONTEXT = 48
"""Characters on each side of a match that a rule may look at."""


class Rule(NamedTuple):
    """What a pattern is said as."""

    pattern: re.Pattern[str]
    say: Callable[[Match], str | None]
    """The spoken words; None if the match does not mean what the rule is about."""


def pattern(expression: str) -> re.Pattern[str]:
    """A compiled expression, for tables that need no more of `re`."""
    return re.compile(expression)


def word_set(listed: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(listed.split())


def scan(text: str, rules: Sequence[Rule]) -> str:
    """The text with each place said by the first rule that knows it; all else is copied.

    Rules are tried at the beginning of each word, number and sign, never inside a word or a number, and nothing that a
    rule has said is read again. So the time grows with the length, as long as no pattern looks far ahead.
    """
    pieces: list[str] = []
    place = 0
    was_said = False
    while place < len(text):
        piece, end = _say(text, place, rules)
        says = piece is not None
        if piece is None:
            word = _WORD.match(text, place)
            end = word.end() if word else place + 1
            piece = text[place:end]
        if pieces and (says or was_said) and _touches(pieces[-1], piece):
            pieces.append(" ")
        pieces.append(piece)
        place, was_said = end, says
    return "".join(pieces)


def _say(text: str, place: int, rules: Sequence[Rule]) -> tuple[str | None, int]:
    for rule in rules:
        match = rule.pattern.match(text, place)
        if match is not None and match.end() > place:
            said = rule.say(match)
            if said is not None:
                return said, match.end()
    return None, place


def _touches(left: str, right: str) -> bool:
    """Whether two pieces would run together as one word."""
    return bool(left) and bool(right) and left[-1].isalnum() and right[0].isalnum()


def before(match: Match) -> str:
    """The text in front of a match, some words of it."""
    return match.string[max(0, match.start() - _CONTEXT) : match.start()]


def after(match: Match) -> str:
    """The text behind a match, some words of it."""
    return match.string[match.end() : match.end() + _CONTEXT]


def word_before(match: Match) -> str:
    """The word that stands directly in front of a match, with no sign between but a space or a full stop."""
    found = re.search(r"([^\W\d_]+)\.?[\s\u00a0]*$", before(match))
    return found[1] if found else ""


def word_after(match: Match) -> str:
    """The word that stands directly behind a match, with nothing between but a space or a hyphen."""
    found = re.match(r"[\s\u00a0-]?([^\W\d_]+)", after(match))
    return found[1] if found else ""
