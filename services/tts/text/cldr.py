"""Names of units, currencies and months in all languages, from the Unicode CLDR by way of Babel. Pure."""

from __future__ import annotations

import functools
from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal, get_currency_name
from babel.units import UnknownUnitError, format_unit


@functools.cache
def locale_of(tag: str) -> Locale | None:
    """The locale of a BCP-47 tag, or of its language alone; None if the CLDR does not know it."""
    for name in (tag, tag.split("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None


def quantity(number: str, value: Decimal, unit: str, tag: str) -> str | None:
    """A number with the name of its unit in the plural form that it asks for: "2 kilometres"; None if unknown.

    Args:
        number: how the number is said.
        unit: its CLDR name, e.g. "length-kilometer".
    """
    locale = locale_of(tag)
    if locale is None:
        return None
    try:
        said = format_unit(value, unit, "long", locale=locale)
    except UnknownUnitError:
        return None
    written = format_decimal(value, locale=locale)
    # Some languages have a word of its own for two of something, which says the number too.
    return said.replace(written, f" {number} ", 1).strip() if written in said else said


def currency(value: Decimal, code: str, tag: str) -> str | None:
    """The name of a currency in the plural form that a number asks for; None if unknown."""
    locale = locale_of(tag)
    if locale is None:
        return None
    name = get_currency_name(code, value, locale=locale)
    return None if name == code else name


def month_names(tag: str) -> list[str]:
    """The twelve months, in the form that stands behind a day; empty if unknown."""
    locale = locale_of(tag)
    return [] if locale is None else [locale.months["format"]["wide"][month] for month in range(1, 13)]


def decimal_separator(tag: str) -> str:
    """ "." or ","; "." where the language is unknown."""
    locale = locale_of(tag)
    separator = "." if locale is None else locale.number_symbols.get("latn", {}).get("decimal", ".")
    return separator if separator in ".," else "."


def long_date(day: int, month: int, year: int | None, tag: str) -> str | None:
    """A date as the language writes it out, without the year where that is None; None if the language is unknown."""
    locale = locale_of(tag)
    if locale is None:
        return None
    if year is None:
        return format_skeleton("MMMMd", date(2000, month, day), locale=locale)
    return format_date(date(year, month, day), "long", locale=locale)
