"""Word errors are the Levenshtein distance of words, and the alignment says which they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.replay.word_error_rate import align, normalised_words, word_error_rate, word_errors


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


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Don’t – it's a well-known ﬁle.", "en", "don't it's a well known file"),
        ("I have 10, or 21 of 1,200.", "en", "i have ten or twenty one of one thousand two hundred"),
        ("Mr. Dashwood and Dr Who", "en-GB", "mister dashwood and doctor who"),
        ("Ich habe 21.", "de", "ich habe einundzwanzig"),
        ("I have 10.", "", "i have 10"),
        ("Version 2.5 of B2", "en", "version 2 5 of b2"),
        ("I have 10.", "xx", "i have 10"),
        ("नमस्ते, दुनिया!", "hi", "नमस्ते दुनिया"),
        ("你好,Tom。", "zh", "你 好 tom"),
        ("snake_case ' ...", "en", "snake case"),
    ],
)
def test_case_punctuation_and_the_form_of_numbers_do_not_count(text: str, language: str, words: str) -> None:
    assert normalised_words(text, language) == words.split()


def test_the_alignment_shows_each_error_in_its_place() -> None:
    said, heard = "know what time it is now", "uh know what time is how"
    assert [(one.change, one.expected, one.recognised) for one in align(said.split(), heard.split())] == [
        ("inserted", "", "uh"),
        ("same", "know", "know"),
        ("same", "what", "what"),
        ("same", "time", "time"),
        ("deleted", "it", ""),
        ("same", "is", "is"),
        ("substituted", "now", "how"),
    ]


def test_like_words_stand_beside_each_other() -> None:
    aligned = align(["not", "ill"], ["not", "an", "illness", "those", "young", "man"])
    assert [(one.expected, one.recognised) for one in aligned if one.change == "substituted"] == [("ill", "illness")]


def test_the_rate_is_of_the_words_that_were_said() -> None:
    assert word_error_rate(1, 4) == 0.25
    assert word_error_rate(0, 0) is None
    assert word_error_rate(2, 0) == 2.0


Words = st.lists(st.sampled_from("abc"), max_size=8)


@given(Words, Words, Words)
def test_it_is_a_distance(one: list[str], two: list[str], three: list[str]) -> None:
    assert word_errors(one, two) == word_errors(two, one)
    assert word_errors(one, three) <= word_errors(one, two) + word_errors(two, three)
    assert (word_errors(one, two) == 0) == (one == two)


@given(Words, Words)
def test_the_alignment_has_both_texts_and_as_many_errors_as_their_distance(one: list[str], two: list[str]) -> None:
    aligned = align(one, two)
    assert [place.expected for place in aligned if place.expected] == one
    assert [place.recognised for place in aligned if place.recognised] == two
    assert sum(place.change != "same" for place in aligned) == word_errors(one, two)
