"""A quarter of an hour of small talk: nothing is said twice while there is something else, and little is not known."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache

import pytest

from services.dialogue.companion.engine import language_of
from services.dialogue.companion.english import ENGLISH
from services.dialogue.companion.german import GERMAN
from services.dialogue.companion.said import Said
from services.dialogue.companion.tables import Language
from services.dialogue.engine import ChatRequest
from services.dialogue.normalisation import normalise
from tests.services.dialogue.companion.small_talk import SMALL_TALK
from tests.services.dialogue.companion.talk import ADA, Talk, say

CODES = pytest.mark.parametrize("code", ["en", "de"])
LANGUAGE = {"en": ENGLISH, "de": GERMAN}
QUARTER_OF_AN_HOUR = 75
"""Sentences of the person, at twelve seconds for each exchange."""
CHANGING = (
    "{known}", "{role}", "{age}", "{value}", "{result}", "{time}", "{date}", "{quote}", "{echo}", "{list}", "{days}",
    "{weekday}",
)  # fmt: skip
"""Fields that may be empty, or that make a line say something new."""
TALK_ON = {
    code: [text for text in said if text not in ("say that again", "sag das noch einmal")]
    for code, said in SMALL_TALK.items()
}
"""Without what asks for a repetition."""
ADDED = ("short_hello", "again")
"""Begin other replies, with words that others begin with, too."""
IGNORANT = ("no_model", "decline")
ABOUT_MODEL = ("language model", "sprachmodell")


def pools(language: Language) -> Iterator[tuple[str, ...]]:
    """The lines from which one is chosen at a time."""
    yield from (lines for key, lines in language.answers.items() if key not in ADDED)
    for topic in (*language.feelings, *language.topics):
        yield from (topic.openers, topic.follow_ups)
    repertoire = language.repertoire
    yield from (repertoire.jokes, repertoire.facts, repertoire.poems)


def speaks_of_model(reply: str) -> bool:
    return any(words in reply.lower() for words in ABOUT_MODEL)


@cache
def _shape(line: str) -> re.Pattern[str]:
    """Matches the normalised text of a line, whatever its fields were."""
    pieces = re.split(r"\{\w+\}", re.sub(r"\[\w+\]", " ", line))
    return re.compile(r"(?:^| )" + r"\b.*\b".join(re.escape(normalise(piece)) for piece in pieces) + r"(?: |$)")


def is_in(line: str, reply: str) -> bool:
    """Whether a reply contains a line; of three words or fewer, which stand in others too, whether it is the line."""
    shape, words = _shape(line), _normal(reply)
    return bool(shape.fullmatch(words) if _is_short(line) else shape.search(words))


@cache
def _is_short(line: str) -> bool:
    return len(normalise(re.sub(r"\[\w+\]|\{\w+\}", " ", line)).split()) <= 3


@cache
def _normal(reply: str) -> str:
    return normalise(reply)


@CODES
@pytest.mark.parametrize("seed", range(2))
def test_no_line_is_said_again_while_others_are_left(code: str, seed: int) -> None:
    """Over three hundred sentences in any order, each of them several times."""
    language = LANGUAGE[code]
    talk = Talk(code, seed=seed)
    order = random.Random(seed)
    checked = [[line for line in pool if not any(field in line for field in CHANGING)] for pool in pools(language)]
    said: set[str] = set()
    for _ in range(300):
        before = Said(talk.history, 0)
        talk.say(order.choice(TALK_ON[code]))
        reply = talk.replies[-1]
        now = {line for pool in checked for line in pool if is_in(line, reply)}
        for pool in checked:
            if said & now & set(pool):
                assert before.fresh(pool) == [], (said & now & set(pool), talk.history[-2:])
        said |= now


@CODES
@pytest.mark.parametrize("seed", range(5))
def test_a_quarter_of_an_hour_has_no_reply_twice(code: str, seed: int) -> None:
    talk = Talk(code, seed=seed)
    said = list(SMALL_TALK[code])
    random.Random(seed).shuffle(said)
    talk.say(*said[:QUARTER_OF_AN_HOUR])
    twice = {reply for reply in talk.replies if talk.replies.count(reply) > 1}
    assert twice == set()


@CODES
@pytest.mark.parametrize("seed", range(5))
def test_it_says_exactly_once_that_no_language_model_is_connected(code: str, seed: int) -> None:
    talk = Talk(code, seed=seed)
    asked = {
        "en": ["why is the sky blue", "what is the capital of france", "who wrote faust", "how do planes fly"],
        "de": ["warum ist der himmel blau", "was ist die hauptstadt von frankreich", "wer schrieb den faust"],
    }[code]
    order = random.Random(seed)
    for _ in range(120):
        talk.say(order.choice([*TALK_ON[code], *asked]))
    told = [reply for reply in talk.replies if speaks_of_model(reply)]
    assert len(told) == 1
    assert "VISAVIS" not in told[0]
    assert "Ollama" in told[0] or "read-me" in told[0] or "Liesmich" in told[0]


@CODES
def test_it_says_so_at_the_first_question_that_it_cannot_answer(code: str) -> None:
    talk = Talk(code)
    hello, question = {"en": ("hello", "why is the sky blue"), "de": ("hallo", "warum ist der himmel blau")}[code]
    assert not speaks_of_model(talk.say(hello))
    assert speaks_of_model(talk.say(question))
    assert not speaks_of_model(talk.say(question))


@CODES
def test_asked_for_its_model_it_tells_the_truth_each_time(code: str) -> None:
    talk = Talk(code)
    question = {"en": "do you have a language model", "de": "hast du ein sprachmodell"}[code]
    for _ in range(5):
        assert speaks_of_model(talk.say(question))


@CODES
def test_of_ordinary_sentences_at_most_one_in_ten_is_not_known(code: str) -> None:
    said = SMALL_TALK[code]
    assert len(said) >= 60
    language = LANGUAGE[code]
    ignorant = [line for key in IGNORANT for line in language.answers[key]]
    in_a_row = Talk(code)
    in_a_row.say(*said)
    for replies in (in_a_row.replies, [say(text, code) for text in said]):
        unknown = [reply for reply in replies if any(is_in(line, reply) for line in ignorant)]
        assert len(unknown) <= len(said) / 10, unknown


@CODES
def test_the_same_exchange_gets_the_same_reply_and_others_vary(code: str) -> None:
    joke = {"en": "tell me a joke", "de": "erzähl mir einen witz"}[code]
    assert say(joke, code, seed=3) == say(joke, code, seed=3)
    assert len({say(joke, code, seed=seed) for seed in range(20)}) > 3


def test_the_language_is_that_of_the_request() -> None:
    request = ChatRequest(text="hallo", at=0, language="de-AT", character=ADA)
    assert language_of(request) is GERMAN
    assert language_of(ChatRequest(text="hello", at=0, language="fr", character=ADA)) is ENGLISH
