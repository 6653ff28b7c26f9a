"""How Kokoro's and hibari's reader reads the letter A."""

from __future__ import annotations

import pytest

from services.tts.engines.misaki_reader import MisakiReader

LETTER, ARTICLE = "ˈA", "ɐ"


@pytest.fixture(scope="module")
def reader() -> MisakiReader:
    return MisakiReader(None)


@pytest.mark.parametrize(
    "text",
    ["It is A four paper.", "We call A T and T.", "Vitamin A, please.", "Is it from A to Z?", "A T and T is big."],
)
def test_a_single_a_among_letters_and_numbers_is_the_letter(reader: MisakiReader, text: str) -> None:
    assert LETTER in reader.phonemes(text, "en").split() or f"{LETTER}," in reader.phonemes(text, "en")
    assert ARTICLE not in reader.phonemes(text, "en").split()


@pytest.mark.parametrize("text", ["A man came.", "The Rise Of A Star.", "I saw a man."])
def test_an_article_stays_one(reader: MisakiReader, text: str) -> None:
    assert ARTICLE in reader.phonemes(text, "en").split()
