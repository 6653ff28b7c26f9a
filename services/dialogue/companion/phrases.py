"""The structure of the companion's intents and answers; their text is in `english` and `german`.

Answers are short sentences, for they are spoken. A tag such as [happy] sets the emotion of the face from there on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Intent:
    """A kind of request; `examples` are compared with the input where no pattern matches."""

    name: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """The phrases of one language. Patterns match normalised text, see `services.dialogue.normalisation`."""

    intents: tuple[Intent, ...]
    """In the order in which they are tried."""
    answers: Mapping[str, tuple[str, ...]]
    """Variants by intent; `companion.engine.answer` fills in the fields in braces."""
    greeting: re.Pattern[str]
    """A greeting at the beginning."""
    self_introduction: re.Pattern[str]
    """The person introduces themselves; the name is the first group."""
    not_names: frozenset[str]
    """Words that can follow "my name is" and are no name."""
    conjunction: str
    hello: Callable[[datetime], str]
    """A greeting for the time of day."""
    short_hello: str
    time: Callable[[datetime], str]
    date: Callable[[datetime], str]


def intents(*rows: tuple[str, tuple[str, ...], tuple[str, ...]]) -> tuple[Intent, ...]:
    """Intents from rows of name, alternative patterns, examples."""
    return tuple(Intent(name, re.compile("|".join(patterns)), examples) for name, patterns, examples in rows)


def part_of_day(now: datetime) -> int:
    """0 morning, 1 afternoon, 2 evening and night."""
    return 0 if 4 <= now.hour < 12 else 1 if 12 <= now.hour < 18 else 2
