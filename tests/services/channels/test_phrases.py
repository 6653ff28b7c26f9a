"""The texts are there in both languages, with the same values in them."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from services.channels.phrases import ENGLISH, GERMAN, UNSUPPORTED_KINDS, phrase

ROOT = Path(__file__).parents[3]
LONGEST = 1000
"""Characters that every channel takes at once."""


def values_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_tables_have_the_same_texts() -> None:
    assert set(ENGLISH) == set(GERMAN)
    assert set(UNSUPPORTED_KINDS) < set(ENGLISH)


@pytest.mark.parametrize("name", ENGLISH)
def test_each_text_has_the_same_values_in_both_languages(name: str) -> None:
    assert values_in(ENGLISH[name]) == values_in(GERMAN[name])
    assert 0 < len(GERMAN[name]) < LONGEST
    assert 0 < len(ENGLISH[name]) < LONGEST


@pytest.mark.parametrize("name", ["pairing", "pairing_anew"])
def test_the_panel_for_codes_is_called_as_in_the_page_which_speaks_english(name: str) -> None:
    assert 'title="Channels"' in (ROOT / "ui/avatar-chat/src/components/ChannelsDialog.tsx").read_text()
    assert "Channels" in ENGLISH[name]
    assert "Channels" in GERMAN[name]


@pytest.mark.parametrize("language", ["de", "de-AT", "DE_ch"])
def test_german_is_spoken_to_germans(language: str) -> None:
    assert phrase("new", language) == GERMAN["new"]


@pytest.mark.parametrize("language", ["", "en-GB", "fr", "den"])
def test_english_is_spoken_to_all_others(language: str) -> None:
    assert phrase("new", language) == ENGLISH["new"]


def test_braces_in_a_value_stay_as_they_are() -> None:
    language = "en"
    assert phrase("character_chosen", language, character="{Milo}").count("{Milo}") == 1
