"""Reads numbers in figures and in words, English and German. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

Reader = Callable[[list[str], int], tuple[Fraction, int] | None]

_BEFORE_SMALL = ("", "hundred", "scale", "and")
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_SMALL = {word: n for n, word in enumerate(f"{_UNITS} seventeen eighteen nineteen".split())}
_TENS = {word: 10 * n for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty",
    "ninety"], 2)}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10,
}  # fmt: skip

_GERMAN_SMALL = {
    "null": 0, "ein": 1, "eins": 1, "eine": 1, "einen": 1, "einem": 1, "zwei": 2, "zwo": 2, "drei": 3, "vier": 4,
    "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13,
    "vierzehn": 14, "fünfzehn": 15, "sechzehn": 16, "siebzehn": 17, "achtzehn": 18, "neunzehn": 19,
}  # fmt: skip
_GERMAN_TENS = {
    "zwanzig": 20, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80,
    "neunzig": 90,
}  # fmt: skip
_GERMAN_PARTS = {
    "halb": 2, "halbe": 2, "halbes": 2, "drittel": 3, "viertel": 4, "fünftel": 5, "sechstel": 6, "achtel": 8,
    "zehntel": 10,
}  # fmt: skip
_SMALLEST_SCALE = 1_000


def figure(token: str, decimal_mark: str) -> Fraction | None:
    """A number in figures; the other mark, or one before exactly three figures each time, separates thousands."""
    if not re.fullmatch(r"\d+(?:[.,]\d+)*", token) or len(token) > 40:
        return None
    other = "," if decimal_mark == "." else "."
    if re.fullmatch(rf"\d{{1,3}}(?:\{other}\d{{3}})+(?:\{decimal_mark}\d+)?", token):
        token = token.replace(other, "")
    token = token.replace(",", ".")
    return Fraction(token) if token.count(".") <= 1 else None


def read_english(tokens: list[str], place: int) -> tuple[Fraction, int] | None:
    """See `tables.NumberWords.read`."""
    whole = _english_whole(tokens, place)
    if whole is None:
        part = _PARTS.get(tokens[place])
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        # "a third of 90" is a number; "half of 10" is an operator.
        return (Fraction(1, part), place + 1) if part and tokens[place] != "half" and after == "of" else None
    value, place = whole
    rest = tokens[place:]
    if rest[:1] == ["point"]:
        return _decimals(value, tokens, place, _SMALL)
    if rest[:3] == ["and", "a", "half"]:
        return value + Fraction(1, 2), place + 3
    if rest and rest[0] in _PARTS:
        return value / _PARTS[rest[0]], place + 1
    return value, place


def _english_whole(tokens: list[str], place: int) -> tuple[Fraction, int] | None:
    start, total, group = place, Fraction(0), Fraction(0)
    last = ""
    while place < len(tokens):
        token = tokens[place]
        number = figure(token, ".")
        if number is not None and place == start:
            group, last = number, "figure"
        elif (token in _SMALL and last in _BEFORE_SMALL) or (last == "tens" and 0 < _SMALL.get(token, 0) < 10):
            group, last = group + _SMALL[token], "small"
        elif token in _TENS and last in _BEFORE_SMALL:
            group, last = group + _TENS[token], "tens"
        elif token == "hundred" and last in ("", "small", "tens", "figure", "scale"):
            group, last = max(group, Fraction(1)) * 100, "hundred"
        elif token in _SCALES and last:
            total, group, last = total + max(group, Fraction(1)) * _SCALES[token], Fraction(0), "scale"
        elif token in _SCALES and place == start:
            total, last = Fraction(_SCALES[token]), "scale"
        elif token == "-" and last == "tens" and _is_unit(tokens, place + 1):
            pass  # twenty-one
        elif token == "and" and last in ("hundred", "scale") and _is_small(tokens, place + 1):
            last = "and"
        else:
            break
        place += 1
    return (total + group, place) if last else None


def _is_unit(tokens: list[str], place: int) -> bool:
    return place < len(tokens) and 0 < _SMALL.get(tokens[place], 0) < 10


def _is_small(tokens: list[str], place: int) -> bool:
    """Whether a number below 100 follows, as in "a hundred and five"; "a hundred and two hundred" is a sum."""
    after = tokens[place + 1] if place + 1 < len(tokens) else ""
    return place < len(tokens) and (tokens[place] in _SMALL or tokens[place] in _TENS) and after != "hundred"


def _decimals(value: Fraction, tokens: list[str], place: int, small: dict[str, int]) -> tuple[Fraction, int]:
    """The figures after the point, which are said one by one."""
    place, scale = place + 1, Fraction(1, 10)
    while place < len(tokens) and (small.get(tokens[place], 10) < 10 or tokens[place].isdigit()):
        digits = tokens[place] if tokens[place].isdigit() else str(small[tokens[place]])
        value += int(digits) * scale / 10 ** (len(digits) - 1)
        scale /= 10 ** len(digits)
        place += 1
    return value, place


def read_german(tokens: list[str], place: int) -> tuple[Fraction, int] | None:
    """See `tables.NumberWords.read`."""
    token = tokens[place]
    if token == "anderthalb":
        return Fraction(3, 2), place + 1
    value = figure(token, ",")
    word = False
    if value is None:
        whole = german_number(token)
        value, word = (None, False) if whole is None else (Fraction(whole), True)
    if value is None:
        part = _GERMAN_PARTS.get(token)
        return (Fraction(1, part), place + 1) if part and token != "halb" else None
    place += 1
    while place < len(tokens):
        following = german_number(tokens[place]) if tokens[place] not in ("ein", "eins", "eine") else None
        if tokens[place] in ("tausend", "million", "millionen"):
            value *= 1_000 if tokens[place] == "tausend" else 1_000_000
        elif word and following is not None and value >= _SMALLEST_SCALE and following < _SMALLEST_SCALE:
            value += following
        else:
            break
        place += 1
    if tokens[place : place + 1] == ["komma"]:
        return _decimals(value, tokens, place, _GERMAN_SMALL)
    if place < len(tokens) and tokens[place] in _GERMAN_PARTS:
        return value / _GERMAN_PARTS[tokens[place]], place + 1
    return value, place


def german_number(word: str) -> int | None:
    """The value of a number in one word, such as "dreihundertfünfundvierzig"; None for another word."""
    word = word.replace("ß", "ss")
    if word in _GERMAN_SMALL:
        return _GERMAN_SMALL[word]
    if word in _GERMAN_TENS:
        return _GERMAN_TENS[word]
    for name, scale in (("tausend", 1_000), ("hundert", 100)):
        before, found, after = word.partition(name)
        if found:
            times = german_number(before) if before else 1
            rest = german_number(after.removeprefix("und")) if after.removeprefix("und") else 0
            return None if times is None or rest is None or not 0 < times < scale else times * scale + rest
    unit, found, ten = word.partition("und")
    if found and ten in _GERMAN_TENS and 0 < _GERMAN_SMALL.get(unit, 0) < 10:
        return _GERMAN_TENS[ten] + _GERMAN_SMALL[unit]
    return None
