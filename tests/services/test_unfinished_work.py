"""A log whose end is gone, as after a power cut: every question is answered, and every reply and every sound ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from bus import subjects
from bus.events import (
    AudioOut,
    Body,
    CharacterCreated,
    CharacterEvent,
    ConversationOpened,
    Event,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
)
from bus.ids import derive_id
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.work.runner import Runner
from bus.work.service import Service
from services.dialogue.finished import is_finished
from services.dialogue.service import CONSUMES, Dialogue
from services.tts import service as tts
from tests.conftest import NatsServer
from tests.fakes import FakeSynthesizer
from tests.services.dialogue.test_service import FakeChat

ADA = CharacterCreated(name="Ada", tagline="", personality="", greeting="", look="ada", voice="female")
WHOLE = 10
"""Facts of a conversation: opened, message, start, two sentences with two facts of the voice each, end, title."""

REPLY_ENDS = ReplyEnded | ReplyInterrupted | ReplyMerged | ReplyFailed
BodyT = TypeVar("BodyT", bound=Body)


@asynccontextmanager
async def working(event_log: EventLog, text: str) -> AsyncIterator[None]:
    """A dialogue and a voice."""
    chat = FakeChat(text)
    dialogue = Service(
        name="dialogue", consumes=CONSUMES, handle=Dialogue(chat).reply, engine=chat.name, is_finished=is_finished
    )
    services = (dialogue, tts.service(FakeSynthesizer(), "fake"))
    # A short lease: for as long as it lasts, dead workers may yet hold work.
    tasks = [asyncio.create_task(Runner(event_log, replace(one, lease=0.6)).run()) for one in services]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def of(facts: list[Event], kind: type[BodyT]) -> list[BodyT]:
    return [one.body for one in facts if isinstance(one.body, kind)]


async def is_whole(event_log: EventLog, conversation: str) -> bool:
    """Whether the reply has ended, and each sentence of it has one sound with one end."""
    facts = [event for _, event in await event_log.facts(conversation)]
    sentences = of(facts, ReplySentence)
    if not of(facts, ReplyEnded) or len(of(facts, SpeechEnded)) < len(sentences):
        return False
    for ended in of(facts, SpeechEnded):
        last = await event_log.last_media(AudioOut, subjects.audio_out(conversation, ended.speech))
        if last is None or not last.final:
            return False
    return True


async def until_whole(event_log: EventLog, conversations: list[str]) -> None:
    async with asyncio.timeout(60):
        for conversation in conversations:
            while not await is_whole(event_log, conversation):
                await asyncio.sleep(0.05)


async def cut(event_log: EventLog, stream: str, subject: str, keep: int) -> None:
    """Remove what is on a subject but for its first messages."""
    sequences = [record.sequence async for record in event_log.read(stream, subject)]
    for sequence in sequences[keep:]:
        await event_log.delete_message(stream, sequence)


async def test_what_a_power_cut_has_taken_is_told_again_or_closed(
    event_log: EventLog, settings: Settings, nats_server: NatsServer
) -> None:
    await event_log.append_character(CharacterEvent(id="ch", at=1, character="ada", body=ADA))
    conversations = [f"c{kept}" for kept in range(2, WHOLE + 4)]
    for name in conversations:
        await event_log.append(
            Event(id=f"o-{name}", at=1, conversation=name, body=ConversationOpened(person="p", character="ada"))
        )
        asked = MessageReceived(message=f"m-{name}", text="what is that")
        await event_log.append(Event(id=f"m-{name}", at=1, conversation=name, turn=f"t-{name}", body=asked))
    async with working(event_log, "One two. Three four."):
        await until_whole(event_log, conversations)
        for consumer in ("dialogue", "tts"):
            async with asyncio.timeout(30):
                while (await event_log.consumer_info(streams.CONVERSATIONS, consumer)).num_ack_pending:
                    await asyncio.sleep(0.02)
    for kept, name in enumerate(conversations, 2):
        await cut(event_log, streams.CONVERSATIONS, subjects.facts_of(name), kept)
        if kept > WHOLE:  # the facts are whole, and the sound is not
            newest = of([event for _, event in await event_log.facts(name)], SpeechEnded)[-1]
            await cut(event_log, streams.AUDIO, subjects.audio_out(name, newest.speech), kept - WHOLE - 1)
    nats_server.kill()  # whatever it remembered of what is gone
    nats_server.start()

    # Every process is new after a power cut: one that had seen more would find another log, and begin anew itself.
    async with connect(settings, name="after") as after:
        async with working(after, "Other words. And more."):
            await until_whole(after, conversations)
        for name in conversations:
            facts = [event for _, event in await after.facts(name)]
            ids = [one.id for one in facts]
            assert len(ids) == len(set(ids)), name
            told = [(one.id, one.body) for one in facts if isinstance(one.body, ReplySentence)]
            assert [body.index for _, body in told] == list(range(len(told))), name
            # The sound of a sentence is that of its own words, whatever is left of others in its place.
            speeches = {derive_id(id_, "speech", body.text) for id_, body in told}
            assert {one.speech for one in of(facts, SpeechEnded)} == speeches, name
            for speech in speeches:
                chunks = [one async for one in after.follow(AudioOut, subjects.audio_out(name, speech))]
                assert [one.index for one in chunks] == list(range(len(chunks))), name
                assert [one.final for one in chunks] == [False] * (len(chunks) - 1) + [True], name


async def test_what_was_asked_after_a_power_cut_is_answered_after_what_was_half_told(
    event_log: EventLog, settings: Settings, nats_server: NatsServer
) -> None:
    await event_log.append_character(CharacterEvent(id="ch", at=1, character="ada", body=ADA))
    conversations = [f"c{number}" for number in range(8)]

    async def ask(log: EventLog, name: str, message: str) -> None:
        asked = MessageReceived(message=f"{message}-{name}", text="what is that")
        await log.append(Event(id=f"{message}-{name}", at=1, conversation=name, turn=f"{message}-{name}", body=asked))

    for name in conversations:
        opened = ConversationOpened(person="p", character="ada")
        await event_log.append(Event(id=f"o-{name}", at=1, conversation=name, body=opened))
        await ask(event_log, name, "first")
    async with working(event_log, "One two. Three four."):
        await until_whole(event_log, conversations)
    for name in conversations:
        await cut(event_log, streams.CONVERSATIONS, subjects.facts_of(name), 4)  # the first sentence, without its sound
    # Messages that were removed leave a gap, which a power cut does not: the log ends with one that is there.
    last = ConversationOpened(person="p", character="ada")
    await event_log.append(Event(id="o-last", at=1, conversation="last", body=last))
    nats_server.kill()
    nats_server.start()
    async with connect(settings, name="after") as after:
        for name in conversations:
            await ask(after, name, "second")
        async with working(after, "Other words. And more."):
            async with asyncio.timeout(60):
                for name in conversations:
                    while sum(isinstance(fact.body, REPLY_ENDS) for _, fact in await after.facts(name)) < 2:
                        await asyncio.sleep(0.05)
        for name in conversations:
            facts = [event for _, event in await after.facts(name)]
            told = [event.turn for event in facts if isinstance(event.body, REPLY_ENDS | ReplyStarted)]
            first, second = (
                [at for at, turn in enumerate(told) if turn == f"{one}-{name}"] for one in ("first", "second")
            )
            assert max(first) < min(second), told
