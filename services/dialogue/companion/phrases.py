"""The form of what the companion understands and says; the words are in `english` and `german`.

Answers are short sentences, for they are spoken. A tag such as [happy] is the look on the face from there on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Intent:
    """Something that people say. `examples` are what it may sound like where no pattern fits."""

    name: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """One language. Patterns see lower case words without punctuation, apostrophes and sharp s."""

    intents: tuple[Intent, ...]
    """The first that fits counts."""
    answers: Mapping[str, tuple[str, ...]]
    """By intent, with variants; in braces what `companion.answer` knows."""
    greeting: re.Pattern[str]
    """A greeting that something else may follow."""
    names_self: re.Pattern[str]
    """The person says their name: the first group."""
    no_names: frozenset[str]
    """What may follow "my name is" without being a name."""
    conjunction: str
    hello: Callable[[datetime], str]
    """By the time of day."""
    short_hello: str
    time: Callable[[datetime], str]
    date: Callable[[datetime], str]


def intents(*rows: tuple[str, tuple[str, ...], tuple[str, ...]]) -> tuple[Intent, ...]:
    """From rows of name, alternative patterns, examples."""
    return tuple(Intent(name, re.compile("|".join(patterns)), examples) for name, patterns, examples in rows)


def part_of_day(now: datetime) -> int:
    """0 morning, 1 afternoon, 2 evening and night."""
    return 0 if 4 <= now.hour < 12 else 1 if 12 <= now.hour < 18 else 2
