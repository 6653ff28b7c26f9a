"""The sentence that is heard where a reply fails."""

from __future__ import annotations

import pytest

from services.dialogue.failure_sentences import SENTENCES, failure_sentence


@pytest.mark.parametrize(("language", "spoken"), [("en", "en"), ("en-GB", "en-GB"), ("de", "de"), ("fr", "en")])
def test_it_is_in_the_language_of_the_reply_or_else_in_english(language: str, spoken: str) -> None:
    text, said_in = failure_sentence("llm_unreachable", language, begun=False)
    assert said_in == spoken
    assert text == SENTENCES[spoken.split("-")[0]]["away"]


def test_every_cause_has_a_sentence_of_its_own_in_every_language() -> None:
    for sentences in SENTENCES.values():
        assert sentences.keys() == SENTENCES["en"].keys()
        assert len(set(sentences.values())) == len(sentences)
        assert all(text.endswith(".") and text.count(".") == 1 for text in sentences.values())


def test_a_reply_that_had_begun_is_said_to_break_off_and_a_refusal_stays_one() -> None:
    assert failure_sentence("llm_failed", "en", begun=True)[0] == SENTENCES["en"]["broke_off"]
    assert failure_sentence("llm_refused", "en", begun=True)[0] == SENTENCES["en"]["refused"]


def test_an_unknown_code_has_a_sentence_too() -> None:
    assert failure_sentence("poison", "de", begun=False)[0] == SENTENCES["de"]["other"]
