"""Commands are carried out without the language model, once, and with the same outcome when redelivered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest

from bus.events import (
    Body,
    CharacterChosen,
    CharacterCreated,
    CommandRecognised,
    CommandRefused,
    ConversationOpened,
    Event,
    Fact,
    MessageReceived,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    TranscriptFinal,
)
from bus.ids import derive_id
from projections.conversation import Conversation, fold_all
from services.dialogue.engine import ChatRequest
from services.dialogue.service import Dialogue
from tests.fakes import FakeReader, event

ADA = CharacterCreated(name="Ada", tagline="t", personality="p", greeting="I am Ada.", look="l", voice="female")
MILO = CharacterCreated(name="Milo", tagline="t", personality="p", greeting="Milo here.", look="l", voice="male")
CHARACTERS = {"ada": ADA, "milo": MILO}


class NoChat:
    """An engine whose answer shows that it was asked."""

    name, deterministic, writes_slowly = "model", True, False

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        yield "The model speaks."


class Talk:
    """A conversation whose log grows with every utterance."""

    def __init__(self, language: str = "en") -> None:
        self.reader = FakeReader(characters=CHARACTERS)
        self.record(ConversationOpened(person="p", character="ada", language=language), None, "opened")

    def record(self, body: Body, turn: str | None, name: str) -> Event:
        seq = len(self.reader.events) + 1
        one = event(cast("Fact", body), at=seq, turn=turn, name=name)
        self.reader.events.append((seq, one))
        return one

    @property
    def state(self) -> Conversation:
        return fold_all(Conversation(id="c"), self.reader.events)

    async def say(self, text: str, language: str = "en", *, forwarded: bool = False) -> list[Body]:
        turn = f"t{len(self.reader.events)}"
        said = TranscriptFinal(utterance=turn, text=text, language=language, confidence=1, forwarded=forwarded)
        return await self.take(self.record(said, turn, f"say-{turn}"))

    async def take(self, asked: Event) -> list[Body]:
        found = [cast("Body", body) async for body in Dialogue(NoChat()).reply(asked, self.reader)]
        for number, body in enumerate(found):
            self.record(body, asked.turn, f"{asked.id}-{number}")
        return found


def answer_texts(bodies: list[Body]) -> list[str]:
    return [body.text for body in bodies if isinstance(body, ReplySentence)]


async def test_a_switch_chooses_the_character_who_then_greets() -> None:
    talk = Talk()
    bodies = await talk.say("Switch to Mylo, please.")
    (asked,) = [one.id for _, one in talk.reader.events if isinstance(one.body, TranscriptFinal)]
    reply = derive_id(asked, "reply")
    assert bodies == [
        CommandRecognised(name="switch", arguments=("milo", "mylo")),
        CharacterChosen(character="milo"),
        ReplyStarted(reply=reply, character="milo", engine="commands"),
        ReplySentence(reply=reply, index=0, text="Milo here.", character="milo", emotion="happy"),
        ReplyEnded(reply=reply, sentences=1),
    ]
    assert talk.state.character == "milo"


@pytest.mark.parametrize(
    ("text", "code", "answer"),
    [
        ("switch to Peter", "unknown_character", "I do not know Peter. Here are Ada and Milo."),
        ("switch to Ada", "already_there", "You are talking to Ada already."),
        ("repeat that", "nothing_to_repeat", "I have not said anything yet."),
        ("louder", "limit_reached", "That is as far as it goes."),
    ],
)
async def test_a_command_that_cannot_be_carried_out_is_refused_with_a_reply(text: str, code: str, answer: str) -> None:
    refused, *rest = await Talk().say(text)
    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.detail, answer_texts(rest)) == (code, answer, [answer])


async def test_the_voice_gets_slower_step_by_step_and_stays_so() -> None:
    talk = Talk()
    paces = []
    for _ in range(4):
        bodies = await talk.say("slower please")
        paces += [body.pace for body in bodies if isinstance(body, ReplySentence)]
    assert paces == [0.84, 0.7, 0.6, 0.6]
    assert isinstance(bodies[0], CommandRefused)
    answer = [body for body in await talk.say("what is the time") if isinstance(body, ReplySentence)]
    assert [(one.text, one.pace) for one in answer] == [("The model speaks.", 0.6)]
    await talk.say("faster")
    assert talk.state.pace == 0.7


async def test_text_only_is_written_and_not_spoken_until_the_voice_is_on_again() -> None:
    talk = Talk()
    spoken = []
    for text in ("text only", "what is the time", "voice on", "softer", "what is the time"):
        spoken += [(one.spoken, one.volume) for one in await talk.say(text) if isinstance(one, ReplySentence)]
    assert spoken == [(False, 1.0)] * 2 + [(True, 1.0), (True, 0.63), (True, 0.63)]


async def test_the_last_reply_is_repeated_with_its_emotion() -> None:
    talk = Talk()
    await talk.say("switch to milo")
    bodies = await talk.say("Pardon?")
    assert [(one.text, one.emotion) for one in bodies if isinstance(one, ReplySentence)] == [("Milo here.", "happy")]


@pytest.mark.parametrize(("text", "name"), [("stop", "stop"), ("new conversation", "new_conversation")])
async def test_some_commands_get_no_reply(text: str, name: str) -> None:
    assert await Talk().say(text) == [CommandRecognised(name=name)]  # type: ignore[arg-type]


async def test_help_lists_the_commands_in_the_language_that_was_spoken() -> None:
    english, german = await Talk().say("what can I say"), await Talk().say("Was kann ich sagen?", "de")
    assert answer_texts(english)[0] == "You can say: switch to Milo."
    assert answer_texts(german)[0] == "Du kannst sagen: Wechsle zu Milo."
    assert {one.language for one in german if isinstance(one, ReplySentence)} == {"de"}


async def test_an_answer_is_in_the_language_that_was_spoken() -> None:
    (one,) = [body for body in await Talk("en").say("wie spät ist es", "de") if isinstance(body, ReplySentence)]
    assert one.language == "de"


async def test_a_greeting_is_in_the_language_of_its_character() -> None:
    (one,) = [body for body in await Talk("de").say("wechsle zu Milo", "de") if isinstance(body, ReplySentence)]
    assert (one.text, one.language) == ("Milo here.", "en")


async def test_what_is_repeated_keeps_its_language() -> None:
    talk = Talk("en")
    await talk.say("Was kann ich sagen?", "de")
    repeated = [body for body in await talk.say("repeat that") if isinstance(body, ReplySentence)]
    assert {one.language for one in repeated} == {"de"}


async def test_an_answer_for_a_language_without_a_table_is_in_english_and_says_so() -> None:
    (one,) = [body for body in await Talk("ar").say("slower", "ar") if isinstance(body, ReplySentence)]
    assert (one.text, one.language) == ("I will speak more slowly.", "en")


async def test_a_command_that_is_redelivered_is_carried_out_once() -> None:
    talk = Talk()
    for text in ("softer", "softer", "softer", "softer"):
        first = await talk.say(text)
    asked = next(one for _, one in reversed(talk.reader.events) if isinstance(one.body, TranscriptFinal))
    assert isinstance(first[0], CommandRecognised)
    # Its worker died before the end of the reply was on the log.
    ended = talk.reader.events.pop()
    assert isinstance(ended[1].body, ReplyEnded)
    again = [cast("Body", body) async for body in Dialogue(NoChat()).reply(asked, talk.reader)]
    assert again == first


async def test_forwarded_words_are_no_command() -> None:
    talk = Talk()
    assert answer_texts(await talk.say("stop", forwarded=True)) == ["The model speaks."]
    forwarded = MessageReceived(message="m", text="switch to milo", channel="telegram", forwarded=True)
    assert answer_texts(await talk.take(talk.record(forwarded, "tm", "m"))) == ["The model speaks."]
    assert talk.state.character == "ada"


async def test_a_typed_command_is_one_too() -> None:
    talk = Talk()
    bodies = await talk.take(talk.record(MessageReceived(message="m", text="Switch to Milo"), "tm", "m"))
    assert bodies[1] == CharacterChosen(character="milo")
