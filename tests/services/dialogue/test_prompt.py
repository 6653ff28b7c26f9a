"""What the model is told, and what its tags mean."""

from __future__ import annotations

import msgspec
import pytest

from bus.events import CharacterCreated
from projections.conversation import Message
from services.dialogue.engine import Exchange
from services.dialogue.prompt import Toned, bounded, messages, parse

ADA = CharacterCreated(
    name="Ada", tagline="an engineer", personality="You are curious.", greeting="Hi.", look="l", voice="female"
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("[happy] Hello there.", Toned("Hello there.", "happy")),
        ("[ Happy ]: Hello.", Toned("Hello.", "happy")),
        ("[emotion: SAD] Oh no.", Toned("Oh no.", "sad")),
        ("(surprised) Really?", Toned("Really?", "surprised")),
        ("*smiles* Nice.", Toned("Nice.", "happy")),
        ("<angry/> Stop it.", Toned("Stop it.", "angry")),
        ("Well done [joy]!", Toned("Well done!", "happy")),
        ("[happy] One [sad] two.", Toned("One two.", "happy")),
        ("[wistful] Long ago.", Toned("Long ago.", None)),
        ("I (really) mean it.", Toned("I (really) mean it.", None)),
        ("It takes 2*3*4 steps [see page 4].", Toned("It takes 2*3*4 steps [see page 4].", None)),
        ("Just words.", Toned("Just words.", None)),
        ("[fröhlich] Guten Tag.", Toned("Guten Tag.", "happy")),
        ("[happy]", Toned("", "happy")),
        ("[happy face] Hi.", Toned("Hi.", "happy")),
    ],
)
def test_a_mood_is_found_in_whatever_form_models_give_it(said: str, expected: Toned) -> None:
    assert parse(said) == expected


def test_the_model_learns_who_it_is_what_was_heard_and_what_was_said() -> None:
    history = (Message("user", "hello"), Message("assistant", "I was going to", True))
    exchange = Exchange(text="go on", at=1, language="de", character=ADA, others=("Bo", "Cy", "Di"), history=history)
    system, *rest = messages(exchange)
    assert system["role"] == "system"
    for part in ("You are Ada, an engineer. You are curious.", "Bo, Cy and Di", "German", "[happy]", "[fearful]"):
        assert part in system["content"]
    assert rest == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "I was going to —"},
        {"role": "user", "content": "go on"},
    ]


def test_who_has_no_tagline_is_who_the_personality_says() -> None:
    system, *_ = messages(Exchange(text="hi", at=1, character=msgspec.structs.replace(ADA, tagline="")))
    assert system["content"].startswith("You are Ada. You are curious.")


def test_a_half_told_answer_stands_at_the_end_with_the_request_to_go_on() -> None:
    chat = messages(Exchange(text="hi", at=1, character=ADA, told=("One.", "Two.")))
    assert [one["role"] for one in chat] == ["system", "user", "assistant", "user"]
    assert chat[2]["content"] == "One. Two."


def test_of_a_long_history_the_newest_part_is_shown_from_something_the_person_said() -> None:
    history = tuple(Message("user" if n % 2 == 0 else "assistant", f"{n:02}" * 5) for n in range(20))
    assert [one.text[:2] for one in bounded(history, limit=55)] == ["16", "17", "18", "19"]
    assert [one.text[:2] for one in bounded(history, limit=40)] == ["16", "17", "18", "19"]
    assert bounded(history, limit=5) == []
    assert bounded(history) == list(history)
