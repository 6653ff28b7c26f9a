"""Answers are cut into messages between sentences, and nothing of them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.events import ReplySentence
from services.channels.answering.answer_parts import (
    group_by_size,
    shown_only,
    split_texts,
    spoken_words,
    whole_text,
)
from services.channels.answering.speech_groups import groups_for_video
from services.channels.text_parts import split_text


def sentence(text: str, spoken: str | None = None, space: str = " ") -> ReplySentence:
    return ReplySentence(reply="r", index=0, text=text, character="ada", spoken_text=spoken, space_before=space)


def test_the_voice_says_words_and_the_text_has_everything() -> None:
    told = [sentence("**Look:**", "Look:"), sentence("```\nls\n```", "", "\n\n"), sentence("Done.")]
    assert whole_text(told) == "**Look:**\n\n```\nls\n``` Done."
    assert spoken_words(told) == "Look: Done."


@pytest.mark.parametrize(
    ("text", "spoken", "shown"),
    [
        ("See https://a.example/x, please.", "See the page, please.", "https://a.example/x"),
        ("[here](http://a.example/b_(c)?d=1#e)", "here", "http://a.example/b_(c)?d=1#e"),
        ("**<https://a.example>**", "a.example", "https://a.example"),
        ("No address.", None, ""),
        ("| a |\n|---|", "", "| a |\n|---|"),
    ],
)
def test_what_a_listener_would_miss(text: str, spoken: str | None, shown: str) -> None:
    assert shown_only([sentence(text, spoken)]) == shown


def test_an_address_is_shown_once() -> None:
    told = [sentence("https://a.example"), sentence("Again https://a.example."), sentence("`https://a.example`", "")]
    assert shown_only(told) == "`https://a.example`"


@given(st.lists(st.text("ab \n", min_size=1, max_size=60), max_size=12), st.integers(10, 50))
def test_no_text_is_lost_and_none_is_too_long(texts: list[str], longest: int) -> None:
    messages = split_texts([sentence(text) for text in texts], longest)
    assert all(0 < len(one) <= longest for one in messages)
    assert "".join("".join(messages).split()) == "".join("".join(texts).split())


def test_a_long_block_of_code_stays_one_in_each_part() -> None:
    block = "```python\n" + "\n".join(f"line{n}" for n in range(12)) + "\n```"
    parts = split_texts([sentence(block, "")], 50)
    assert len(parts) > 1
    assert all(one.startswith("```python\n") and one.endswith("\n```") and len(one) <= 50 for one in parts)
    assert [line for one in parts for line in one.splitlines()[1:-1]] == [f"line{n}" for n in range(12)]


def test_paragraphs_stay_together_where_they_fit() -> None:
    assert split_text("aaa\n\nbbb\n\nccc", 8) == ["aaa\n\nbbb", "ccc"]
    assert split_text("", 8) == []


@given(st.lists(st.integers(1, 100), min_size=1, max_size=20), st.integers(1, 200))
def test_groups_keep_the_order_and_the_limit(sizes: list[int], largest: int) -> None:
    groups = group_by_size(sizes, largest)
    assert [place for group in groups for place in group] == list(range(len(sizes)))
    assert all(len(group) == 1 or sum(sizes[at] for at in group) <= largest for group in groups)
    fewest, total = 0, largest + 1
    for size in sizes:
        fewest, total = (fewest + 1, size) if total + size > largest else (fewest, total + size)
    assert len(groups) == fewest


def test_groups_are_about_equal() -> None:
    assert group_by_size([30, 30, 30, 30], 100) == [[0, 1], [2, 3]]


def test_a_speech_that_is_too_long_for_a_video_makes_none() -> None:
    assert groups_for_video([48_000, 48_000], 60) == [[0, 1]]
    assert groups_for_video([48_000 * 40, 48_000 * 40], 60) == [[0], [1]]
    assert groups_for_video([48_000, 48_000 * 61], 60) == []


def test_the_silence_between_the_speeches_counts_for_the_length_of_a_video() -> None:
    assert groups_for_video([48_000 * 30, 48_000 * 30], 60.12) == [[0, 1]]
    assert groups_for_video([48_000 * 30, 48_000 * 30], 60.11) == [[0], [1]]
    assert groups_for_video([48_000 * 60], 60) == [[0]]
    assert groups_for_video([48_000 * 60 + 1], 60) == []
