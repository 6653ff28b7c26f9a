"""Word errors are counted as the field counts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.words import errors, words_of


@pytest.mark.parametrize(
    ("expected", "heard", "number"),
    [
        ("what time is it", "What time is it?", 0),
        ("what time is it", "what time it", 1),
        ("what time is it", "what a time is it now", 2),
        ("what time is it", "that thyme is it", 2),
        ("", "uh", 1),
        ("hello there", "", 2),
    ],
)
def test_replaced_missing_and_added_words_count_one_each(expected: str, heard: str, number: int) -> None:
    assert errors(words_of(expected), words_of(heard)) == number


Words = st.lists(st.sampled_from("abc"), max_size=8)


@given(Words, Words, Words)
def test_it_is_a_distance(one: list[str], two: list[str], three: list[str]) -> None:
    assert errors(one, two) == errors(two, one)
    assert errors(one, three) <= errors(one, two) + errors(two, three)
    assert (errors(one, two) == 0) == (one == two)
