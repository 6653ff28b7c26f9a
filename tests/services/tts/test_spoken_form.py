"""The spoken form of written text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tts.spoken_form import to_ascii_english, to_spoken_form


@pytest.mark.parametrize(
    ("written", "spoken"),
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
def test_markup_and_emoji_are_removed(written: str, spoken: str) -> None:
    assert to_spoken_form(written) == spoken


@pytest.mark.parametrize("written", ["", "   ", "😀🎉", "***", "...", "```\ncode\n```", "---", "?!", "❤️", "\u200d"])
def test_text_without_words_has_no_spoken_form(written: str) -> None:
    assert to_spoken_form(written) == ""


@given(st.text(max_size=200))
def test_any_text_gives_one_clean_line(written: str) -> None:
    spoken = to_spoken_form(written)
    assert spoken == spoken.strip()
    assert "  " not in spoken
    assert not any(character in "\n\r\t*`~\x00" for character in spoken)
    assert spoken == "" or any(character.isalnum() for character in spoken)


def test_a_text_of_opening_brackets_takes_no_quadratic_time() -> None:
    assert to_spoken_form("[" * 4_000 + "x") == "[" * 4_000 + "x"
    assert to_spoken_form("**a " * 2_000).startswith("a a")
    assert to_spoken_form("<a" * 3_000).startswith("<a")


@given(st.text(max_size=100))
def test_ascii_english_is_ascii(text: str) -> None:
    assert to_ascii_english(text).isascii()


def test_accents_are_dropped_and_symbols_spelt_out() -> None:
    assert to_ascii_english("Café: 5€ & 20°, naïve") == "Cafe: 5 euros and 20 degrees, naive"
