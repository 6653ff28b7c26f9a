"""What becomes of what a linked sender sends: once, in order, in the conversation of the link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bus import clock
from bus.channel_events import LinkConversationChosen, LinkEvent, SenderAliasLearned, SenderReachable
from bus.errors import UndecodableEvent
from bus.events import (
    CharacterChosen,
    CharacterEvent,
    CharacterRemoved,
    ConversationClosed,
    ConversationOpened,
    Event,
    MessageReceived,
    Origin,
    ReplyStarted,
    VoiceNoteReceived,
)
from bus.log.event_log import EventLog
from bus.stamping import new_event
from services.channels.channel import (
    AliasLearned,
    Content,
    Edited,
    Ignored,
    Incoming,
    Progress,
    Reachable,
    Recording,
    Text,
    Unsupported,
)
from services.channels.incoming.talk import LONGEST_TEXT
from services.channels.phrases import phrase
from tests.services.channels.incoming.receiving import HOUR, Receiving, forget_ids, incoming, receiving_on

ORIGIN = Origin(channel="telegram", account="bot", chat="chat-7", sender="7", message="1")


@pytest.fixture
async def receiving(event_log: EventLog) -> AsyncIterator[Receiving]:
    async with receiving_on(event_log) as receiving:
        yield receiving


async def open_conversation(event_log: EventLog, conversation: str, person: str = "ann") -> None:
    opened = ConversationOpened(person=person, character="milo")
    await event_log.append(new_event(opened, conversation=conversation))


async def test_a_text_is_a_message_in_the_conversation_of_the_link(receiving: Receiving) -> None:
    await open_conversation(receiving.event_log, "c1")
    await receiving.link(conversation="c1")
    await receiving.receive(incoming(Text(text=" Hello \0there ")))
    (event,) = await receiving.facts(MessageReceived)
    assert event.conversation == "c1"
    assert event.turn == f"t{event.id}"
    assert event.body == MessageReceived(
        message=f"m{event.id}", text="Hello there", channel="telegram", origin=ORIGIN, forwarded=False
    )
    assert await receiving.texts() == []


async def test_a_recording_is_a_voice_note_with_a_turn(receiving: Receiving) -> None:
    await open_conversation(receiving.event_log, "c1")
    await receiving.link(conversation="c1")
    await receiving.receive(incoming(Recording(media="file", kind="video_note", bytes=9), forwarded=True))
    (event,) = await receiving.facts(VoiceNoteReceived)
    assert (event.conversation, event.turn) == ("c1", f"t{event.id}")
    assert event.body == VoiceNoteReceived(
        utterance=f"u{event.id}", origin=ORIGIN, media="file", kind="video_note", bytes=9, forwarded=True
    )


async def test_without_a_conversation_a_new_one_is_opened_and_kept(receiving: Receiving) -> None:
    link = await receiving.link()
    await receiving.receive(incoming(Text(text="one")))
    await receiving.receive(incoming(Text(text="two")))
    (opened,) = await receiving.facts(ConversationOpened)
    assert opened.body == ConversationOpened(person="ann", character="ada", language="en")
    assert [one.conversation for one in await receiving.facts(MessageReceived)] == [opened.conversation] * 2
    assert receiving.people.people.links[link.id].conversation == opened.conversation


@pytest.mark.parametrize(
    ("setting", "app", "language"),
    [
        ("", "en", "en"),
        ("", "fr", "en"),
        ("", "de-AT", "de"),
        ("auto", "en", "en"),
        ("auto", "de", "de"),
        ("fr", "de", "fr"),
    ],
)
async def test_a_new_conversation_begins_in_the_language_of_the_app(
    receiving: Receiving, setting: str, app: str, language: str
) -> None:
    await receiving.link(language=app)
    receiving = Receiving(receiving.event_log, receiving.people, receiving.channel, language=setting)
    await receiving.receive(incoming(Text(text="Hallo!"), language=app))
    (opened,) = await receiving.facts(ConversationOpened)
    assert opened.body == ConversationOpened(person="ann", character="ada", language=language)


async def test_a_new_conversation_goes_on_in_the_language_that_was_spoken_before(receiving: Receiving) -> None:
    await open_conversation(receiving.event_log, "c1")
    started = ReplyStarted(reply="r1", character="milo", engine="e", language="de")
    await receiving.event_log.append(new_event(started, conversation="c1", turn="t1"))
    await receiving.link(conversation="c1")
    await receiving.receive(incoming(Text(text="/new")))
    _, opened = await receiving.facts(ConversationOpened)
    assert opened.body == ConversationOpened(person="ann", character="milo", language="de")


async def test_where_the_character_was_removed_the_talk_goes_on_with_the_first_one(receiving: Receiving) -> None:
    await open_conversation(receiving.event_log, "c1")  # with Milo
    await receiving.link(conversation="c1")
    await receiving.receive(incoming(Text(text="one")))
    removed = CharacterEvent(id="x-removed", at=2, character="milo", body=CharacterRemoved())
    await receiving.event_log.append_character(removed)
    await receiving.receive(incoming(Text(text="two")))
    await receiving.receive(incoming(Recording(media="f", kind="voice")))
    said = await receiving.facts(CharacterChosen, MessageReceived, VoiceNoteReceived)
    assert [type(one.body) for one in said] == [MessageReceived, CharacterChosen, MessageReceived, VoiceNoteReceived]
    assert said[1].body == CharacterChosen(character="ada")
    assert {one.conversation for one in said} == {"c1"}


@pytest.mark.parametrize("why", ["missing", "of another person", "closed"])
async def test_a_conversation_that_is_not_there_any_more_is_replaced(receiving: Receiving, why: str) -> None:
    if why != "missing":
        await open_conversation(receiving.event_log, "c1", "ann" if why == "closed" else "bob")
    if why == "closed":
        await receiving.event_log.append(new_event(ConversationClosed(), conversation="c1"))
    await receiving.link(conversation="c1")
    await receiving.receive(incoming(Text(text="one")))
    (message,) = await receiving.facts(MessageReceived)
    assert message.conversation != "c1"
    assert message.conversation in [one.conversation for one in await receiving.facts(ConversationOpened)]


@pytest.mark.parametrize("content", [Text(text="hello"), Recording(media="f", kind="voice")])
async def test_an_update_that_is_delivered_three_times_is_one_turn(receiving: Receiving, content: Content) -> None:
    await receiving.link()
    key = await receiving.receive(incoming(content))
    await receiving.receive(incoming(content), key=key, redelivered=True)
    await receiving.restarted().receive(incoming(content), key=key, redelivered=True)
    assert len(await receiving.facts(MessageReceived, VoiceNoteReceived)) == 1
    assert len(await receiving.facts(ConversationOpened)) == 1


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("redelivered", [False, True])
async def test_a_repeat_after_the_duplicate_window_does_nothing(
    receiving: Receiving, monkeypatch: pytest.MonkeyPatch, moved: bool, redelivered: bool
) -> None:
    """Also where the person has gone on in another conversation since."""
    forget_ids(receiving.event_log, monkeypatch)
    link = await receiving.link()
    an_hour_ago = clock.now() - HOUR
    key = await receiving.receive(incoming(Text(text="hello")), stored_at=an_hour_ago)
    if moved:
        await open_conversation(receiving.event_log, "c2")
        await receiving.append(link.id, LinkConversationChosen(conversation="c2"))
    for again in (receiving, receiving.restarted()):
        await again.receive(incoming(Text(text="hello")), key=key, stored_at=an_hour_ago, redelivered=redelivered)
    assert len(await receiving.facts(MessageReceived)) == 1


async def test_what_another_process_published_is_seen_by_one_that_takes_over(
    receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_ids(receiving.event_log, monkeypatch)
    await receiving.link()
    other = receiving.restarted()
    long_ago = clock.now() - HOUR
    await other.receive(incoming(Text(text="first")), key="k1", stored_at=long_ago, redelivered=True)
    await receiving.receive(incoming(Text(text="second")), key="k2", stored_at=long_ago, redelivered=True)
    await other.receive(incoming(Text(text="second")), key="k2", stored_at=long_ago, redelivered=True)
    texts = [_text(event) for event in await receiving.facts(MessageReceived)]
    assert texts == ["first", "second"]


async def test_messages_that_waited_for_hours_are_all_new(receiving: Receiving) -> None:
    await receiving.link()
    for place in range(20):
        await receiving.receive(incoming(Text(text=str(place))), stored_at=clock.now() - HOUR)
    facts = await receiving.facts(MessageReceived)
    assert [_text(event) for event in facts] == [str(n) for n in range(20)]


async def test_a_text_that_is_too_long_is_told_and_not_cut(receiving: Receiving) -> None:
    await receiving.link()
    await receiving.receive(incoming(Text(text="x" * LONGEST_TEXT)))
    await receiving.receive(incoming(Text(text="x" * (LONGEST_TEXT + 1))))
    (message,) = await receiving.facts(MessageReceived)
    assert isinstance(message.body, MessageReceived)
    assert len(message.body.text) == LONGEST_TEXT
    assert await receiving.texts() == [phrase("too_long", "en", length=4001, most=4000)]


async def test_a_text_of_nothing_is_no_message(receiving: Receiving) -> None:
    await receiving.link()
    await receiving.receive(incoming(Text(text=" \0\n")))
    assert await receiving.facts() == []
    assert await receiving.texts() == []


async def test_an_album_gets_one_answer_and_a_later_picture_another(receiving: Receiving) -> None:
    await receiving.link()
    now = clock.now()
    for _ in range(10):
        await receiving.receive(incoming(Unsupported(kind="picture")), stored_at=now)
    assert await receiving.texts() == [phrase("picture", "en")]
    await receiving.receive(incoming(Unsupported(kind="sticker")), stored_at=now + 30_000_000)
    told = [phrase("picture", "en"), phrase("sticker", "en")]
    assert await receiving.texts() == told  # another kind is no repetition
    await receiving.receive(incoming(Unsupported(kind="picture")), stored_at=clock.now() + 61_000_000)
    assert await receiving.texts() == [*told, phrase("picture", "en")]
    assert await receiving.facts() == []


async def test_what_one_chat_was_told_says_nothing_about_another(receiving: Receiving) -> None:
    await receiving.link("7")
    await receiving.link("8", "bob")
    for sender in ("7", "8"):
        await receiving.receive(incoming(Unsupported(kind="what is this"), sender=sender, language="de-AT"))
    assert await receiving.texts("chat-7") == await receiving.texts("chat-8") == [phrase("other", "de")]


async def test_an_edited_message_is_told_once_that_it_was_answered_as_it_was(receiving: Receiving) -> None:
    await receiving.link()
    for message in ("5", "5", "6"):
        await receiving.receive(incoming(Edited(), message=message))
    assert [(one.content.text, one.reply_to) for one in await receiving.queued()] == [
        (phrase("edited", "en"), "5"),
        (phrase("edited", "en"), "6"),
    ]


async def test_ignored_things_leave_nothing(receiving: Receiving) -> None:
    await receiving.link()
    before = len(await receiving.link_events())
    await receiving.receive(incoming(Ignored(why="a reaction")))
    await receiving.receive(Incoming(content=Text(text="no origin"), origin=None))
    assert await receiving.facts() == []
    assert await receiving.texts() == []
    assert len(await receiving.link_events()) == before


async def test_progress_of_our_messages_is_passed_on(receiving: Receiving) -> None:
    progress = Progress(delivery="d1", message="9", status="delivered")
    await receiving.receive(Incoming(content=progress, origin=None))
    assert receiving.progress == [progress]


def bodies(events: list[LinkEvent]) -> list[object]:
    return [event.body for event in events]


async def test_a_blocked_bot_and_its_end_are_remembered(receiving: Receiving) -> None:
    await receiving.link()
    for reachable in (False, False, True):
        await receiving.receive(incoming(Reachable(reachable=reachable)))
    await receiving.receive(incoming(Reachable(reachable=False)))
    await receiving.receive(incoming(Text(text="I am back")))
    told = bodies(await receiving.link_events(SenderReachable))
    assert told == [SenderReachable(reachable=one) for one in (False, True, False, True)]


async def test_a_new_id_of_a_sender_leads_to_the_same_conversation(receiving: Receiving) -> None:
    await receiving.link()
    await receiving.receive(incoming(Text(text="one")))
    for _ in range(2):
        await receiving.receive(incoming(AliasLearned(sender="77")))
    await receiving.receive(incoming(Text(text="two"), sender="77"))
    first, second = await receiving.facts(MessageReceived)
    assert first.conversation == second.conversation
    assert bodies(await receiving.link_events(SenderAliasLearned)) == [
        SenderAliasLearned(sender="77", chat="chat-7"),
        SenderAliasLearned(sender="77", chat="chat-77"),
    ]


async def test_an_update_that_cannot_be_read_stops_none_of_the_later_ones(receiving: Receiving) -> None:
    await receiving.link()
    receiving.channel.updates = {b"good": [incoming(Text(text="one")), incoming(Text(text="two"))]}
    with pytest.raises(UndecodableEvent):
        await receiving.inbox.handle_update(receiving.channel, "k1", b"poison", clock.now(), redelivered=False)
    await receiving.inbox.handle_update(receiving.channel, "k2", b"good", clock.now(), redelivered=False)
    texts = [_text(event) for event in await receiving.facts(MessageReceived)]
    assert texts == ["one", "two"]


async def test_two_senders_at_once_keep_to_their_own_conversations_and_order(receiving: Receiving) -> None:
    await receiving.link("7", "ann")
    await receiving.link("8", "bob")

    async def talk(sender: str) -> None:
        for place in range(10):
            what = incoming(Text(text=f"{sender} says {place}"), sender=sender)
            await receiving.receive(what, key=f"inbox.{sender}.{place}")

    await asyncio.gather(talk("7"), talk("8"))
    opened = {_person(one): one.conversation for one in await receiving.facts(ConversationOpened)}
    assert set(opened) == {"ann", "bob"}
    for person, sender in (("ann", "7"), ("bob", "8")):
        said = [event for event in await receiving.facts(MessageReceived) if event.conversation == opened[person]]
        assert [_text(event) for event in said] == [f"{sender} says {place}" for place in range(10)]


def _text(event: Event) -> str:
    assert isinstance(event.body, MessageReceived)
    return event.body.text


def _person(event: Event) -> str:
    assert isinstance(event.body, ConversationOpened)
    return event.body.person
