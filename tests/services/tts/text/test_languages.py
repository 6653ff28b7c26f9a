"""What is said in each language, from a table of its own: `cases/<language>.tsv`, written and spoken form with a tab.

A line more in such a file is a test more; a new language needs a new file only.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from services.tts.text.languages import TABLES
from services.tts.text.spoken_form import to_spoken_form

CASES = Path(__file__).parent / "cases"


def _cases() -> list[tuple[str, str, str]]:
    return [
        (file.stem, *line.split("\t"))  # type: ignore[misc]
        for file in sorted(CASES.glob("*.tsv"))
        for line in file.read_text("utf-8").splitlines()
    ]


@pytest.mark.parametrize(("language", "written", "spoken"), _cases())
def test_a_person_of_the_language_says_it_so(language: str, written: str, spoken: str) -> None:
    assert to_spoken_form(written, language) == spoken


def test_every_table_has_cases() -> None:
    assert set(TABLES) <= {file.stem for file in CASES.glob("*.tsv")}


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", "October third, twenty twenty-four"),
        ("en-US", "October third, twenty twenty-four"),
        ("en-GB", "the tenth of March, twenty twenty-four"),
        ("de-AT", "zehnter März zweitausendvierundzwanzig"),
        ("pt-BR", "10 de março de 2024"),
    ],
)
def test_the_country_says_what_comes_first_in_a_date(language: str, spoken: str) -> None:
    assert to_spoken_form("10/3/2024", language) == spoken


def test_a_language_without_a_table_keeps_its_numbers_and_has_its_units() -> None:
    assert to_spoken_form("5 km, −3, 50 °C", "fi") == "5 kilometriä, −3, 50 celsiusastetta"


def test_an_unknown_language_keeps_everything() -> None:
    assert to_spoken_form("−5 km & 3 €", "xx") == "−5 km & 3 €"
