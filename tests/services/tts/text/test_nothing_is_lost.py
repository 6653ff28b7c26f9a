"""Every word, digit and sign that carries meaning reaches the voice, in order, and in time that grows with the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import emoji
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tts.text.languages import TABLES
from services.tts.text.spoken_form import to_spoken_form

DIGIT_LANGUAGES = [*sorted(set(TABLES) - {"en", "de"}), "fi", "cs", "xx"]
"""Languages in which numbers stay in digits."""

PIECES = [
    ("42", "forty-two"), ("−7", "minus seven"), ("-8", "minus eight"), ("3.5", "three point five"),
    ("5 %", "five percent"), ("(platform 8)", "eight"), ("[9]", "nine"), ("€7", "seven euros"),
    ("£2.50", "two pounds and fifty pence"), ("10^6", "ten to the power of six"), ("x²", "x squared"),
    ("½", "a half"), ("№ 3", "number three"), ("#4", "number four"), ("12 °C", "twelve degrees Celsius"),
    ("6 × 7", "six times seven"), ("3:1", "three to one"), ("01:45:20", "one hour"), ("8D", "eight D"),
    ("C++", "C plus plus"), ("A & B", "A and B"), ("2 > 1", "two greater than one"),
    ("≤ 5", "less than or equal to five"),
    ("**bold**", "bold"), ("*slanted*", "slanted"), ("`code`", "code"), ("[link](https://example.org)", "link"),
    ("café", "café"), ("Henry VIII", "Henry the eighth"), ("user@example.org", "user at example dot org"),
    ("٣", "three"), ("７", "seven"), ("1️⃣", "one"), ("a→b", "a to b"), ("21st", "twenty-first"),
    ("1,000,000", "one million"), ("$1.5 million", "one point five million dollars"), ("±2", "plus or minus two"),
]  # fmt: skip
"""What is written, and words that must be heard for it."""


@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=8),
    st.sampled_from(["and then ", "so ", "😀 well ", "\nnext "]),
)
def test_what_is_said_for_each_piece_of_a_text_is_heard_in_its_place(
    pieces: list[tuple[str, str]], between: str
) -> None:
    spoken = to_spoken_form(f" {between}".join(written for written, _ in pieces) + ".")
    place = 0
    for written, heard in pieces:
        found = spoken.find(heard, place)
        assert found >= 0, f"{heard!r} for {written!r} is missing behind {spoken[:place]!r} in {spoken!r}"
        place = found + len(heard)


_SIGNS = " .,;:!?-–−+*/=<>()[]{}'\"%$€£°#@&_~^|\\²½"
_TEXTS = st.text(st.sampled_from("0123456789abcABCxyzIVX" + _SIGNS), max_size=60)


@given(_TEXTS, st.sampled_from(DIGIT_LANGUAGES))
def test_digits_that_stay_digits_all_stay_and_in_order(written: str, language: str) -> None:
    written = re.sub(r"[:;/=.\-–−^½²°]", " ", written)  # what makes times, dates, ordinals
    digits = re.sub(r"\D", "", written)
    assert _is_subsequence(digits, to_spoken_form(f"so {written}", language))


@given(st.integers(0, 10**40), st.sampled_from(["en", "de"]))
def test_no_number_is_without_words(number: int, language: str) -> None:
    for written in (str(number), f"-{number}", f"{number}%", f"({number})", f"x{number}"):
        assert not re.search(r"\d", to_spoken_form(f"so {written} there", language))


@given(_TEXTS, st.sampled_from(["en", "de"]))
def test_no_digit_is_left_for_an_engine_that_reads_words(written: str, language: str) -> None:
    spoken = to_spoken_form(written, language)
    assert not re.search(r"\d", spoken)


@given(st.lists(st.from_regex(r"[a-zäöüßéñçœ]{3,12}", fullmatch=True), max_size=12), st.sampled_from([*TABLES, "xx"]))
def test_plain_words_are_unchanged(words: list[str], language: str) -> None:
    plain = " ".join(f"q{word}q" for word in words)
    assert to_spoken_form(plain, language) == unicodedata.normalize("NFC", plain)


@given(st.characters(categories=["Sm", "Sc", "Po", "So", "Sk"]))
def test_a_sign_in_a_text_is_said_or_stays_unless_it_is_a_picture(sign: str) -> None:
    spoken = to_spoken_form(f"one {sign} two", "en")
    assert spoken.startswith("one")
    assert spoken.endswith("two")
    is_mark = (
        unicodedata.normalize("NFKC", sign) in "*_|`\\" or "─" <= sign <= "▟"
    )  # Markdown's, and the lines of tables
    assert len(spoken) > len("one two") or is_mark or emoji.is_emoji(sign)


@pytest.mark.parametrize(
    ("written", "heard", "times"),
    [
        ("[a", "[a", 5_000), ("(a", "(a", 5_000), ("1", "one", 10_000), ("1,", "one", 5_000), ("a@ ", "a at", 5_000),
        ("**a ", "a", 3_000), ("<a", "less than a", 5_000), (":a", ":a", 3_000),
        ("I ", "I", 5_000), ("a.", "a.", 5_000), ("3. ", "three.", 3_000),
        ("![a", "[a", 5_000), ("é", "é", 10_000), ("０", "zero", 10_000), ("5%", "five percent", 3_000),
        ("$1 ", "one dollar", 3_000), ("😀a", "a", 5_000),
        ("1st ", "first", 3_000), ("5 km ", "five kilometers", 2_000),
    ],
)  # fmt: skip
def test_ten_thousand_signs_are_said_as_one_is(written: str, heard: str, times: int) -> None:
    """The rules look a bounded way ahead; in quadratic time this test would take minutes."""
    assert to_spoken_form(written * times, "en").count(heard) == times


def _is_subsequence(digits: Iterable[str], text: str) -> bool:
    rest = iter(text)
    return all(digit in rest for digit in digits)
