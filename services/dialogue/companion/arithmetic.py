"""Sums in figures or words, computed exactly with fractions; nothing is evaluated as code. Pure.

An expression is read by recursive descent, with the usual precedence: power, then times and divided by, then plus and
minus. The operators are named by the signs and words below, to which each language maps its own words.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from services.dialogue.companion.tables import NumberWords

MAX_DIGITS = 15
"""Digits before the point of the greatest result that is said."""
MAX_EXPONENT = 1000
MAX_TOKENS = 80
MAX_DEPTH = 20
"""Of brackets and signs within one another."""
_DECIMALS = 4
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[-+*/×÷·:^()%√=²³−–]")


class ArithmeticRefusal(Exception):
    """A sum without a result; `reason` is "by_zero", "negative_root" or "too_large"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Result:
    value: Fraction
    exact: bool = True


class _NoSum(Exception):
    """The tokens are no expression."""


def calculate(text: str, words: NumberWords) -> Result | None:
    """The result of the sum that a sentence asks for; None where it asks for none.

    Raises:
        ArithmeticRefusal: it is a sum, and has no result, or none that could be said.
    """
    tokens = _tokens(text, words)
    if tokens is None:
        return None
    try:
        parser = _Parser(tokens)
        value = parser.sum()
        if not parser.at_end:
            return None
    except _NoSum:
        return None
    _check_size(value)
    return Result(value, parser.exact)


def say_number(result: Result, words: NumberWords) -> str:
    """The number as it is spoken: "56", "minus 3", "about 0.3333", "5 over 6, about 0.8333"."""
    value = result.value
    sign = f"{words.minus} " if value < 0 else ""
    value = abs(value)
    if value.denominator == 1 and result.exact:
        return f"{sign}{value.numerator}"
    digits = f"{float(value):.{_DECIMALS}f}".rstrip("0").rstrip(".")
    if digits.strip("0.") == "":
        digits = f"{float(value):.3g}"
    rounded = result.exact and Fraction(digits) == value
    digits = digits.replace(".", words.decimal_mark)
    if rounded:
        return f"{sign}{digits}"
    if result.exact and value.denominator <= 100 and value.numerator < 1000:
        return f"{sign}{value.numerator} {words.over} {value.denominator}, {words.about} {sign}{digits}"
    return f"{words.about} {sign}{digits}"


def _check_size(value: Fraction) -> None:
    if abs(value) >= 10**MAX_DIGITS or value.denominator > 10**60:
        raise ArithmeticRefusal("too_large")


def _tokens(text: str, words: NumberWords) -> list[str | Fraction] | None:
    """Numbers and operators; None where there is a word that belongs to no sum, or no operator."""
    spoken = [token.replace("ß", "ss") for token in _TOKEN.findall(text.lower())]
    if len(spoken) > MAX_TOKENS:
        return None
    found: list[str | Fraction] = []
    place = 0
    longest = max(len(key) for key in words.operators)
    while place < len(spoken):
        for length in range(min(longest, len(spoken) - place), 0, -1):
            operator = words.operators.get(tuple(spoken[place : place + length]))
            if operator is not None:
                found.append(operator)
                place += length
                break
        else:
            number = words.read(spoken, place)
            if number is not None:
                found.append(number[0])
                place = number[1]
            elif spoken[place] in words.ignored:
                place += 1
            else:
                return None
    while found and found[-1] in ("=", "and", "of"):
        found.pop()
    while found and found[0] in ("=", "and", "of"):
        found.pop(0)
    numbers = sum(isinstance(token, Fraction) for token in found)
    return found if numbers and len(found) > numbers else None


_FUNCTIONS = {"sum": "+", "difference": "-", "product": "*", "quotient": "/", "subtract": "from"}
_UNARY = {"half": Fraction(1, 2), "double": Fraction(2), "triple": Fraction(3)}


class _Parser:
    def __init__(self, tokens: list[str | Fraction]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self.exact = True

    @property
    def at_end(self) -> bool:
        return self._place == len(self._tokens)

    def _take(self, *wanted: str) -> str | None:
        if not self.at_end:
            token = self._tokens[self._place]
            if isinstance(token, str) and token in wanted:
                self._place += 1
                return token
        return None

    def sum(self) -> Fraction:
        value = self._product()
        while operator := self._take("+", "-", "and"):
            other = self._product()
            if self._take("%"):
                other = value * other / 100
            value = value - other if operator == "-" else value + other
        return value

    def _product(self) -> Fraction:
        value = self._power()
        while operator := self._take("*", "/", "of", "%of", "mod"):
            other = self._power()
            value = _apply(operator, value, other)
        return value

    def _power(self) -> Fraction:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _NoSum
        if self._take("-"):
            value = -self._power()
        elif self._take("+"):
            value = self._power()
        else:
            value = self._postfix(self._primary())
            if self._take("^"):
                value = self._raise(value, self._power())
        self._depth -= 1
        return value

    def _postfix(self, value: Fraction) -> Fraction:
        while operator := self._take("²", "³"):
            value = _raise_exactly(value, 2 if operator == "²" else 3)
        return value

    def _primary(self) -> Fraction:
        if self.at_end:
            raise _NoSum
        token = self._tokens[self._place]
        self._place += 1
        if isinstance(token, Fraction):
            return token
        if token == "(":
            value = self.sum()
            if not self._take(")"):
                raise _NoSum
            return value
        if token == "sqrt":
            return self._root(self._power())
        if token in _UNARY:
            self._take("of")
            return _UNARY[token] * self._power()
        if token in _FUNCTIONS:
            return self._function(token)
        raise _NoSum

    def _function(self, name: str) -> Fraction:
        self._take("of")
        first = self._power()
        joined = self._take("and", "with", "of", "/")
        if joined is None:
            raise _NoSum
        second = self._power()
        if name == "subtract":
            return second - first
        return _apply(_FUNCTIONS[name], first, second)

    def _root(self, value: Fraction) -> Fraction:
        if value < 0:
            raise ArithmeticRefusal("negative_root")
        _check_size(value)
        above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if above * above == value.numerator and below * below == value.denominator:
            return Fraction(above, below)
        self.exact = False
        return Fraction(math.sqrt(value))

    def _raise(self, value: Fraction, exponent: Fraction) -> Fraction:
        if exponent.denominator == 1:
            return _raise_exactly(value, exponent.numerator)
        if value < 0:
            raise ArithmeticRefusal("negative_root")
        if exponent < 0 and value == 0:
            raise ArithmeticRefusal("by_zero")
        self.exact = False
        try:
            return Fraction(float(value) ** float(exponent))
        except OverflowError as error:
            raise ArithmeticRefusal("too_large") from error


def _raise_exactly(value: Fraction, exponent: int) -> Fraction:
    if exponent < 0 and value == 0:
        raise ArithmeticRefusal("by_zero")
    size = max(value.numerator.bit_length(), value.denominator.bit_length())
    if abs(exponent) > MAX_EXPONENT or size * abs(exponent) > 4 * MAX_EXPONENT:
        raise ArithmeticRefusal("too_large")
    return value**exponent


def _apply(operator: str, value: Fraction, other: Fraction) -> Fraction:
    if operator in ("/", "mod") and other == 0:
        raise ArithmeticRefusal("by_zero")
    if operator == "+":
        return value + other
    if operator == "-":
        return value - other
    if operator == "/":
        return value / other
    if operator == "mod":
        return value % other
    return value * other / 100 if operator == "%of" else value * other
