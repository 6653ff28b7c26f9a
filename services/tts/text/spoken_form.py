"""The spoken form of a text: what a person says who reads it aloud. Pure."""

from __future__ import annotations

import functools
import re

from services.tts.text import cleaning
from services.tts.text.language import Language
from services.tts.text.languages import language_of
from services.tts.text.rules import addresses, calendar, codes, mathematics, money, names, numbers, quantities
from services.tts.text.scanner import Rule, scan

_SPACE = re.compile(r"\s+")
_SPACE_BEFORE_PUNCTUATION = re.compile(r"\s+([,.!?;:)\]])(?=\s|$|[,.!?;:)\]\"'])")
_REPLACEMENTS = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": " - ", "—": ", ", "…": "...", "\u00a0": " ", "|": ", ", "*": " ",
     "_": " "}
)  # fmt: skip


def to_spoken_form(text: str, language: str = "en") -> str:
    """The text on one line as it is said: numbers, signs and abbreviations as words of the language.

    Markup and pictures are left out; of a web address the host remains. A sign or a number that the language has no
    words for stays as it is, for the engine to read.

    Args:
        language: BCP-47 tag.
    Returns:
        "" if no letter or digit remains.
    """
    said = scan(cleaning.clean(text), _rules(language.lower()))
    said = _SPACE.sub(" ", said.translate(_REPLACEMENTS))
    said = _SPACE_BEFORE_PUNCTUATION.sub(r"\1", said)
    said = re.sub(r"([,;:])(?:\s*,)+", r"\1", said).strip()
    return said if any(character.isalnum() for character in said) else ""


@functools.lru_cache(32)
def _rules(tag: str) -> tuple[Rule, ...]:
    """The rules of a language in the order in which they are tried: the longer and surer structures first."""
    language: Language = language_of(tag)
    return (
        *names.abbreviation_rules(language),
        *addresses.rules(language),
        *calendar.rules(language),
        *addresses.version_rules(language),
        *codes.phone_rules(language),
        *money.rules(language),
        *mathematics.number_rules(language),
        *language.extra_rules(),
        *quantities.rules(language),
        *mathematics.rules(language),
        *names.rules(language),
        *codes.mixed_rules(language),
        *numbers.rules(language),
    )
