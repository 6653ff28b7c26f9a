"""The companion answers what people ask it, knows who it is, plays, and is serious where it must be."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from projections.conversation import Message
from services.dialogue.companion.engine import LANGUAGES, Companion, answer
from services.dialogue.companion.understanding.intents import match_intent, similar_intent
from services.dialogue.companion.understanding.text import segments
from services.dialogue.engine import ChatRequest
from tests.services.dialogue.companion.talk import ADA, NOON, Talk, say

ENGLISH, GERMAN = LANGUAGES
SERIOUS = {
    "en": [
        "i want to kill myself",
        "I don't want to live anymore",
        "i have been hurting myself",
        "my husband hits me",
        "the kitchen is on fire",
        "i think i'm having a heart attack",
        "he is unconscious",
    ],
    "de": [
        "ich will mich umbringen",
        "ich will nicht mehr leben",
        "ich ritze mich",
        "mein mann schlägt mich",
        "die küche brennt",
        "ich glaube ich habe einen herzinfarkt",
        "er ist bewusstlos",
    ],
}


def test_a_greeting_with_a_question_gets_both_answered() -> None:
    said = say("Hello, how are you doing this morning?")
    assert re.match(r"(Hello|Hi|Welcome)", said)
    assert "VISAVIS" not in said
    assert "you" in said.lower()
    both = say("hello ada what time is it")
    assert re.match(r"(Hello|Hi|Welcome)", both)
    assert "2:05" in both


def test_two_questions_are_both_answered_with_or_without_punctuation() -> None:
    for text in ("What is two plus two? And what time is it?", "what is two plus two and what time is it"):
        said = say(text)
        assert "4" in said
        assert "2:05" in said


def test_what_needs_no_answer_is_left_out_beside_what_does() -> None:
    assert say("okay. what time is it?").count("2:05") == 1
    assert len(say("okay. what time is it?")) < 50
    thanked = {say("yes. thanks.", seed=seed) for seed in range(20)}
    assert thanked <= {re.sub(r"\[\w+\] |\{person\}", "", line) for line in ENGLISH.answers["thanks"]}


def test_after_something_serious_no_joke_is_told() -> None:
    talk = Talk()
    talk.say("i want to kill myself")
    for text in ("tell me a joke", "ok i will call my brother", "you are funny"):
        assert "[happy]" not in talk.tagged(text)


def test_it_greets_by_the_time_of_day_where_it_is() -> None:
    assert "Good morning" in say("hello", now=NOON.replace(hour=8))
    assert "Good evening" in say("hello", now=NOON.replace(hour=21))
    assert "Guten Abend" in say("guten tag", "de", now=NOON.replace(hour=21))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("what is your name", "name"),
        ("who are you", "name"),
        ("how are you", "how_are_you"),
        ("how old are you", "age"),
        ("can you hear me", "hear_me"),
        ("what can you do", "can_do"),
        ("who else is here", "others"),
        ("can i talk to someone else", "switch"),
        ("how do i connect a language model", "connect"),
        ("tell me a joke", "joke"),
        ("thank you very much", "thanks"),
        ("good night", "bye"),
        ("are you a robot", "real"),
        ("what is my name", "recall_name"),
        ("say that again", "repeat"),
        ("you are stupid", "insult"),
        ("you look great", "praise"),
        ("yes please", "yes"),
        ("no thanks", "no"),
        ("what did i say first", "recall_first"),
        ("what do you like", "favourite"),
        # as pocketsphinx heard a synthetic voice say it
        ("arguing robot", "real"),
        ("shame that again please", "repeat"),
        ("she later", "bye"),
    ],
)
def test_english_is_understood_also_where_it_was_misrecognised(text: str, intent: str) -> None:
    words = segments(text, ENGLISH)[0].words
    found = match_intent(words, ENGLISH.intents) or similar_intent(words, ENGLISH.intents)
    assert found is not None
    assert found.name == intent


def test_it_knows_who_it_is_and_stays_so() -> None:
    talk = Talk()
    assert "Ada" in talk.say("what is your name")
    first = talk.say("what is your favourite colour?")
    again = talk.say("what is your favorite color")
    values = next(one.values for one in ENGLISH.favourites if one.name == "colour")
    assert [value for value in values if value in first.lower()] == [
        value for value in values if value in again.lower()
    ]
    others = {Talk(character=replace(ADA, name=name)).say("what is your favourite colour") for name in "ABCDEFGH"}
    assert len(others) > 1


def test_it_tells_of_its_story_as_a_story() -> None:
    told = {say("how old are you", seed=seed) for seed in range(20)}
    assert any("In my story I am in my thirties" in one for one in told)
    assert all("story" in one or "program" in one or "software" in one or "birthday" in one for one in told)


def test_a_character_that_nobody_described_says_no_empty_words() -> None:
    nobody = replace(ADA, tagline="", personality="-")
    for seed in range(20):
        for text in ("who are you", "tell me about yourself", "how old are you", "are you strict"):
            said = Talk(character=nobody, seed=seed).say(text)
            assert not re.search(r"I am [.:;,]|as \.|be \.", said), said


def test_it_names_the_others_and_how_to_meet_them() -> None:
    assert "Bo and Cleo" in say("who else is there")
    assert "Bo und Cleo" in say("wer ist noch da", "de")
    alone = Talk(others=()).say("who else is there")
    assert "only" in alone or "just me" in alone


@pytest.mark.parametrize("code", ["en", "de"])
def test_what_is_serious_is_answered_seriously_and_stays_so(code: str) -> None:
    for text in SERIOUS[code]:
        talk = Talk(code)
        said = talk.tagged(text)
        assert "[happy]" not in said
        assert re.search(r"emergency number|human being|person|Notruf|Mensch", said), said
    talk = Talk(code)
    talk.say(SERIOUS[code][0])
    follow = talk.tagged({"en": "nobody would notice", "de": "es würde keiner merken"}[code])
    assert "[happy]" not in follow


@pytest.mark.parametrize(
    "text", ["i am dying to see that film", "we killed time at the station", "i cut the bread myself"]
)
def test_figures_of_speech_are_no_emergency(text: str) -> None:
    assert "emergency" not in say(text)


@pytest.mark.parametrize(
    ("code", "story", "on", "end"),
    [("en", "tell me a story", "go on", "end"), ("de", "erzähl mir eine geschichte", "weiter", "nde")],
)
def test_a_story_is_told_in_parts_to_its_end(code: str, story: str, on: str, end: str) -> None:
    talk = Talk(code)
    talk.say(story)
    talk.say(on, {"en": "what time is it", "de": "wie spät ist es"}[code], on, on)
    assert re.search(rf"{end}", talk.replies[-1])
    assert len(set(talk.replies)) == len(talk.replies)


def test_a_riddle_takes_guesses_and_is_solved() -> None:
    for seed in range(10):
        talk = Talk(seed=seed)
        asked = talk.say("ask me a riddle")
        riddle = next(one for one in ENGLISH.repertoire.riddles if asked in re.sub(r"\[\w+\] ", "", one.question))
        solution = re.sub(r"\[\w+\] ", "", riddle.solution)
        assert solution not in talk.say("a cloud")
        assert solution in talk.say("i give up")
        assert solution not in talk.say("i give up")


def test_the_number_can_be_found_by_halving() -> None:
    for code, start in (("en", "let's play a game"), ("de", "lass uns etwas spielen")):
        for seed in range(5):
            talk = Talk(code, seed=seed)
            talk.say("hello", f"it is day {seed}", start)
            low, high, tries = 1, 50, 0
            while tries < 8:
                tries += 1
                guess = (low + high) // 2
                said = talk.tagged(str(guess))
                lines = {key: LANGUAGES[code == "de"].answers[key] for key in ("game_higher", "game_lower")}
                if any(said == line.format(value=guess) for line in lines["game_higher"]):
                    low = guess + 1
                elif any(said == line.format(value=guess) for line in lines["game_lower"]):
                    high = guess - 1
                else:
                    break
            assert str(guess) in said
            assert low <= guess <= high
            assert tries <= 6


def test_an_offer_is_taken_with_yes() -> None:
    talk = Talk()
    talk.history += [
        Message("user", "who wrote faust"),
        Message("assistant", "No idea. Shall I tell you a joke instead?"),
    ]
    jokes = [re.sub(r"\[\w+\] ", "", joke) for joke in ENGLISH.repertoire.jokes]
    assert talk.say("yes please") in jokes


@pytest.mark.parametrize(
    "text", ["", " ", "?!", "[happy]", "{name}", "{}", "%s", "😀", "a" * 5000, "why " * 500, "\n\n", "Ada"]
)
def test_whatever_is_written_it_answers(text: str) -> None:
    for code in ("en", "de"):
        said = say(text, code)
        assert said
        assert "{" not in said


async def test_the_answer_is_streamed_and_depends_on_the_request_alone() -> None:
    request = ChatRequest(text="tell me a joke", at=int(NOON.timestamp() * 1_000_000), character=ADA, seed=4)
    pieces = [piece async for piece in Companion(zone=NOON.tzinfo).stream(request)]
    assert "".join(pieces) == answer(request, NOON)
    assert Companion.deterministic
