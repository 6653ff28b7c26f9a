"""The spoken form of written text: markup and pictures go, everything else is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tts.text.ascii_english import to_ascii_english
from services.tts.text.languages import TABLES
from services.tts.text.spoken_form import to_spoken_form


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Hello there!", "Hello there!"),
        ("I am **very** glad 😀!", "I am very glad!"),
        ("# A title\n\n- one\n- two", "A title one two"),
        ("See [the page](https://example.org/a?b=c).", "See the page."),
        ("Go to https://www.example.org/a/b?c=d, please.", "Go to example dot org, please."),
        ("Run `make up` now", "Run make up now"),
        ("Before ```python\nprint(1)\n``` after", "Before after"),
        ("“Quotes” – and… more — yes", '"Quotes" - and... more, yes'),
        ("Family 👩‍👩‍👧‍👦 and flag 🇩🇪 and hand 👍🏽 and heart ❤️", "Family and flag and hand and heart"),
        ("<b>bold</b> and x<sup>2</sup>", "bold and x squared"),
        ("snake_case and *stars*", "snake case and stars"),
        ("Well :smile: :-) fine", "Well fine"),
        ("Schöne Grüße, naïve café", "Schöne Grüße, naïve café"),
        ("नमस्ते दुनिया", "नमस्ते दुनिया"),
        ("你好，世界", "你好，世界"),
        ("line\none\t two", "line one two"),
        ("Press ➕ and 1️⃣", "Press plus and one"),
        (r"5 \* 3 \_ \#", "five times three hash"),
    ],
)
def test_markup_and_pictures_are_left_out(written: str, spoken: str) -> None:
    assert to_spoken_form(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("The train leaves (platform 8).", "The train leaves (platform eight)."),
        ("Buy an 8D lens.", "Buy an eight D lens."),
        ("The run took 01:45:20.", "The run took one hour, forty-five minutes and twenty seconds."),
        ("Answer B) or 8)", "Answer B) or eight)"),
        ("if a <b and c> d", "if a less than b and c greater than d"),
        ("Is n <3?", "Is n less than three?"),
        ("The key :d: and :x:", "The key :d: and :x:"),
        ("2*3*4 and 3**4", "two times three times four and three to the power of four"),
        ("[Enter] and [1](note)", "[Enter] and [one](note)"),
    ],
)
def test_what_only_looks_like_a_picture_or_markup_is_said(written: str, spoken: str) -> None:
    assert to_spoken_form(written) == spoken


@pytest.mark.parametrize("written", ["", "   ", "😀🎉", "***", "...", "```\ncode\n```", "---", "?!", "❤️", "\u200d"])
def test_text_without_words_has_no_spoken_form(written: str) -> None:
    assert to_spoken_form(written) == ""


@given(st.text(max_size=200), st.sampled_from([*TABLES, "en-GB", "pt-BR", "th", "xx"]))
def test_any_text_gives_one_clean_line(written: str, language: str) -> None:
    spoken = to_spoken_form(written, language)
    assert spoken == spoken.strip()
    assert "  " not in spoken
    assert not any(character in "\n\r\t*`\x00" for character in spoken)
    assert spoken == "" or any(character.isalnum() for character in spoken)


@given(st.text(max_size=100))
def test_ascii_english_is_ascii(text: str) -> None:
    assert to_ascii_english(text).isascii()


def test_accents_are_dropped_and_symbols_spelt_out() -> None:
    assert to_ascii_english("Café: 5€ & 20°, naïve") == "Cafe: 5 euros and 20 degrees, naive"
