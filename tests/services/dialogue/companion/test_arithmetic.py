"""Sums in figures and words are computed exactly, or refused honestly."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dialogue.companion.arithmetic import ArithmeticRefusal, Result, calculate, say_number
from services.dialogue.companion.english import ENGLISH
from services.dialogue.companion.german import GERMAN
from services.dialogue.companion.number_words import german_number, read_english
from tests.services.dialogue.companion.talk import say

EN, DE = ENGLISH.numbers, GERMAN.numbers
Expression = tuple[str, str]
"""As it is written for the companion, and for Python with fractions."""


def _number(value: int) -> Expression:
    return str(value), f"F({value})"


def _binary(parts: tuple[Expression, str, Expression]) -> Expression:
    (left, left_python), sign, (right, right_python) = parts
    return f"({left} {sign} {right})", f"({left_python} {sign} {right_python})"


EXPRESSIONS = st.recursive(
    st.integers(0, 99).map(_number),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(_binary),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_it_agrees_with_python_over_random_expressions(expression: Expression) -> None:
    written, python = expression
    try:
        expected: Fraction | None = eval(python, {"F": Fraction})
    except ZeroDivisionError:
        expected = None
    if expected is None:
        with pytest.raises(ArithmeticRefusal) as refused:
            calculate(f"what is {written}", EN)
        assert refused.value.reason == "by_zero"
    elif "(" in written:
        assert calculate(f"what is {written}", EN) == Result(expected)
        assert calculate(f"was ist {written}", DE) == Result(expected)


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 50)), min_size=1, max_size=5), st.integers(0, 50))
def test_it_agrees_with_python_about_precedence(rest: list[tuple[str, int]], first: int) -> None:
    written = str(first) + "".join(f" {sign} {number}" for sign, number in rest)
    assert calculate(written, EN) == Result(Fraction(eval(written)))


ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
]
ONES += ["seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
EINER = [
    "null",
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
]
EINER += ["siebzehn", "achtzehn", "neunzehn"]
ZEHNER = ["zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"]


def english(number: int) -> str:
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f" {ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{ONES[number // 100]} hundred" + (f" and {english(number % 100)}" if number % 100 else "")
    return f"{english(number // 1000)} thousand" + (f" {english(number % 1000)}" if number % 1000 else "")


def german(number: int) -> str:
    if number < 20:
        return EINER[number]
    if number < 100:
        unit = number % 10
        return (f"{'ein' if unit == 1 else EINER[unit]}und" if unit else "") + ZEHNER[number // 10 - 2]
    if number < 1000:
        hundreds = number // 100
        return f"{'' if hundreds == 1 else EINER[hundreds]}hundert" + (german(number % 100) if number % 100 else "")
    thousands = number // 1000
    return f"{'' if thousands == 1 else german(thousands)}tausend" + (german(number % 1000) if number % 1000 else "")


@given(st.integers(0, 99_999))
def test_numbers_in_words_are_read(number: int) -> None:
    words = english(number).split()
    assert read_english(words, 0) == (Fraction(number), len(words))
    assert german_number(german(number)) == number


@given(st.integers(0, 999), st.integers(0, 999))
def test_sums_in_words_are_computed(one: int, other: int) -> None:
    assert calculate(f"what is {english(one)} plus {english(other)}", EN) == Result(Fraction(one + other))
    assert calculate(f"was ist {german(one)} mal {german(other)}", DE) == Result(Fraction(one * other))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2 + 2", "4"),
        ("2+2=", "4"),
        ("what is seven times eight", "56"),
        ("what is 10 divided by 4", "2.5"),
        ("how much is twenty percent of eighty", "16"),
        ("20% of 50", "10"),
        ("what is half of nine", "4.5"),
        ("what is the square root of 144", "12"),
        ("square root of two", "about 1.4142"),
        ("1/2 + 1/3", "5 over 6, about 0.8333"),
        ("two thirds of ninety", "60"),
        ("a third of 90", "30"),
        ("three squared", "9"),
        ("two to the power of ten", "1024"),
        ("add 3 and 4", "7"),
        ("subtract 3 from 10", "7"),
        ("the product of 6 and 7", "42"),
        ("double 21", "42"),
        ("three minus ten", "minus 7"),
        ("can you tell me what 6 x 7 is", "42"),
        ("1,000 + 1", "1001"),
        ("two point five times two", "5"),
        ("a hundred and five plus one", "106"),
        ("100 plus 10 percent", "110"),
        ("twenty-one plus twenty-one", "42"),
        ("-5 + 3", "minus 2"),
        ("10 / 3", "10 over 3, about 3.3333"),
    ],
)
def test_english_sums(text: str, result: str) -> None:
    found = calculate(text, EN)
    assert found is not None
    assert say_number(found, EN) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("was ist sieben mal acht", "56"),
        ("wie viel ist zwanzig prozent von achtzig", "16"),
        ("die hälfte von neun", "4,5"),
        ("zehn geteilt durch vier", "2,5"),
        ("wurzel aus 144", "12"),
        ("wurzel aus zwei", "etwa 1,4142"),
        ("zwei hoch zehn", "1024"),
        ("was macht drei minus zehn", "minus 7"),
        ("zwei drittel von neunzig", "60"),
        ("1.000 + 1", "1001"),
        ("1,5 + 1,5", "3"),
        ("zwei komma fünf mal zwei", "5"),
        ("das doppelte von 21", "42"),
        ("dreihundertfünfundvierzig plus siebenundzwanzig", "372"),
        ("wieviel ist zwei und zwei", "4"),
    ],
)
def test_german_sums(text: str, result: str) -> None:
    found = calculate(text, DE)
    assert found is not None
    assert say_number(found, DE) == result


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 divided by 0", "by_zero"),
        ("0 to the power of minus 1", "by_zero"),
        ("square root of minus four", "negative_root"),
        ("9 ^ 9 ^ 9", "too_large"),
        ("999999999 * 999999999", "too_large"),
        ("2 to the power of 5000", "too_large"),
    ],
)
def test_sums_without_a_result_are_refused(text: str, reason: str) -> None:
    with pytest.raises(ArithmeticRefusal) as refused:
        calculate(text, EN)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "i am 30",
        "i have two cats and a dog",
        "what time is it",
        "half an hour ago",
        "2",
        "(((",
        "1 + ",
        "one of my friends",
        "+" * 500,
        "(" * 60 + "1" + ")" * 60,
        "import os",
        "call 9 1 1",
    ],
)
def test_other_sentences_are_no_sums(text: str) -> None:
    assert calculate(text, EN) is None


@given(st.text(max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    for words in (EN, DE):
        with suppress(ArithmeticRefusal):
            found = calculate(text, words)
            assert found is None or say_number(found, words)


def test_the_answer_is_said() -> None:
    assert "4" in say("2 + 2")
    assert "56" in say("what is seven times eight")
    assert "null" in say("eins durch null", "de")
