"""The commands of the channel, from the message to what it changes and what is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bus.channel_events import LinkConversationChosen, LinkPreferencesChosen, PairingRequested, Unlinked
from bus.events import (
    Body,
    CharacterChosen,
    CommandRecognised,
    ConversationOpened,
    Event,
    Fact,
    MessageReceived,
    TranscriptFinal,
    VoiceNoteReceived,
)
from bus.log.event_log import EventLog
from bus.stamping import new_event
from projections.conversation import Conversation, fold_all
from services.channels.channel import Capabilities, Recording, Text
from services.channels.incoming.spoken_commands import SpokenCommands
from services.channels.phrases import phrase
from services.dialogue.commands.recognition import recognise_command
from services.dialogue.service import Dialogue
from tests.fakes import FakeReader
from tests.services.channels.incoming.receiving import Receiving, forget_ids, incoming, receiving_on


@pytest.fixture
async def receiving(event_log: EventLog) -> AsyncIterator[Receiving]:
    async with receiving_on(event_log) as receiving:
        await event_log.append(new_event(ConversationOpened(person="ann", character="milo"), conversation="c1"))
        await receiving.link(conversation="c1")
        yield receiving


async def say(receiving: Receiving, text: str, language: str = "en") -> str:
    """Send a text, and the same again as if its worker had died; returns its key."""
    key = await receiving.receive(incoming(Text(text=text), language=language))
    await receiving.restarted().receive(incoming(Text(text=text), language=language), key=key, redelivered=True)
    return key


def conversation_of_link(receiving: Receiving) -> str | None:
    return receiving.people.people.links["link-7"].conversation


async def state_of(receiving: Receiving, conversation: str) -> Conversation:
    return fold_all(Conversation(id=conversation), await receiving.event_log.facts(conversation))


@pytest.mark.parametrize("name", ["start", "help"])
async def test_start_and_help_say_what_can_be_done(receiving: Receiving, name: str) -> None:
    await say(receiving, f"/{name}@visavis_bot", "de")
    assert await receiving.texts() == [phrase(name, "de")]


async def test_new_opens_a_conversation_with_the_same_character_and_the_talk_goes_on_there(
    receiving: Receiving,
) -> None:
    await say(receiving, "/new")
    await receiving.receive(incoming(Text(text="hello")))
    _, opened = await receiving.facts(ConversationOpened)
    assert opened.body == ConversationOpened(person="ann", character="milo", language="en")
    (message,) = await receiving.facts(MessageReceived)
    assert message.conversation == opened.conversation == conversation_of_link(receiving) != "c1"
    assert await receiving.texts() == [phrase("new", "en")]


async def test_what_is_said_with_new_is_the_first_message_there(receiving: Receiving) -> None:
    await say(receiving, "/new What is a sextant?")
    (message,) = await receiving.facts(MessageReceived)
    assert isinstance(message.body, MessageReceived)
    assert (message.body.text, message.conversation) == ("What is a sextant?", conversation_of_link(receiving))
    assert message.conversation != "c1"
    assert await receiving.texts() == [phrase("new", "en")]


@pytest.mark.parametrize("form", ["voice", "text", "both", "video"])
async def test_the_form_of_the_answers_is_chosen(receiving: Receiving, form: str) -> None:
    await say(receiving, f"/{form}")
    assert receiving.people.people.links["link-7"].form == form
    await say(receiving, "/same")
    assert receiving.people.people.links["link-7"].form == "same"
    assert await receiving.texts() == [phrase(f"form_{form}", "en"), phrase("form_same", "en")]


async def test_a_repeat_of_an_earlier_choice_does_not_undo_the_later_one(
    receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_ids(receiving.event_log, monkeypatch)
    key = await say(receiving, "/voice")
    await say(receiving, "/text")
    await receiving.restarted().receive(incoming(Text(text="/voice")), key=key, redelivered=True)
    assert receiving.people.people.links["link-7"].form == "text"
    assert len(await receiving.link_events(LinkPreferencesChosen)) == 2


async def test_a_form_that_the_channel_has_not_is_not_chosen(receiving: Receiving) -> None:
    receiving.channel.capabilities = Capabilities(voice=False, video=False)
    for form in ("voice", "both", "video"):
        await say(receiving, f"/{form}")
    assert receiving.people.people.links["link-7"].form == "same"
    assert await receiving.texts() == [phrase("form_impossible", "en")] * 3


async def test_the_wish_for_voice_gives_the_character_its_voice_back(receiving: Receiving) -> None:
    await receiving.event_log.append(new_event(CommandRecognised(name="text_only"), conversation="c1"))
    assert not (await state_of(receiving, "c1")).voice
    await say(receiving, "/text")
    assert not (await state_of(receiving, "c1")).voice
    await say(receiving, "/voice")
    assert (await state_of(receiving, "c1")).voice
    assert len(await receiving.facts(CommandRecognised)) == 2


async def test_the_characters_are_listed_and_one_is_chosen(receiving: Receiving) -> None:
    for argument in ("", " ADA", " ada", " Nobody"):
        await say(receiving, f"/character{argument}")
    (chosen,) = await receiving.facts(CharacterChosen)
    assert (chosen.conversation, chosen.body) == ("c1", CharacterChosen(character="ada"))
    assert await receiving.texts() == [
        phrase("characters", "en", character="Milo", names="Ada, Milo"),
        phrase("character_chosen", "en", character="Ada"),
        phrase("character_already", "en", character="Ada"),
        phrase("character_unknown", "en", said="Nobody", names="Ada, Milo"),
    ]


async def test_repeat_is_said_to_the_dialogue_which_understands_it_in_every_language(receiving: Receiving) -> None:
    await say(receiving, "/repeat")
    (message,) = await receiving.facts(MessageReceived)
    assert isinstance(message.body, MessageReceived)
    for language in ("en", "de", "fr"):
        command = recognise_command(message.body.text, language, {})
        assert command is not None
        assert command.name == "repeat"
    assert await receiving.texts() == []


async def test_link_gives_a_code_for_the_page_of_another_person(receiving: Receiving) -> None:
    await say(receiving, "/link")
    (text,) = await receiving.texts()
    assert text == phrase("pairing_anew", "en", page="https://page.test", code=text.rsplit("\n", 1)[-1])
    assert len(await receiving.link_events(PairingRequested)) == 1
    await receiving.receive(incoming(Text(text="still here")))
    assert len(await receiving.facts(MessageReceived)) == 1


async def test_unlink_ends_the_link(receiving: Receiving) -> None:
    await say(receiving, "/unlink")
    assert [one.body for one in await receiving.link_events(Unlinked)] == [Unlinked(by="channel")]
    assert await receiving.texts() == [phrase("unlinked", "en")]
    await receiving.receive(incoming(Text(text="hello")))
    assert await receiving.facts(MessageReceived) == []


async def test_forget_asks_first_and_is_honest_about_what_stays(receiving: Receiving) -> None:
    await say(receiving, "/forget")
    assert await receiving.link_events(Unlinked) == []
    await say(receiving, "/forget yes")
    assert len(await receiving.link_events(Unlinked)) == 1
    assert await receiving.texts() == [phrase("forget_ask", "en"), phrase("forgotten", "en")]


async def test_a_stranger_who_unlinks_is_told_that_there_is_nothing_to_unlink(receiving: Receiving) -> None:
    for _ in range(3):
        await receiving.receive(incoming(Text(text="/unlink"), sender="9"))
    assert await receiving.texts("chat-9") == [phrase("not_linked", "en")]
    assert await receiving.link_events(PairingRequested) == []


async def test_an_unknown_command_is_answered_with_those_that_there_are(receiving: Receiving) -> None:
    await say(receiving, "/dance")
    assert await receiving.texts() == [f"{phrase('unknown_command', 'en')}\n{phrase('help', 'en')}"]
    assert await receiving.facts(MessageReceived) == []


@pytest.mark.parametrize("text", ["/unlink", "/new", "/forget yes", "/text"])
async def test_forwarded_commands_are_talk(receiving: Receiving, text: str) -> None:
    before = len(await receiving.link_events())
    await receiving.receive(incoming(Text(text=text), forwarded=True))
    (message,) = await receiving.facts(MessageReceived)
    assert isinstance(message.body, MessageReceived)
    assert (message.body.text, message.body.forwarded) == (text, True)
    assert len(await receiving.link_events()) == before
    assert await receiving.texts() == []


async def test_where_a_channel_has_no_commands_they_are_talk(receiving: Receiving) -> None:
    receiving.channel.capabilities = Capabilities(commands=False)
    await receiving.receive(incoming(Text(text="/new")))
    assert len(await receiving.facts(MessageReceived)) == 1
    assert await receiving.texts() == []


# said to the character


class Silent:
    name, deterministic, writes_slowly = "silent", True, False

    async def stream(self, request: object) -> AsyncIterator[str]:
        yield "I say something."


async def answer(receiving: Receiving, words: Event) -> list[Event]:
    """What the dialogue makes of these words, as it is on the log then."""
    facts = await receiving.event_log.facts(words.conversation)
    outputs = Dialogue(Silent()).reply(words, FakeReader(facts))
    bodies = [body async for body in outputs]
    events = []
    for place, body in enumerate(bodies):
        assert isinstance(body, Body)
        event = new_event(body, conversation=words.conversation, event_id=f"{words.id}-{place}", turn=words.turn)
        await receiving.event_log.append(event)
        events.append(event)
    return events


async def spoken(receiving: Receiving, text: str, *, forwarded: bool = False, note: bool = True) -> list[Event]:
    """Words of a person in a voice note, or in writing, and what the dialogue makes of them."""
    if not note:
        await receiving.receive(incoming(Text(text=text), forwarded=forwarded))
        return await answer(receiving, (await receiving.facts(MessageReceived))[-1])
    await receiving.receive(incoming(Recording(media="f", kind="voice"), forwarded=forwarded))
    received = (await receiving.facts(VoiceNoteReceived))[-1]
    assert isinstance(received.body, VoiceNoteReceived)
    heard: Fact = TranscriptFinal(
        utterance=received.body.utterance, text=text, language="en", confidence=1.0, forwarded=received.body.forwarded
    )
    event = new_event(heard, conversation=received.conversation, turn=received.turn, cause=received.id)
    await receiving.event_log.append(event)
    return await answer(receiving, event)


def carrying_out(receiving: Receiving) -> SpokenCommands:
    return SpokenCommands(receiving.event_log, receiving.people, receiving.inbox.linking, receiving.inbox.talk)


@pytest.mark.parametrize("note", [False, True])
async def test_new_conversation_said_in_a_channel_opens_one_for_the_channel(receiving: Receiving, note: bool) -> None:
    commands = carrying_out(receiving)
    events = await spoken(receiving, "New conversation.", note=note)
    for event in 3 * events:
        await commands.carry_out(event)
    _, opened = await receiving.facts(ConversationOpened)
    assert opened.conversation == conversation_of_link(receiving)
    assert opened.body == ConversationOpened(person="ann", character="milo", language="en")
    assert await receiving.texts() == [phrase("new", "en")]
    await receiving.receive(incoming(Text(text="hello")))
    assert (await receiving.facts(MessageReceived))[-1].conversation == opened.conversation


async def test_a_repeat_of_new_conversation_brings_nobody_back_who_has_gone_elsewhere(
    receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_ids(receiving.event_log, monkeypatch)
    (event,) = await spoken(receiving, "New conversation.")
    await carrying_out(receiving).carry_out(event)
    await receiving.event_log.append(new_event(ConversationOpened(person="ann", character="ada"), conversation="c2"))
    await receiving.append("link-7", LinkConversationChosen(conversation="c2"))
    await carrying_out(receiving).carry_out(event)
    assert conversation_of_link(receiving) == "c2"
    assert await receiving.texts() == [phrase("new", "en")]


@pytest.mark.parametrize("note", [False, True])
@pytest.mark.parametrize("text", ["New conversation.", "Switch to Milo", "Text only"])
async def test_forwarded_words_are_answered_and_never_obeyed(receiving: Receiving, text: str, note: bool) -> None:
    commands = carrying_out(receiving)
    events = await spoken(receiving, text, forwarded=True, note=note)
    assert [type(one.body).__name__ for one in events][:2] == ["ReplyStarted", "ReplySentence"]
    for event in events:
        await commands.carry_out(event)
    assert await receiving.facts(CommandRecognised, CharacterChosen) == []
    assert conversation_of_link(receiving) == "c1"


async def test_new_conversation_said_in_the_page_leaves_the_channel_where_it_is(receiving: Receiving) -> None:
    words = new_event(MessageReceived(message="m", text="new conversation"), conversation="c1", turn="t1")
    await receiving.event_log.append(words)
    (event,) = await answer(receiving, words)
    await carrying_out(receiving).carry_out(event)
    assert event.body == CommandRecognised(name="new_conversation")
    assert conversation_of_link(receiving) == "c1"
    assert await receiving.texts() == []


async def test_voice_on_said_in_a_channel_ends_the_wish_for_text_there(receiving: Receiving) -> None:
    await say(receiving, "/text")
    for event in await spoken(receiving, "Voice on."):
        await carrying_out(receiving).carry_out(event)
    assert receiving.people.people.links["link-7"].form == "same"
