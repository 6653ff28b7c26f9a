"""Word errors are the Levenshtein distance of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.word_error_rate import normalised_words, word_errors


@pytest.mark.parametrize(
    ("expected", "recognised", "number"),
    [
        ("what time is it", "What time is it?", 0),
        ("what time is it", "what time it", 1),
        ("what time is it", "what a time is it now", 2),
        ("what time is it", "that thyme is it", 2),
        ("", "uh", 1),
        ("hello there", "", 2),
    ],
)
def test_substituted_deleted_and_inserted_words_count_one_each(expected: str, recognised: str, number: int) -> None:
    assert word_errors(normalised_words(expected), normalised_words(recognised)) == number


Words = st.lists(st.sampled_from("abc"), max_size=8)


@given(Words, Words, Words)
def test_it_is_a_distance(one: list[str], two: list[str], three: list[str]) -> None:
    assert word_errors(one, two) == word_errors(two, one)
    assert word_errors(one, three) <= word_errors(one, two) + word_errors(two, three)
    assert (word_errors(one, two) == 0) == (one == two)
