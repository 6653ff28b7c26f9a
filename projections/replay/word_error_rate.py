"""Word error rate: which words a recogniser got wrong. Pure.

Texts are compared as is usual in the field, after normalisation: case, punctuation and the form of Unicode characters
do not count, a hyphen separates words. Scripts without spaces between words (Chinese, Japanese, Thai …) are compared
sign by sign, which is their character error rate. With a language given, numbers in digits are put into words, "10" is
"ten", and English titles are written out, "Mr" is "mister"; a year or a phone number that was read out in another way
counts as wrong.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import num2words

_WORD = re.compile(r"[\w'\u0300-\u036f]+")
_DIGITS = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d{1,15})(?![\d.,]*\d)(?!\w)")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Signs of Thai, Lao, Burmese, Khmer, Japanese and Chinese."""

_ENGLISH_TITLES = {"mr": "mister", "mrs": "missus", "ms": "miss", "dr": "doctor", "prof": "professor"}
"""As Whisper's normaliser for English has them."""

Change: TypeAlias = Literal["same", "substituted", "deleted", "inserted"]


@dataclass(frozen=True)
class AlignedWord:
    """One place in the comparison of two texts."""

    change: Change
    expected: str
    """Empty: inserted."""
    recognised: str
    """Empty: deleted."""


def normalised_words(text: str, language: str = "") -> list[str]:
    """The words of a text in lower case, without punctuation.

    Args:
        language: BCP-47 tag; numbers in digits are put into its words. Empty, or a language whose number words are not
            known: they stay.
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    if language:
        text = _DIGITS.sub(lambda match: _number_words(match[1], language), text)
    found = [word for one in _words(text) for word in _split_unspaced(one)]
    return [_ENGLISH_TITLES.get(word, word) for word in found] if language.lower().startswith("en") else found


def _words(text: str) -> list[str]:
    # A vowel sign of an Indian script is no \w of its own, but a part of its word.
    kept = "".join(sign if _WORD.match(sign) or unicodedata.category(sign)[0] == "M" else " " for sign in text)
    return [word for word in kept.replace("_", " ").split() if word.strip("'")]


def _split_unspaced(word: str) -> list[str]:
    if not _UNSPACED.search(word):
        return [word]
    return [part for part in re.split(f"({_UNSPACED.pattern})", word) if part]


def _number_words(digits: str, language: str) -> str:
    try:
        words: str = num2words.num2words(int(digits.replace(",", "")), lang=language.replace("-", "_"))
    except (NotImplementedError, OverflowError, ValueError):
        return digits
    return words.lower().replace("-", " ").replace(",", " ")


def word_errors(expected: Sequence[str], recognised: Sequence[str]) -> int:
    """The least number of substituted, deleted and inserted words (Levenshtein distance)."""
    return _distances(expected, recognised)[-1][-1]


def word_error_rate(errors: int, words: int) -> float | None:
    """Wrong words for each word that was said; None where nothing was said and nothing recognised."""
    if not words:
        return None if not errors else float(errors)
    return errors / words


def align(expected: Sequence[str], recognised: Sequence[str]) -> list[AlignedWord]:
    """The words of both texts side by side, with as few errors as possible; of several such ways, one that puts like
    words beside each other."""
    error = 10 * (len(expected) + len(recognised) + 1)  # more than all unlikeness together

    def substitution(word: str, other: str) -> int:
        return 0 if word == other else error + _unlikeness(word, other)

    table = _distances(expected, recognised, error, substitution)
    row, column = len(expected), len(recognised)
    found: list[AlignedWord] = []
    while row or column:
        here = table[row][column]
        cost = substitution(expected[row - 1], recognised[column - 1]) if row and column else 0
        if row and column and here == table[row - 1][column - 1] + cost:
            row, column = row - 1, column - 1
            same = expected[row] == recognised[column]
            found.append(AlignedWord("same" if same else "substituted", expected[row], recognised[column]))
        elif row and here == table[row - 1][column] + error:
            row -= 1
            found.append(AlignedWord("deleted", expected[row], ""))
        else:
            column -= 1
            found.append(AlignedWord("inserted", "", recognised[column]))
    return found[::-1]


def _unlikeness(word: str, other: str) -> int:
    """0 to 10: the less of their beginnings and ends two words share, the more."""
    shortest, longest = sorted((len(word), len(other)))
    before = next((place for place in range(shortest) if word[place] != other[place]), shortest)
    rest = shortest - before
    after = next((place for place in range(rest) if word[-place - 1] != other[-place - 1]), rest)
    return round(10 * (1 - (before + after) / longest))


def _distances(
    expected: Sequence[str],
    recognised: Sequence[str],
    error: int = 1,
    substitution: Callable[[str, str], int] = operator.ne,
) -> list[list[int]]:
    """The distance of each beginning of one text from each beginning of the other: [len(expected) + 1][… + 1].

    Args:
        error: cost of a word too few or too many.
        substitution: cost of one word in the place of another.
    """
    table = [[error * column for column in range(len(recognised) + 1)]]
    for place, word in enumerate(expected, 1):
        above, row = table[-1], [error * place]
        for column, other in enumerate(recognised, 1):
            row.append(min(above[column] + error, row[-1] + error, above[column - 1] + substitution(word, other)))
        table.append(row)
    return table
