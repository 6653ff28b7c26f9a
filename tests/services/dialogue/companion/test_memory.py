"""What the person tells is remembered in the conversation; a word that is no name is never taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dialogue.companion.english import ENGLISH
from services.dialogue.companion.german import GERMAN
from services.dialogue.companion.memory import find_name
from services.dialogue.companion.tables import Language
from services.dialogue.companion.understanding.text import tidy
from services.dialogue.normalisation import normalise
from tests.services.dialogue.companion.talk import Talk

LANGUAGES = pytest.mark.parametrize("language", [ENGLISH, GERMAN], ids=["en", "de"])


def name_in(text: str, language: Language = ENGLISH) -> str:
    return find_name(tidy(text, language), language.memory)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is tom", "Tom"),
        ("My name's Tom", "Tom"),
        ("my names tom", "Tom"),
        ("call me Ann please", "Ann"),
        ("I'm Tom and I love sailing", "Tom"),
        ("i am tom", "Tom"),
        ("uh my name is um tom", "Tom"),
        ("hi i'm sarah", "Sarah"),
        ("my name is Anna-Lena", "Anna-Lena"),
        ("No, my name is Tim.", "Tim"),
        ("I'm not Tom, I'm Tim", "Tim"),
        ("I am Xanthippe", "Xanthippe"),
        ("people call me jack", "Jack"),
        ("My name is O'Brien", "O'Brien"),
        ("my name is and then what", ""),
        ("my name is not important", ""),
        ("i am tired", ""),
        ("I'm sailing", ""),
        ("I am German", ""),
        ("I'm a teacher", ""),
        ("call me later", ""),
        ("what is my name", ""),
        ("i am so happy", ""),
        ("call me a taxi", ""),
        ("My name is", ""),
        ("I am Tom's brother", ""),
        ("the name is not on the list", ""),
    ],
)
def test_english_names(text: str, name: str) -> None:
    assert name_in(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ich heiße Jan", "Jan"),
        ("ich heisse jan", "Jan"),
        ("mein Name ist Anna", "Anna"),
        ("nenn mich bitte Uli", "Uli"),
        ("ich bin der Tom", "Tom"),
        ("Ich bin Tom und ich segle gern", "Tom"),
        ("ich bin karin", "Karin"),
        ("nein, ich heiße Tim", "Tim"),
        ("mein name ist und dann was", ""),
        ("ich bin müde", ""),
        ("ich heiße nicht Jan", ""),
        ("ich bin Lehrer von Beruf", ""),
        ("mein name ist nicht wichtig", ""),
        ("ich bin zu Hause", ""),
        ("wie heiße ich", ""),
        ("ich werde krank", ""),
    ],
)
def test_german_names(text: str, name: str) -> None:
    assert name_in(text, GERMAN) == name


@LANGUAGES
@given(st.data())
def test_memory_never_takes_a_stop_word_as_a_name(language: Language, data: st.DataObject) -> None:
    frames = {
        "en": [
            "my name is {}",
            "call me {}",
            "i am {}",
            "I'm {} and {}",
            "my name {}",
            "this is {}",
            "{}",
            "the name is {}",
        ],
        "de": ["mein name ist {}", "ich heiße {}", "nenn mich {}", "ich bin {}", "ich bin der {}", "{}", "hier ist {}"],
    }[language.code]
    words = st.sampled_from(sorted(language.memory.not_names))
    word = data.draw(words)
    case = data.draw(st.sampled_from([str.lower, str.capitalize, str.upper]))
    text = data.draw(st.sampled_from(frames)).format(case(word), data.draw(words))
    for asks_name in (False, True):
        found = find_name(tidy(text, language), language.memory, asks_name=asks_name)
        assert normalise(found) not in language.memory.not_names


@given(st.text(max_size=80))
def test_whatever_is_said_a_name_is_a_word_of_it(text: str) -> None:
    for language in (ENGLISH, GERMAN):
        name = name_in(text, language)
        assert normalise(name) in normalise(tidy(text, language))


def test_a_name_is_remembered_corrected_and_taken_back() -> None:
    talk = Talk()
    assert "Tom" in talk.say("my name is tom")
    assert "Tom" in talk.say("what's my name")
    assert "Tim" in talk.say("no, my name is Tim")
    assert "Tim" in talk.say("nice weather today", "what is my name")
    assert "Tim" not in talk.say("that's not my name", "what is my name")


def test_a_bare_name_answers_the_question_for_it() -> None:
    talk = Talk()
    assert "?" in talk.say("what is my name")
    assert "Priya" in talk.say("priya")
    assert "Priya" in talk.say("who am i")


def test_without_a_name_it_asks_for_one() -> None:
    assert "name" in Talk().say("what is my name")
    assert "And" not in Talk().say("my name is and then what", "what is my name").split()


@pytest.mark.parametrize(
    ("told", "asked", "expected"),
    [
        ("I love sailing and old maps", "what do I like", "sailing and old maps"),
        ("i like my bike very much", "what do i like", "your bike"),
        ("I hate getting up early", "what do I hate", "getting up early"),
        ("I have a dog called Rex", "what is my dog's name", "Rex"),
        ("my cat is called mimi", "what's my cat called", "Mimi"),
        ("I live in Lyon", "where do I live", "Lyon"),
        ("I'm from Ghana", "where am I from", "Ghana"),
        ("I work as a nurse", "what is my job", "a nurse"),
        ("my sister is called Ann", "what is my sister's name", "Ann"),
        ("my sister is called Ann", "who is Ann", "sister"),
        ("i am thirty four years old", "how old am i", "thirty four"),
        ("my favourite colour is green", "what is my favorite color", "green"),
        ("I'm Tom and I love sailing", "what do you know about me", "Tom"),
    ],
)
def test_it_remembers_in_english(told: str, asked: str, expected: str) -> None:
    talk = Talk()
    talk.say(told, "i went for a walk", "it was nice")
    assert expected.lower() in talk.say(asked).lower()


@pytest.mark.parametrize(
    ("told", "asked", "expected"),
    [
        ("Ich liebe Segeln und alte Karten", "was mag ich", "Segeln und alte Karten"),
        ("Ich bin Tom und ich segle gern", "was mag ich", "segeln"),
        ("ich spiele gern klavier", "was mag ich", "klavier spielen"),
        ("Ich mag keinen Spinat", "was mag ich nicht", "Spinat"),
        ("ich habe einen hund namens rex", "wie heißt mein hund", "Rex"),
        ("Meine Katze heißt Mimi", "wie heißt meine katze", "Mimi"),
        ("ich wohne in Graz", "wo wohne ich", "Graz"),
        ("ich arbeite als Gärtnerin", "was arbeite ich", "Gärtnerin"),
        ("Meine Schwester heißt Anna", "wie heißt meine schwester", "Anna"),
        ("Meine Lieblingsfarbe ist Grün", "was ist meine lieblingsfarbe", "Grün"),
        ("ich heiße Tom", "was weißt du über mich", "Tom"),
    ],
)
def test_it_remembers_in_german(told: str, asked: str, expected: str) -> None:
    talk = Talk("de")
    talk.say(told, "ich war spazieren", "es war schön")
    assert expected.lower() in talk.say(asked).lower()


def test_a_favourite_is_learned_from_a_bare_answer() -> None:
    talk = Talk()
    talk.say("what is your favourite colour", "blue")
    assert "blue" in talk.say("what is my favourite color").lower()


def test_it_knows_what_was_said_first_last_and_before() -> None:
    talk = Talk()
    talk.say("it is raining here", "i had soup for lunch", "the soup was good")
    assert "it is raining here" in talk.say("what did I say first?")
    assert "what did I say first" in talk.say("what did i just say")
    assert "what did I say first" in talk.say("what did i say before that")


def test_it_repeats_what_it_said() -> None:
    talk = Talk()
    first = talk.say("i like maps")
    assert first.rstrip("?.!") in talk.say("say that again").replace(",", ".") or first[:20] in talk.replies[-1]
    assert "not said anything" in Talk().say("what did you say")


def test_nothing_is_remembered_from_another_conversation() -> None:
    assert "Tom" in Talk().say("my name is tom")
    assert "Tom" not in Talk().say("what is my name")


@pytest.mark.parametrize(
    ("language", "told", "asked", "expected"),
    [
        ("en", "My sister Ana is visiting tomorrow.", "What did I tell you about my sister?", "sister Ana"),
        ("en", "The new bakery smells wonderful.", "what did i say about the bakery", "new bakery"),
        ("de", "Meine Schwester Ana kommt morgen.", "Was habe ich dir über meine Schwester erzählt?", "Schwester Ana"),
        ("de", "Das neue Boot ist rot.", "was habe ich von dem Boot gesagt", "neue Boot"),
    ],
)
def test_what_was_said_about_something_is_that_sentence(language: str, told: str, asked: str, expected: str) -> None:
    more = "What time is it?" if language == "en" else "Wie spät ist es?"
    assert expected in Talk(language).say(told, more, asked)


@pytest.mark.parametrize(
    ("language", "asked"),
    [("en", "What did I tell you about my boat?"), ("de", "Was habe ich dir über mein Boot erzählt?")],
)
def test_what_was_never_spoken_of_is_not_made_up_from_the_last_sentence(language: str, asked: str) -> None:
    assert "7" not in Talk(language).say("7 + 7", asked)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("language", "text"), [("en", "Hello, my name is Tom."), ("de", "Hallo, ich heiße Tom.")])
def test_who_says_hello_and_a_name_is_greeted_once(language: str, text: str, seed: int) -> None:
    words = normalise(Talk(language, seed=seed).say(text)).split()
    greetings = [one for one in words if one in ("hello", "hi", "welcome", "hallo", "grüss", "willkommen")]
    assert len(greetings) == 1
