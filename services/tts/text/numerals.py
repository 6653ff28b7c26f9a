"""Numbers as they are written and as they are spelt out. Pure."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from decimal import Decimal

from num2words2 import num2words

_MAX_DIGITS = 36
"""Digits of the largest number that has a name which somebody understands."""
_LONG = 10
"""Digits without separators from which on a number is a code, and said digit by digit."""
_SPACES = "\u00a0\u2009\u202f"


@dataclass(frozen=True)
class Numeral:
    """A number as it was written, without its sign."""

    integer: str
    """The digits before the decimal separator."""
    fraction: str = ""
    """The digits behind it."""
    separator: str = ""
    """The decimal separator; "" where there is none."""
    grouped: bool = False
    """Whether separators of thousands were written."""

    @property
    def value(self) -> Decimal:
        return Decimal(f"{self.integer or 0}.{self.fraction}" if self.fraction else self.integer or "0")

    @property
    def is_code(self) -> bool:
        """Whether the digits are a name rather than a quantity: 007, or a dozen of digits without a separator."""
        if self.fraction or self.grouped:
            return False
        return (len(self.integer) > 1 and self.integer[0] == "0") or (
            len(self.integer) >= _LONG and not self.integer.endswith("000")
        )


def number_pattern(decimal: str, groups: str) -> str:
    """A regular expression for an unsigned number; atomic, so that it takes all digits or none.

    Args:
        decimal: the decimal separator of the language, "." or ",".
        groups: all separators of thousands that it uses, besides the narrow spaces.
    """
    group = re.escape(groups + _SPACES).replace("\\ ", " ")
    point = re.escape(decimal)
    # The other half of the world's: 1.234,56 in English, 1,234.56 in German.
    other_group, other_point = (r"\.", ",") if decimal == "." else (",", r"\.")
    other = r"[.,]" if decimal == "," else point
    return (
        rf"(?>[1-9]\d{{0,2}}(?:{other_group}\d{{3}})+{other_point}\d{{2}}(?!\d)"
        rf"|[1-9]\d{{0,2}}(?:[{group}]\d{{3}})+(?!\d)(?:{point}\d+)?"
        rf"|[1-9]\d{{0,2}}(?:(?:['’_]\d{{3}})+|(?: \d{{3}}){{2,}})(?!\d)(?:{point}\d+)?"
        rf"|\d+(?:{other}\d+)?" + (rf"|(?<!\w){point}\d+" if decimal == "." else "") + ")"
    )


def parse(written: str, decimal: str) -> Numeral:
    """A number that `number_pattern` has found."""
    mirrored = "," if decimal == "." else "."
    if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(decimal)}\d{{3}})+{re.escape(mirrored)}\d{{2}}", written):
        return Numeral(re.sub(r"\D", "", written[:-3]), written[-2:], mirrored, grouped=True)
    grouped = re.fullmatch(rf"[1-9]\d{{0,2}}((?:[^\d]\d{{3}})+)(?:{re.escape(decimal)}(\d+))?", written)
    if grouped and not (written.count(decimal) == 1 and grouped[2] is None and decimal in grouped[1]):
        whole = re.sub(r"\D", "", written[: len(written) - len(grouped[2] or "")])
        return Numeral(whole, grouped[2] or "", decimal if grouped[2] else "", grouped=True)
    integer, separator, fraction = re.fullmatch(r"(\d*)([.,]?)(\d*)", written).groups()  # type: ignore[union-attr]
    return Numeral(integer, fraction, separator)


@functools.lru_cache(4096)
def cardinal(digits: str, language: str) -> str:
    """A whole number in words; its digits one by one where it has no name.

    Args:
        language: one that num2words2 knows, e.g. "en", "pt_BR".
    """
    if len(digits) > _MAX_DIGITS:
        return spell_digits(digits, language)
    try:
        return _in_words(int(digits), language, "cardinal")
    except (OverflowError, NotImplementedError, ValueError):
        return spell_digits(digits, language)


def ordinal(number: int, language: str) -> str:
    """The ordinal of a whole number, as the library says it: 3 is "third", "dritte"."""
    return _in_words(number, language, "ordinal")


def year(number: int, language: str) -> str:
    """A year in words: 1984 is "nineteen eighty-four"."""
    return _in_words(number, language, "year")


def spell_digits(digits: str, language: str) -> str:
    """Digits one by one, in words."""
    return " ".join(_in_words(int(digit), language, "cardinal") for digit in digits)


def _in_words(number: int, language: str, kind: str) -> str:
    # The library sets commas behind thousands, where nobody pauses.
    said: str = num2words(number, lang=language, to=kind)  # type: ignore[no-untyped-call]
    return said.replace(",", "")


_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman_value(written: str) -> int:
    """The value of a Roman numeral in its regular form; 0 if it is none."""
    if not written or not _ROMAN.fullmatch(written):
        return 0
    values = [_VALUES[letter] for letter in written]
    return sum(-one if one < following else one for one, following in zip(values, [*values[1:], 0], strict=True))
