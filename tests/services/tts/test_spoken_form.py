"""What is said of a text, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tts.spoken_form import to_ascii_english, to_spoken_form


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Hello there!", "Hello there!"),
        ("I am **very** glad 😀!", "I am very glad!"),
        ("# A title\n\n- one\n- two", "A title one two"),
        ("See [the page](https://example.org/a?b=c).", "See the page."),
        ("Go to https://www.example.org/a/b?c=d, please.", "Go to example.org, please."),
        ("It is at http://localhost:3000/x.", "It is at localhost:3000."),
        ("Run `make up` now", "Run make up now"),
        ("Before ```python\nprint(1)\n``` after", "Before after"),
        ("It costs $5 & 20 % of €10.", "It costs $5 & 20 % of €10."),
        ("“Quotes” – and… more — yes", '"Quotes" - and... more, yes'),
        ("Family 👩‍👩‍👧‍👦 and flag 🇩🇪 and hand 👍🏽 and heart ❤️", "Family and flag and hand and heart"),
        ("<b>bold</b> and 3 < 4", "bold and 3 < 4"),
        ("snake_case and *stars*", "snake case and stars"),
        ("Well :smile: :-) fine", "Well fine"),
        ("Schöne Grüße, naïve café", "Schöne Grüße, naïve café"),
        ("नमस्ते दुनिया", "नमस्ते दुनिया"),
        ("你好，世界", "你好，世界"),
        ("line\none\t two", "line one two"),
    ],
)
def test_markup_and_pictures_are_not_said(written: str, said: str) -> None:
    assert to_spoken_form(written) == said


@pytest.mark.parametrize("written", ["", "   ", "😀🎉", "***", "...", "```\ncode\n```", "---", "?!", "❤️", "\u200d"])
def test_of_these_nothing_is_said(written: str) -> None:
    assert to_spoken_form(written) == ""


@given(st.text(max_size=200))
def test_whatever_is_written_gives_one_clean_line(written: str) -> None:
    said = to_spoken_form(written)
    assert said == said.strip()
    assert "  " not in said
    assert not any(character in "\n\r\t*`~\x00" for character in said)
    assert said == "" or any(character.isalnum() for character in said)


def test_a_text_full_of_openings_takes_no_time_out_of_proportion() -> None:
    assert to_spoken_form("[" * 4_000 + "x") == "[" * 4_000 + "x"
    assert to_spoken_form("**a " * 2_000).startswith("a a")
    assert to_spoken_form("<a" * 3_000).startswith("<a")


@given(st.text(max_size=100))
def test_ascii_english_is_ascii(text: str) -> None:
    assert to_ascii_english(text).isascii()


def test_accents_are_dropped_and_symbols_named() -> None:
    assert to_ascii_english("Café: 5€ & 20°, naïve") == "Cafe: 5 euros and 20 degrees, naive"
