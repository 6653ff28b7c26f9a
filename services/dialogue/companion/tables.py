"""The structure of the companion's tables; their text is in the packages `english` and `german`.

A contributor adds a row to a table: an intent with its patterns, an answer, a topic, a joke, a story. Answers are
spoken, so they are one to three short sentences. A tag such as [happy] sets the emotion of the face from there on, and
fields in braces are filled in by `context.Context`. Patterns match the words of `understanding.text.Segment`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction


@dataclass(frozen=True)
class Intent:
    """A kind of request; `examples` are compared with the input where no pattern of any intent matches."""

    name: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topic:
    """Something that people talk about."""

    name: str
    pattern: re.Pattern[str]
    starters: tuple[str, ...]
    """Questions with which the companion brings it up."""
    openers: tuple[str, ...]
    """Said when the person brings the topic up."""
    follow_ups: tuple[str, ...]
    """Said to what the person goes on to say about it."""


@dataclass(frozen=True)
class Riddle:
    question: str
    solution: str
    """Said with the answer in it."""
    accepted: re.Pattern[str]
    """Matches a right guess."""


@dataclass(frozen=True)
class Offer:
    """A question that the companion asks, and the intent that a "yes" to it means."""

    text: str
    intent: str
    is_general: bool = True
    """Whether it may follow any answer; else it belongs to an answer of its own."""


@dataclass(frozen=True)
class Favourite:
    """Something the companion prefers: one of `values` by character. `label` continues in "{label}? {value}"."""

    name: str
    pattern: re.Pattern[str]
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Repertoire:
    """What the companion can perform; each is told once in a conversation."""

    jokes: tuple[str, ...]
    facts: tuple[str, ...]
    poems: tuple[str, ...]
    riddles: tuple[Riddle, ...]
    stories: tuple[tuple[str, ...], ...]
    """Each in parts; the person asks for the next one."""


@dataclass(frozen=True)
class NumberWords:
    """How numbers and sums are said."""

    read: Callable[[list[str], int], tuple[Fraction, int] | None]
    """The number that begins at a token, and the place after it; None for no number."""
    operators: Mapping[tuple[str, ...], str]
    """Words and signs to the operators of `arithmetic`."""
    ignored: frozenset[str]
    """Words that may stand around a sum."""
    guess_words: frozenset[str]
    """Further words that may stand around a guess at a number."""
    decimal_mark: str
    minus: str
    about: str
    over: str
    """Between the numerator and the denominator of a fraction."""


@dataclass(frozen=True)
class CalendarWords:
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    holidays: tuple[tuple[re.Pattern[str], str, Callable[[int], date]], ...]
    """Pattern, how it is said, and its date in a year."""
    days: tuple[tuple[re.Pattern[str], int, str], ...]
    """Pattern, days from today, and how it is said at the beginning of a sentence."""
    in_days: re.Pattern[str]
    """"in three weeks", with the groups `number` and `unit`, and `ago` where it is past."""
    week_units: str
    """Beginning of the word for weeks."""
    day_of_month: re.Pattern[str]
    """"the 24th of december", with the groups `day` and `month`."""
    until: re.Pattern[str]
    asks_time: re.Pattern[str]
    elsewhere: re.Pattern[str]
    """Another place, whose time is asked for: "in tokyo"."""
    asks_date: re.Pattern[str]
    asks_weekday: re.Pattern[str]
    asks_month: re.Pattern[str]
    asks_year: re.Pattern[str]
    clock: re.Pattern[str]
    """"6 o'clock", "half past six" with the groups `hour`, `minute` and `half`."""
    clock_words: Mapping[str, int]
    """Special hours, such as noon."""
    weekend: re.Pattern[str]
    time: Callable[[datetime], str]
    date: Callable[[date], str]
    duration: Callable[[int], str]
    """Of minutes."""
    days_text: Callable[[int], str]


@dataclass(frozen=True)
class MemoryWords:
    """How people tell about themselves."""

    name: tuple[re.Pattern[str], ...]
    """Surely a name, in the group `value`, unless it is one of `not_names`."""
    maybe_name: tuple[re.Pattern[str], ...]
    """A name where it is a known first name, or written with a capital: "I am Tom"."""
    not_name: re.Pattern[str]
    """Takes a name back: "that is not my name"."""
    not_names: frozenset[str]
    asks_name: tuple[str, ...]
    """Pieces of the companion's questions that a bare name answers."""
    remarks: tuple[tuple[str, re.Pattern[str]], ...]
    """Kind of remark, and a pattern with the groups `value` and `subject`; see `memory.Memory`."""
    value_end: re.Pattern[str]
    """Where the value of a remark ends."""
    infinitive: Callable[[str], str]
    """Of a verb in the first person: what somebody likes to do."""
    swap: Callable[[str], str]
    """The words as the companion says them back: my becomes your."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Language:
    """Everything that the companion knows in one language. Compared by identity, so that it can key a cache."""

    code: str
    fillers: re.Pattern[str]
    """Hesitation, removed from what people say."""
    contractions: tuple[tuple[re.Pattern[str], str], ...]
    splits: re.Pattern[str]
    """Where an unpunctuated sentence turns to a question: the question begins in the group `question`."""
    greeting: re.Pattern[str]
    question: re.Pattern[str]
    """Begins a question."""
    safety: tuple[Intent, ...]
    intents: tuple[Intent, ...]
    """In the order in which they are tried."""
    about_you: Mapping[str, re.Pattern[str]]
    """Questions about the companion that no intent knows, by the table of their answers."""
    answers: Mapping[str, tuple[str, ...]]
    feelings: tuple[Topic, ...]
    topics: tuple[Topic, ...]
    offers: tuple[Offer, ...]
    favourites: tuple[Favourite, ...]
    traits: Mapping[str, str]
    """Words in a character's description, in English or in this language, to the trait as it is said."""
    ages: Mapping[str, str]
    """Words in a character's description to the age in its story."""
    repertoire: Repertoire
    numbers: NumberWords
    calendar: CalendarWords
    memory: MemoryWords
    echo: Callable[[str], str]
    """A statement about oneself said back in the second person; empty where that is not sure to be right."""
    model_words: re.Pattern[str]
    """Shows that the companion has said that it has no language model."""
    conjunction: str
    hello: Callable[[datetime], str]
    summary: Mapping[str, str]
    """Kind of remark to a clause for "what do you know about me"."""


def intents(*rows: tuple[str, tuple[str, ...], tuple[str, ...]]) -> tuple[Intent, ...]:
    """Intents from rows of name, alternative patterns, examples."""
    return tuple(Intent(name, re.compile("|".join(patterns)), examples) for name, patterns, examples in rows)


def words_pattern(*alternatives: str) -> re.Pattern[str]:
    """Matches any of the alternatives as whole words."""
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b")
