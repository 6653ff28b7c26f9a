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
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
"""Thai, Japanese and Chinese letters."""
_NUMBER_IN_WORDS = re.compile(
    rf"(?<=[{_UNSPACED}])(?=[\d−+±$€£¥₹₩%#№½¼-]|[A-Za-z])|(?<=[\dA-Za-z%°℃$€¥])(?=[{_UNSPACED}])"
)
_SPACE_IN_WORDS = re.compile(rf"(?<=[{_UNSPACED}]) | (?=[{_UNSPACED}])")
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
    table, rules = _rules(language.lower())
    # Rules find numbers between spaces, where words of these scripts are written without.
    written = _NUMBER_IN_WORDS.sub(" ", cleaning.clean(text))
    said = _SPACE.sub(" ", scan(written, rules).translate(_REPLACEMENTS))
    if not table.spaces:
        said = _SPACE_IN_WORDS.sub("", said)
    said = _SPACE_BEFORE_PUNCTUATION.sub(r"\1", said)
    said = re.sub(r"(?<=[^\W\d_]),(?=[^\W\d_])", ", ", said)
    said = re.sub(r"([,;:])(?:\s*,)+", r"\1", said).strip()
    return said if any(character.isalnum() for character in said) else ""


@functools.lru_cache(32)
def _rules(tag: str) -> tuple[Language, tuple[Rule, ...]]:
    """The table of a language, and its rules in the order they are tried in: longer and surer structures first."""
    language: Language = language_of(tag)
    return language, (
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
