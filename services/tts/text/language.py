"""The base class of languages: how numbers, signs, units, dates and times are said, by the CLDR alone. Pure.

A table is a class in `languages/` that fills in what the CLDR does not know. What neither knows stays as it is written,
so that the engine reads it in its own way; nothing is left out.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from decimal import Decimal

from services.tts.text import cldr
from services.tts.text.numerals import Numeral, number_pattern, parse
from services.tts.text.scanner import Rule


class Language:
    """A language without a table of its own.

    Args:
        tag: BCP-47, e.g. "en-GB".
    """

    groups: str = ""
    """Separators of thousands besides the narrow spaces; "" is the one of , and . that separates no decimals."""
    month_first: bool = False
    """Whether 10/3/2024 is in October."""
    month_before_day: bool = False
    """Whether the month may stand before its day: May 1."""
    words: Mapping[str, str] = {}
    """The words of structures: minus, plus, point (in 1.5), to (5-10), ratio (3:1), per (km/h), power (10^6), squared,
    cubed, times, by (3 x 4 m), number (No. 5), at, dot, slash, dash, underscore, colon, backslash (in addresses),
    version, about (~5), and (2 and a half), half. A missing one leaves the structure as it is written."""
    symbols: Mapping[str, str] = {}
    """Signs and the words for them, wherever no structure claims them."""
    abbreviations: Mapping[str, str] = {}
    """Abbreviations, with their full stops, and what is said for them."""
    number_marks: tuple[str, ...] = ("№",)
    """What stands before a number and means "number"."""
    units: Mapping[str, tuple[str, str]] = {}
    """Units that the CLDR does not know or says too long, by their sign: the singular and the plural."""
    currencies: Mapping[str, tuple[str, str]] = {}
    """The same for currencies, by ISO code."""
    cents: Mapping[str, tuple[str, str]] = {}
    """The hundredth parts of currencies, by ISO code; the plural alone is also what a missing one is said without."""
    magnitudes: Mapping[str, str] = {}
    """Words and letters for large numbers behind a number: million, Mio., bn."""
    months: Mapping[str, int] = {}
    """Names and abbreviations of the months, in small letters, besides those of the CLDR."""
    weekdays: Mapping[str, str] = {}
    """Abbreviations of the days of the week."""
    fractions: Mapping[str, str] = {}
    """Fractions with a word of their own: "1/2" is "one half"."""
    over: str = ""
    """The word between the numbers of other fractions."""
    clock: str = ""
    """A time of day, with {hour} and {minute}."""
    full_hour: str = ""
    """A time of day with no minutes, with {hour}."""
    hour_sign: str = "[:h]"
    """A regular expression for what stands between hours and minutes."""
    clock_mark: str = ""
    """The word that may stand behind a time and is already said by `clock`."""
    date_pattern: str = ""
    """A date, with {day}, {month} and {year}; "" is what the CLDR has."""
    first: str = ""
    """The first day of a month, where that alone is an ordinal."""
    ordinals: Mapping[str, str] = {}
    """Ordinals as they are written, and in words: "1er" is "premier"."""
    numeral_words: Mapping[str, str] = {}
    """Words before which, or behind which, a Roman numeral stands: "siglo" has a "cardinal", "siècle" an "ordinal"."""
    rulers: frozenset[str] = frozenset()
    """First names, in small letters, behind which one letter is a Roman numeral."""
    queens: frozenset[str] = frozenset()
    """Those of them whose ordinals are feminine."""
    ruler_article: str = ""
    """The word before the ordinal of a ruler, with its space."""
    ordinal_rulers: int = 0
    """The last number of a ruler that is said as an ordinal; later ones are cardinals."""
    ordinal_suffixes: str = ""
    """A regular expression for what makes an ordinal of a number in digits: 3rd, 2ème, 3º."""
    spaces: bool = True
    """Whether the language sets spaces between words."""
    conjunction: str = ""
    """The word before the last of several parts, such as those of a length of time."""

    def __init__(self, tag: str) -> None:
        self.tag = tag

    @functools.cached_property
    def decimal(self) -> str:
        """The decimal separator, "." or ","."""
        return cldr.decimal_separator(self.tag)

    @functools.cached_property
    def number(self) -> str:
        """A regular expression for an unsigned number of this language."""
        return number_pattern(self.decimal, self.groups or ("," if self.decimal == "." else "."))

    def read(self, written: str) -> Numeral:
        """A number that the expression `number` has found."""
        return parse(written, self.decimal)

    def cardinal(self, numeral: Numeral, noun: str = "") -> str:
        """A number as it is said; by default in digits, which engines read well in their languages.

        Args:
            noun: what is counted, where the number depends on it.
        """
        digits = " ".join(numeral.integer) if numeral.is_code else numeral.integer or "0"
        if not numeral.fraction:
            return digits
        point = self.words.get("point")
        if point is None:
            return f"{digits}{self.decimal}{numeral.fraction}"
        return f"{digits} {point} {' '.join(numeral.fraction)}"

    def count(self, number: int, noun: str = "") -> str:
        """A whole number as it is said."""
        return self.cardinal(Numeral(str(number)), noun)

    def digits(self, written: str) -> str:
        """Digits one by one."""
        return " ".join(written)

    def year(self, number: int) -> str:
        return self.count(number)

    def ordinal(self, number: int, before: str = "", after: str = "") -> str | None:
        """An ordinal, in the form that the words around it ask for; None if the language has no rule for it."""
        return None

    def quantity(self, numeral: Numeral, said: str, unit: str, cldr_unit: str) -> str | None:
        """A number and its unit.

        Args:
            said: the number in words, with a range or a magnitude.
            unit: the unit as it is written.
            cldr_unit: its CLDR name; "" if it has none.
        """
        if unit in self.units:
            return self.with_noun(said, numeral.value, *self.units[unit])
        if not cldr_unit:
            return None
        mark = "\ue000"  # for the number, so that those in the name of the unit are told apart: litres per 100 km
        named = cldr.quantity(mark, numeral.value, cldr_unit, self.tag)
        return named and re.sub(r"\d+", lambda match: self.count(int(match[0])), named).replace(mark, said)

    def with_noun(self, said: str, value: Decimal, singular: str, plural: str) -> str:
        """A number and a noun; a {} in the noun is where the number stands."""
        noun = singular if value == 1 else plural
        return noun.replace("{}", said) if "{}" in noun else f"{said} {noun}"

    def money(self, numeral: Numeral, said: str, code: str, *, whole: bool) -> str | None:
        """A sum of money.

        Args:
            said: the number in words.
            code: the ISO code of the currency.
            whole: whether it is said as one number, as millions and ranges are; else cents stand apart.
        """
        units, cents = numeral, ""
        if not whole and len(numeral.fraction) == 2:
            units, cents = Numeral(numeral.integer or "0"), numeral.fraction
            said = self.cardinal(units, self.currency_name(code, Decimal(2)) or "")
        name = self.currency_name(code, units.value)
        if name is None:
            return None
        if not int(cents or 0):
            return f"{said} {name}"
        return self.money_with_cents(said, name, int(units.integer), int(cents), code)

    def money_with_cents(self, said: str, name: str, units: int, cents: int, code: str) -> str:
        """A sum with cents: "2 euros 50"."""
        if not units and code in self.cents:
            return f"{self.count(cents)} {self.cents[code][cents != 1]}"
        return f"{said} {name} {self.count(cents)}"

    def currency_name(self, code: str, value: Decimal) -> str | None:
        if code in self.currencies:
            return self.currencies[code][value != 1]
        return cldr.currency(value, code, self.tag)

    @functools.cached_property
    def month_numbers(self) -> Mapping[str, int]:
        """All names of months that a text may have."""
        return {name.lower(): place for place, name in enumerate(self.month_names, 1)} | dict(self.months)

    @functools.cached_property
    def month_names(self) -> list[str]:
        return cldr.month_names(self.tag)

    def date(self, day: int, month: int, year: int | None, before: str, *, day_first: bool = True) -> str | None:
        """A date in words.

        Args:
            before: the text in front of it.
            day_first: whether the day is said before the month, where the language has both.
        """
        if not self.date_pattern and not (day == 1 and self.first):
            return cldr.long_date(day, month, year, self.tag)
        if not self.month_names:
            return None
        said = self.first if day == 1 and self.first else self.count(day)
        pattern = self.date_pattern or "{day} {month} {year}"
        if year is None:
            pattern = (
                pattern[: pattern.rindex("{year}")].rstrip("de ") if pattern.endswith("{year}") else "{month}{day}日"
            )
        return pattern.format(day=said, month=self.month_names[month - 1], year="" if year is None else self.year(year))

    def time(self, hour: int, minute: int, *, half_day: bool) -> str | None:
        """A time of day.

        Args:
            half_day: whether "a.m." or "p.m." follows.
        """
        if not self.clock:
            return None
        pattern = self.full_hour if minute == 0 and self.full_hour else self.clock
        return pattern.format(hour=self.count(hour), minute=self.count(minute))

    def duration(self, hours: int, minutes: int, seconds: int) -> str | None:
        """A length of time; parts that are zero are not said, except the last of all."""
        parts: list[str] = []
        for number, unit in ((hours, "hour"), (minutes, "minute"), (seconds, "second")):
            if number or (unit == "second" and not parts):
                numeral = Numeral(str(number))
                name = f"duration-{unit}"
                part = cldr.quantity(self.count(number, self.unit_noun("", name)), numeral.value, name, self.tag)
                if part is None:
                    return None
                parts.append(part)
        if self.conjunction and len(parts) > 1:
            return f"{', '.join(parts[:-1])} {self.conjunction} {parts[-1]}"
        return ", ".join(parts)

    def fraction(self, numerator: int, denominator: int) -> str | None:
        """A fraction in words."""
        known = self.fractions.get(f"{numerator}/{denominator}")
        if known is not None or not self.over:
            return known
        return f"{self.count(numerator)} {self.over} {self.count(denominator)}"

    def mixed(self, whole: str, fraction: str) -> str:
        """A whole number and a fraction."""
        return f"{whole} {self.words.get('and', '')} {fraction}".replace("  ", " ")

    def roman(self, written: str, value: int, before: str, after: str) -> str | None:
        """A Roman numeral; None if the words around it say that it is none.

        Args:
            before: the text in front of it.
            after: the text behind it.
        """
        name = re.search(r"([^\W\d_]+)[\s\u00a0]+$", before)
        following = re.match(r"[\s\u00a0]+([^\W\d_]+)", after)
        previous = name[1] if name else ""
        kind = self.numeral_words.get(previous.lower()) or self.numeral_words.get(
            following[1].lower() if following else ""
        )
        if kind:
            return self.count(value) if kind == "cardinal" else self.ordinal(value, before, after)
        if not previous[:1].isupper() or not (re.fullmatch("[IVX]{2,}", written) or previous.lower() in self.rulers):
            return None
        if value > self.ordinal_rulers:
            return self.count(value)
        said = self.ordinal(value, before, "ª" if previous.lower() in self.queens else "")
        return said and self.ruler_article + said

    def symbol(self, sign: str) -> str | None:
        """The words for a sign; None if it stays for the engine to read."""
        return self.symbols.get(sign)

    def extra_rules(self) -> list[Rule]:
        """Rules of this language alone; they come before those of numbers and signs."""
        return []

    def is_year(self, written: str, before: str, after: str) -> bool:
        """Whether a number is said as a year."""
        return False

    def is_no_unit(self, sign: str, spaced: bool, before: str, after: str) -> bool:
        """Whether what looks like a unit behind a number is a word, as in "5 in the morning"."""
        return False

    def counted(self, before: str, noun: str) -> str:
        """The word that a number counts: the one behind it, unless the text in front of it says that it counts none."""
        return noun

    def unit_noun(self, sign: str, cldr_unit: str) -> str:
        """The name of a unit, where the number before it depends on it."""
        return ""

    def large_money(self, said: str, numeral: Numeral, magnitude: str, code: str) -> str | None:
        """A sum of thousands or millions."""
        name = self.currency_name(code, Decimal(10**6))
        return None if name is None else f"{said} {magnitude} {name}"

    def slashed(self, whole: str | None, numerator: int, denominator: int, before: str, after: str) -> str | None:
        """Two numbers with a slash between them, perhaps behind a whole number: a fraction, or what else it may be."""
        if not whole and (numerator, denominator) == (24, 7):
            return f"{self.count(numerator)} {self.count(denominator)}"
        is_dated = numerator > 12 or re.search(r"\b(?:le|el|il|du|del|dia|día|am|den|op|dnia)\s$", before)
        if not whole and not self.month_first and is_dated and 1 <= denominator <= 12 and 1 <= numerator <= 31:
            return self.date(numerator, denominator, None, before)
        said = self.fraction(numerator, denominator)
        if said is None or not whole:
            return said
        return self.mixed(self.count(int(whole)), said)

    def fraction_alone(self, said: str, after: str) -> str:
        """A fraction with no whole number before it."""
        return said

    def mixed_code(self, letters: str, digits: str, rest: str, after: str) -> str | None:
        """A word of letters and digits, such as COVID-19 or MP3; None if the engine reads it well."""
        return None

    def spelled_code(self, letters: str, digits: str, rest: str) -> str:
        """A word of letters and digits, the number as a number and a pair of capitals as letters."""
        if len(letters) <= 2 and letters.isupper():
            letters = " ".join(letters)
        number = self.digits(digits) if digits[0] == "0" or len(digits) > 4 else self.count(int(digits))
        return f"{letters} {number} {' '.join(rest) if rest.isupper() else rest}".strip()
