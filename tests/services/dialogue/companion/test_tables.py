"""The tables of both languages can be spoken, are complete, and every row can be reached."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator
from typing import get_args

import pytest

from bus.events import Emotion
from services.dialogue.companion.english import ENGLISH
from services.dialogue.companion.german import GERMAN
from services.dialogue.companion.performances import KINDS
from services.dialogue.companion.recall import RECALL
from services.dialogue.companion.said import fingerprint
from services.dialogue.companion.tables import Language
from services.dialogue.companion.understanding.intents import match_intent
from services.dialogue.companion.understanding.text import segments
from services.dialogue.segmenter import segments_of

LANGUAGES = pytest.mark.parametrize("language", [ENGLISH, GERMAN], ids=["en", "de"])
FIELDS = {
    "name", "traits", "role", "age", "person", "known", "others", "other", "hello", "time", "date", "weekday", "month",
    "year", "what", "days", "duration", "value", "subject", "list", "quote", "result", "count", "label", "echo",
}  # fmt: skip
VARYING = FIELDS - {"name", "traits", "role", "age", "person", "others", "other", "hello"}
HANDLED = {*RECALL, *KINDS, "give_up", "what_is_it", "another", "go_on", "entertain", "change_subject"}
"""Intents that have no table of answers of their own name."""
LONGEST = 180
"""Characters of the longest sentence, which one breath still carries."""


def lines(language: Language) -> Iterator[str]:
    """Every line that can be said."""
    yield from (line for pool in language.answers.values() for line in pool)
    for topic in (*language.feelings, *language.topics):
        yield from (*topic.starters, *topic.openers, *topic.follow_ups)
    repertoire = language.repertoire
    yield from (*repertoire.jokes, *repertoire.facts, *repertoire.poems)
    yield from (line for riddle in repertoire.riddles for line in (riddle.question, riddle.solution))
    yield from (part for story in repertoire.stories for part in story)
    yield from (offer.text for offer in language.offers if offer.is_general)


@LANGUAGES
def test_every_line_can_be_spoken_with_an_emotion(language: Language) -> None:
    for line in lines(language):
        assert line.startswith("["), line
        assert {field for _, field, _, _ in string.Formatter().parse(line) if field} <= FIELDS, line
        for segment in segments_of(line, language.code):
            assert len(segment.text) <= LONGEST, segment.text
            assert "[" not in segment.text
            assert segment.spoken_text == " ".join(segment.text.split())
            assert segment.emotion is None or segment.emotion in get_args(Emotion)


@LANGUAGES
def test_no_two_lines_look_the_same_in_the_history(language: Language) -> None:
    """Else the companion would believe that it has said one when it has said the other."""
    in_offers = {offer.text for offer in language.offers}
    # Lines about something that differs from time to time may be alike: they are not used up.
    steady = [line for line in lines(language) if not VARYING & set(re.findall(r"\{(\w+)\}", line))]
    marks = Counter(fingerprint(line) for line in steady if line not in in_offers)
    assert [mark for mark, count in marks.items() if count > 1] == []
    assert "" not in marks


@LANGUAGES
def test_every_intent_is_answered_and_reached_by_its_own_examples(language: Language) -> None:
    for intent in (*language.safety, *language.intents):
        assert intent.name in language.answers or intent.name in HANDLED
        for example in intent.examples:
            words = segments(example, language)[0].words
            found = match_intent(words, language.intents)
            assert found is not None, example
            assert (example, found.name) == (example, intent.name)


def test_both_languages_have_the_same_tables() -> None:
    assert ENGLISH.answers.keys() == GERMAN.answers.keys()
    assert {intent.name for intent in ENGLISH.intents} == {intent.name for intent in GERMAN.intents}
    assert {topic.name for topic in ENGLISH.topics} == {topic.name for topic in GERMAN.topics}
    assert {topic.name for topic in ENGLISH.feelings} == {topic.name for topic in GERMAN.feelings}
    assert ENGLISH.summary.keys() == GERMAN.summary.keys()


@LANGUAGES
def test_what_is_offered_can_be_done(language: Language) -> None:
    for offer in language.offers:
        assert offer.intent in (*KINDS, "another")
        assert offer.is_general or any(fingerprint(offer.text) in fingerprint_of_all(line) for line in lines(language))


def fingerprint_of_all(line: str) -> str:
    return " ".join(fingerprint(segment.text) for segment in segments_of(line, "en"))


@LANGUAGES
def test_only_what_is_about_the_model_speaks_of_it(language: Language) -> None:
    about = {"no_model", "busy_model", "english_model", "has_model", "connect"}
    others = [line for key, pool in language.answers.items() if key not in about for line in pool]
    assert [line for line in others if language.model_words.search(line.lower())] == []
    assert all(language.model_words.search(line.lower()) for line in language.answers["no_model"])
    assert [line for line in others if "VISAVIS_" in line] == []


@LANGUAGES
def test_serious_answers_name_the_emergency_number_or_a_human_and_never_smile(language: Language) -> None:
    human = ("emergency number", "person", "human") if language is ENGLISH else ("Notruf", "Mensch", "jemand", "Wen ")
    for key in ("self_harm", "emergency", "abuse", "safety_follow"):
        for line in language.answers[key]:
            assert "[happy]" not in line
            assert any(word in line for word in human) or "Who could you call" in line or "Is somebody near" in line
