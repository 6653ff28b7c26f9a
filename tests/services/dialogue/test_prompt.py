"""The prompt, and the emotion tags of the answer."""

from __future__ import annotations

import itertools

import msgspec

from bus.events import CharacterCreated
from projections.conversation import Message
from services.dialogue.engine import ChatRequest
from services.dialogue.prompt import chat_messages, truncate_history

ADA = CharacterCreated(
    name="Ada", tagline="an engineer", personality="You are curious.", greeting="Hi.", look="l", voice="female"
)


def test_the_prompt_has_the_character_the_history_and_the_words() -> None:
    history = (Message("user", "hello"), Message("assistant", "I was going to", True, "sad"))
    request = ChatRequest(text="go on", at=1, language="de", character=ADA, others=("Bo", "Cy", "Di"), history=history)
    system, *rest = chat_messages(request)
    assert system["role"] == "system"
    for part in ("you are Ada, an engineer. You are curious.", "Bo, Cy and Di", "German", "[happy]", "[fearful]"):
        assert part in system["content"]
    assert rest == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "[sad] I was going to —"},
        {"role": "user", "content": "go on"},
    ]


def test_without_a_tagline_the_prompt_has_the_personality_alone() -> None:
    system, *_ = chat_messages(ChatRequest(text="hi", at=1, character=msgspec.structs.replace(ADA, tagline="")))
    assert "you are Ada. You are curious." in system["content"]


def test_the_prompts_of_all_characters_have_the_same_long_beginning() -> None:
    bo = msgspec.structs.replace(ADA, name="Bo", tagline="a baker", personality="You are calm.")
    prompts = [
        chat_messages(ChatRequest(text="hi", at=1, character=one, language=language))[0]["content"]
        for one, language in ((ADA, "en"), (bo, "de"))
    ]
    shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(*prompts, strict=False)))
    assert shared > 0.8 * len(prompts[0])


def test_a_half_finished_reply_comes_last_with_the_request_to_continue() -> None:
    chat = chat_messages(ChatRequest(text="hi", at=1, character=ADA, reply_so_far=(" One.", " Two.", "\n\n- Three")))
    assert [one["role"] for one in chat] == ["system", "user", "assistant", "user"]
    assert chat[2]["content"] == "One. Two.\n\n- Three"


def test_a_long_history_is_truncated_to_its_newest_part_from_a_message_of_the_person() -> None:
    history = tuple(Message("user" if n % 2 == 0 else "assistant", f"{n:02}" * 5) for n in range(20))
    assert [one.text[:2] for one in truncate_history(history, limit=60)] == ["16", "17", "18", "19"]
    assert [one.text[:2] for one in truncate_history(history, limit=55)] == ["18", "19"]
    assert truncate_history(history, limit=5) == []
    assert truncate_history(history) == list(history)


def test_a_long_history_begins_with_the_same_message_for_several_turns() -> None:
    history = tuple(Message("user" if n % 2 == 0 else "assistant", f"{n:02}" * 5) for n in range(60))
    begun = [truncate_history(history[:length], limit=100)[0].text[:2] for length in range(20, 60, 2)]
    assert begun == sorted(begun)
    assert max(begun.count(one) for one in begun) == 3
    assert len(set(begun)) < len(begun) / 2
    assert all(sum(len(one.text) for one in truncate_history(history[:n], limit=100)) <= 100 for n in range(60))
