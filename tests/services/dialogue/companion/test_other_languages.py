"""Who writes in a language that the companion does not speak is told so, in that language where it is known."""

from __future__ import annotations

from typing import Literal

import pytest
from msgspec.structs import replace

from bus.events import CharacterCreated
from services.dialogue.companion.engine import Companion
from services.dialogue.companion.other_languages import NOTICES, OTHERWISE
from services.dialogue.engine import ChatRequest
from services.dialogue.language.detection import detect_language
from services.dialogue.language.detector import guess_language
from services.dialogue.language.names import NAMES
from tests.services.dialogue.companion.talk import ADA

BERTA = replace(ADA, name="Berta", language="de")


def answer(
    text: str,
    language: str,
    model: Literal["none", "busy", "english"] = "none",
    character: CharacterCreated = ADA,
) -> str:
    request = ChatRequest(
        text=text, at=1_700_000_000_000_000, language=language, character=character, language_model=model
    )
    return Companion().answer(request)


@pytest.mark.parametrize("language", sorted(NOTICES))
def test_each_notice_is_in_the_language_that_it_is_listed_under(language: str) -> None:
    assert language in NAMES
    near = {"ms": ("ms", "id"), "id": ("id", "ms"), "nb": ("nb", "da"), "hr": ("hr", "sl"), "sk": ("sk", "cs")}
    assert detect_language(NOTICES[language], "en", guess_language) in near.get(language, (language,))


@pytest.mark.parametrize(
    ("language", "words", "expected"),
    [
        ("fr", "Comment ça va ?", NOTICES["fr"]),
        ("zh-Hant", "你好嗎？", NOTICES["zh"]),
        ("eu", "Zer moduz zaude?", OTHERWISE),
    ],
)
def test_the_answer_in_another_language_is_the_notice(language: str, words: str, expected: str) -> None:
    assert expected in answer(words, language)


@pytest.mark.parametrize("language", ["en", "en-GB", "de", "de-AT"])
def test_english_and_german_are_answered(language: str) -> None:
    assert answer("Hello Ada", language) != answer("Hello Ada", "fr")


def test_a_cry_for_help_in_english_is_heard_whatever_the_language_in_use() -> None:
    assert "human" in answer("I want to kill myself", "fr") or "emergency" in answer("I want to kill myself", "fr")


@pytest.mark.parametrize("text", ["***", "…", "😀", "?!", "2 + 2", "17", "3 × (4 − 1) = ?", "Hi", "Danke!", "OK"])
@pytest.mark.parametrize(("character", "same_as"), [(ADA, "en"), (BERTA, "de")])
def test_a_text_without_letters_of_the_language_in_use_is_answered_in_the_characters_language(
    text: str, character: CharacterCreated, same_as: str
) -> None:
    assert answer(text, "ar", character=character) == answer(text, same_as, character=character)


@pytest.mark.parametrize(("text", "result"), [("2 + 2", "4"), ("2 x 2", "4"), ("٢ + ٣", "5"), ("√81", "9")])
def test_a_sum_is_answered_whatever_the_language_in_use(text: str, result: str) -> None:
    assert result in answer(text, "ar")


def test_a_cry_for_help_is_heard_in_both_languages_that_the_companion_speaks() -> None:
    assert answer("Ich will mich umbringen", "ar") == answer("Ich will mich umbringen", "de")


@pytest.mark.parametrize("question", ["Why do volcanoes erupt?", "Do you have a language model?"])
def test_it_says_that_the_language_model_is_busy_and_not_that_there_is_none(question: str) -> None:
    assert "still loading" in answer(question, "en", "busy") or "too long" in answer(question, "en", "busy")
    assert "still loading" not in answer(question, "en")


def test_in_german_it_says_that_the_language_model_speaks_english() -> None:
    assert "kann nur Englisch" in answer("Warum brechen Vulkane aus?", "de", "english")
