"""Rules for abbreviations, Roman numerals, ordinals and the marks that stand before a number. Pure."""

from __future__ import annotations

import re

from services.tts.text.language import Language
from services.tts.text.numerals import roman_value
from services.tts.text.scanner import Match, Rule, after, before

_ROMAN_BEFORE_SUFFIX = "[MDCLXVI]{2,15}|[XVI]"
"""Not one letter above ten: "Le", "Ce", "De" and "D.ª" are words, and hardly anything is the fiftieth in letters."""
_ROMAN = re.compile(r"(?<![\w.'’-])([MDCLXVI]{1,15})(?!\w|['’](?!s\b)|\.\w)(\.(?=\s[a-zäöü]))?")


def abbreviation_rules(language: Language) -> list[Rule]:
    """What is written short and said long; first of all, because some contain signs."""
    if not language.abbreviations:
        return []
    # A space may or may not stand within: "z. B.", "z.B."
    known = {_without_spaces(short): said for short, said in language.abbreviations.items()}
    alternatives = "|".join(
        re.escape(short).replace(r"\ ", r"[\s\u00a0\u202f]?")
        for short in sorted(language.abbreviations, key=len, reverse=True)
    )
    pattern = re.compile(rf"(?<![\w&/@.-])(?:{alternatives})(?!\w)")

    def say(match: Match) -> str | None:
        said = known[_without_spaces(match[0])]
        # The full stop of an abbreviation is also the one of its sentence.
        if match[0].endswith(".") and not after(match).strip():
            return f"{said}."
        return said

    return [Rule(pattern, say)]


def _without_spaces(short: str) -> str:
    return re.sub(r"[\s\u00a0\u202f]", "", short)


def rules(language: Language) -> list[Rule]:
    """The rules of a language, without its abbreviations."""
    found: list[Rule] = []
    words = language.words
    if "number" in words:
        marks = "|".join(re.escape(mark) for mark in language.number_marks)
        found.append(
            Rule(re.compile(rf"(?<!\w)(?:(?:{marks})[\s\u00a0]?(?=\d)|#(?=\d))"), lambda match: f"{words['number']} ")
        )
    if "sections" in words:
        found.append(Rule(re.compile(r"§§[\s\u00a0]?"), lambda match: f"{words['sections']} "))
    if language.ordinals:
        alternatives = "|".join(re.escape(one) for one in sorted(language.ordinals, key=len, reverse=True))
        found.append(
            Rule(re.compile(rf"(?<![\w.,])(?:{alternatives})(?!\w)"), lambda match: language.ordinals[match[0]])
        )

    if language.ordinal_suffixes:
        suffixes = language.ordinal_suffixes
        found.append(
            Rule(
                re.compile(rf"(?<![\w.,])(\d{{1,6}})(?:{suffixes})(?!\w)"),
                lambda match: language.ordinal(int(match[1]), before(match), match[0]),
            )
        )
        found.append(
            Rule(
                re.compile(rf"(?<![\w.])({_ROMAN_BEFORE_SUFFIX})(?:{suffixes})(?!\w)"),
                lambda match: (
                    language.ordinal(roman_value(match[1]), before(match), match[0]) if roman_value(match[1]) else None
                ),
            )
        )

    def roman(match: Match) -> str | None:
        value = roman_value(match[1])
        if not value:
            return None
        said = language.roman(match[1], value, before(match), after(match))
        return None if said is None else said

    def weekdays(match: Match) -> str | None:
        first, second = language.weekdays[match[1]], language.weekdays[match[2]]
        return f"{first} {words['to']} {second}" if "to" in words else None

    if language.weekdays:
        day = "|".join(sorted(language.weekdays, key=len, reverse=True))
        found.append(Rule(re.compile(rf"(?<!\w)({day})\.?\s?[-–—]\s?({day})(?!\w)(?:\.(?=\s*[\w:,]))?"), weekdays))
        found.append(Rule(re.compile(rf"(?<!\w)({day})\.?(?=,?\s\d)"), lambda match: language.weekdays[match[1]]))
        before_words = re.compile(rf"(?<!\w)({day})\.(?=\s[^\W\d_]|,\s)")
        found.append(Rule(before_words, lambda match: language.weekdays[match[1]]))
    found.append(Rule(_ROMAN, roman))
    return found
