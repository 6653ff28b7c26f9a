"""The inbox under its worker: in the order of each sender, and a broken update stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest

from bus import subjects
from bus.channel_events import Linked
from bus.events import CommandRecognised, ConversationOpened, Event, MessageReceived, Origin
from bus.log import streams
from bus.log.event_log import EventLog, Record
from bus.stamping import new_event
from bus.work.stream_worker import StreamWorker
from services.channels.channel import Incoming, Progress, Text
from services.channels.incoming.inbox_work import inbox_work, spoken_commands_work, welcome_work
from services.channels.incoming.spoken_commands import SpokenCommands
from services.channels.phrases import phrase
from services.channels.whatsapp.updates import parse
from tests.services.channels import whatsapp_shapes as shapes
from tests.services.channels.incoming.receiving import TOKEN, FakeChannel, Receiving, incoming, receiving_on


class JsonChannel(FakeChannel):
    """Its updates are pairs of sender and text."""

    def parse(self, raw: bytes) -> list[Incoming]:
        if raw == b"progress":
            return [Incoming(content=Progress(delivery="d", message="m", status="read"), origin=None)]
        sender, text = msgspec.json.decode(raw, type=tuple[str, str]) if raw.startswith(b"[") else self.refuse(raw)
        return [incoming(Text(text=text), sender=sender)]

    def refuse(self, raw: bytes) -> tuple[str, str]:
        super().parse(raw)
        raise AssertionError


@pytest.fixture
async def receiving(event_log: EventLog) -> AsyncIterator[Receiving]:
    async with receiving_on(event_log) as receiving:
        receiving.channel = JsonChannel()
        yield receiving


@asynccontextmanager
async def working(receiving: Receiving) -> AsyncIterator[None]:
    """One process that works through everything."""
    inbox = receiving.inbox
    commands = SpokenCommands(receiving.event_log, receiving.people, inbox.linking, inbox.talk)
    works = (
        inbox_work({"telegram": receiving.channel}, inbox),
        welcome_work(inbox.linking),
        spoken_commands_work(commands),
    )
    tasks = [asyncio.create_task(StreamWorker(receiving.event_log, work).run()) for work in works]
    yield
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def store(receiving: Receiving, *updates: tuple[str, str] | bytes) -> None:
    for update in updates:
        receiving.keys += 1
        data = update if isinstance(update, bytes) else msgspec.json.encode(update)
        assert await receiving.event_log.append_inbox("telegram", "bot", f"u{receiving.keys}", data)


async def said(receiving: Receiving, count: int, conversation: str = "") -> list[str]:
    """The texts of messages, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            events = await receiving.facts(MessageReceived)
            if len(events) >= count:
                return [text_of(one) for one in events if not conversation or one.conversation == conversation]
            await asyncio.sleep(0.05)


def text_of(event: Event) -> str:
    assert isinstance(event.body, MessageReceived)
    return event.body.text


async def test_the_updates_of_each_sender_are_handled_in_order_past_one_that_is_broken(receiving: Receiving) -> None:
    for sender in ("7", "8"):
        opened = ConversationOpened(person=f"p{sender}", character="ada")
        await receiving.event_log.append(new_event(opened, conversation=f"c{sender}"))
        await receiving.link(sender, f"p{sender}", f"c{sender}")
    for place in range(10):
        await store(receiving, ("7", f"seven {place}"), b"poison", ("8", f"eight {place}"), b"progress")
    async with working(receiving):
        assert len(await said(receiving, 20)) == 20
        async with asyncio.timeout(20):
            while len(receiving.progress) < 10:
                await asyncio.sleep(0.05)
    for sender, word in (("7", "seven"), ("8", "eight")):
        assert await said(receiving, 20, f"c{sender}") == [f"{word} {place}" for place in range(10)]
    assert await receiving.event_log.count(streams.DEAD, subjects.dead_of("inbox")) == 10


class WhatsAppUpdates(FakeChannel):
    """Reads what WhatsApp sends."""

    name = "whatsapp"

    def parse(self, raw: bytes) -> list[Incoming]:
        return list(parse(raw, "1"))


async def test_who_shows_a_number_in_one_message_and_none_in_the_next_is_one_sender(receiving: Receiving) -> None:
    work = inbox_work({"whatsapp": WhatsAppUpdates()}, receiving.inbox)
    keys = set()
    for shown in ({"from": "16505551234", "from_user_id": "US.1"}, {"from_user_id": "US.1"}):
        content = shapes.text("hello") | {"id": "wamid.A=", "timestamp": "1749416383"} | shown
        raw = shapes.as_sent(shapes.webhook("1", "15550783881", {"messages": [content]}))
        keys.add(work.key(Record(1, "inbox.whatsapp.1.msg-1", raw, 1)))
    assert keys == {"whatsapp 1 US.1"}


async def test_a_process_that_died_after_its_work_leaves_nothing_to_do_twice(receiving: Receiving) -> None:
    await receiving.link("7")
    await store(receiving, *(("7", str(place)) for place in range(5)))
    async with working(receiving):
        await said(receiving, 5)
    await receiving.event_log.js.delete_consumer(streams.INBOX, "inbox")  # its position is lost
    await store(receiving, ("7", "last"))
    again = receiving.restarted()
    async with working(again):
        assert await said(again, 6) == ["0", "1", "2", "3", "4", "last"]


async def test_from_the_deep_link_to_the_first_words_in_a_new_conversation(receiving: Receiving) -> None:
    """The whole way: claimed, confirmed in the page, welcomed, and a command that the dialogue recognised."""
    link = await receiving.offer()
    async with working(receiving):
        await store(receiving, ("7", f"/start l_{TOKEN}"))
        await until_texts(receiving, [phrase("link_claimed", "en")])
        await receiving.append(link, Linked(person="ann"))
        await until_texts(receiving, [phrase("link_claimed", "en"), phrase("linked", "en")])
        await store(receiving, ("7", "hello"))
        await said(receiving, 1)
        (words,) = await receiving.facts(MessageReceived)
        assert isinstance(words.body, MessageReceived)
        assert words.body.origin == Origin(channel="telegram", account="bot", chat="chat-7", sender="7", message="1")
        command = CommandRecognised(name="new_conversation")
        await receiving.event_log.append(new_event(command, conversation=words.conversation, turn=words.turn))
        await until_texts(receiving, [phrase("link_claimed", "en"), phrase("linked", "en"), phrase("new", "en")])
        await store(receiving, ("7", "anew"))
        assert await said(receiving, 2) == ["hello", "anew"]
    first, second = await receiving.facts(MessageReceived)
    assert first.conversation != second.conversation


async def until_texts(receiving: Receiving, texts: list[str]) -> None:
    async with asyncio.timeout(20):
        while await receiving.texts() != texts:
            await asyncio.sleep(0.05)
