"""How likely a sentence ends after a text, and what that adds to the odds that a phrase is over."""

from __future__ import annotations

import pytest

from services.gateway.listening.end_of_turn import required_silence_ms, sound_odds, word_odds
from services.gateway.listening.sentence_end import end_probability


def english(text: str) -> float:
    """The probability that an English sentence ends after this text."""
    model = end_probability("en-GB")
    assert model is not None
    return model(text)


@pytest.mark.parametrize(
    ("whole", "broken_off"),
    [
        ("what is your name", "my name is"),
        ("Please check the number and dial again.", "Please check the number and"),
        ("tell me a story about the sea", "tell me a story about the"),
        ("Thank you very much.", "Thank you for the very."),
    ],
)
def test_a_sentence_ends_after_its_last_word_rather_than_before(whole: str, broken_off: str) -> None:
    assert english(whole) > 4 * english(broken_off)
    assert word_odds(whole, "en", english) > word_odds(broken_off, "en", english) + 1


def test_no_words_tell_nothing() -> None:
    assert english("") == 0
    assert word_odds("…", "en", english) == 0


def test_other_languages_have_no_model_and_are_judged_by_their_word_lists() -> None:
    assert end_probability("de-DE") is None
    assert word_odds("Wie spät ist es?", "de") > word_odds("ich habe", "de")


def test_few_words_that_are_no_utterance_by_themselves_tell_of_more() -> None:
    assert word_odds("Yes.", "en", english) > 0 > word_odds("Please enter.", "en", english)


def test_the_setting_is_waited_for_where_nothing_is_known() -> None:
    assert required_silence_ms(700, None, None, habit=1.0) == 700


def test_the_silence_has_a_least_and_a_greatest_length() -> None:
    sure = sound_odds(1.0), word_odds("what can you do for me", "en", english)
    doubtful = sound_odds(0.0), word_odds("i would like to go to the", "en", english)
    assert required_silence_ms(500, *sure) == 160
    assert required_silence_ms(500, *doubtful) == 1600
    assert required_silence_ms(500, *doubtful, habit=1.0) == 900
    assert required_silence_ms(500, sure[0], None) == 300
    assert required_silence_ms(500, None, doubtful[1]) == 900
    assert required_silence_ms(200, sure[0], None) == 200
    assert required_silence_ms(3000, *doubtful) == 3000
