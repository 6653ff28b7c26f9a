"""Answers asked for before it is sure that the person is done: told if they were asked the right thing, else never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from bus.errors import EngineError, Forbidden
from bus.events import (
    CharacterChosen,
    CharacterEvent,
    ConversationOpened,
    Fact,
    LiveBody,
    LiveEvent,
    ReplyEnded,
    ReplySentence,
    TranscriptFinal,
    TranscriptStable,
    UtteranceStarted,
)
from bus.log.event_log import EventLog
from bus.settings import Settings
from bus.work.runner import Runner
from bus.work.service import Service
from services.dialogue.__main__ import build
from services.dialogue.engine import Exchange
from services.dialogue.service import TAKES, Dialogue, failed
from services.dialogue.speculative_reply import MOST, Ahead
from tests.fakes import FakeReader, event
from tests.services.dialogue.test_service import ADA, BO


class Chat:
    """Answers with the number of the question; says when it was asked and whether it was told to stop."""

    name = "fake"
    repeatable = False

    def __init__(self, *, breaks: int = 0) -> None:
        self.asked: list[Exchange] = []
        self.stopped: list[int] = []
        self.go_on = asyncio.Event()
        self._breaks = breaks

    async def stream(self, exchange: Exchange) -> AsyncIterator[str]:
        self.asked.append(exchange)
        number = len(self.asked)
        try:
            yield f"{number} it is. And"
            await self.go_on.wait()
            if number <= self._breaks:
                raise EngineError("it broke off", retryable=True, code="llm_broke_off")
            yield " so on."
        except (GeneratorExit, asyncio.CancelledError):
            self.stopped.append(number)
            raise


class World:
    """A conversation with Ada, and a dialogue worker that listens."""

    def __init__(self, event_log: EventLog, chat: Chat) -> None:
        self.event_log, self.chat = event_log, chat
        self.dialogue = Dialogue(chat)
        self._at = 2

    async def append(self, body: Fact, *, turn: str | None = "t") -> None:
        self._at += 1
        await self.event_log.append(event(body, at=self._at, turn=turn))

    async def hear(self, text: str, generation: int = 1, language: str = "en") -> None:
        """The person falls silent after these words; waits until that was dealt with."""
        stable = TranscriptStable(utterance="u", turn="t", text=text, language=language, generation=generation)
        await self.event_log.publish_live(LiveEvent(at=self._at, conversation="c", body=stable))

    async def asked(self, times: int) -> None:
        async with asyncio.timeout(10):
            while len(self.chat.asked) < times:
                await asyncio.sleep(0.01)

    async def say(self, text: str, language: str = "en") -> None:
        await self.append(TranscriptFinal(utterance="u", text=text, language=language, confidence=1.0))

    async def bodies(self) -> list[Fact]:
        return [one.body for _, one in await self.event_log.facts("c")]

    async def on_record(self, kind: type[Fact]) -> None:
        async with asyncio.timeout(10):
            while not any(isinstance(one, kind) for one in await self.bodies()):
                await asyncio.sleep(0.02)

    async def told(self) -> list[str]:
        """The sentences of the answer, once it has ended; the model goes on after its first one has been told."""
        await self.on_record(ReplySentence)
        self.chat.go_on.set()
        await self.on_record(ReplyEnded)
        return [one.text for one in await self.bodies() if isinstance(one, ReplySentence)]


@asynccontextmanager
async def listening(event_log: EventLog, chat: Chat) -> AsyncIterator[World]:
    await event_log.append_character(CharacterEvent(id="ch", at=1, character="ada", body=ADA))
    await event_log.append_character(CharacterEvent(id="ch2", at=2, character="bo", body=BO))
    await event_log.append(event(ConversationOpened(person="p", character="ada"), at=1))
    world = World(event_log, chat)
    await world.append(UtteranceStarted(utterance="u", session="s", language="en"))
    service = Service(
        name="dialogue", consumes=TAKES, handle=world.dialogue.reply, engine="", on_failure=failed,
        background=world.dialogue.listen,
    )  # fmt: skip
    worker = asyncio.create_task(Runner(event_log, service).run())
    await asyncio.sleep(0.5)
    try:
        yield world
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def test_an_answer_asked_ahead_is_told_when_the_transcript_says_the_same(event_log: EventLog) -> None:
    async with listening(event_log, Chat()) as world:
        await world.hear("what is your name")
        await world.asked(1)
        before = await world.bodies()
        await world.say("What is your name?")
        assert await world.told() == ["1 it is.", "And so on."]
    assert len(world.chat.asked) == 1
    assert [type(one) for one in before] == [ConversationOpened, UtteranceStarted]  # nothing of it was on record


async def test_an_answer_to_something_else_is_thrown_away(event_log: EventLog) -> None:
    async with listening(event_log, Chat()) as world:
        await world.hear("what is your")
        await world.asked(1)
        await world.say("what is your name")
        assert await world.told() == ["2 it is.", "And so on."]
    assert [one.text for one in world.chat.asked] == ["what is your", "what is your name"]
    assert world.chat.stopped == [1]


async def test_the_newer_generation_replaces_the_older_one(event_log: EventLog) -> None:
    async with listening(event_log, Chat()) as world:
        await world.hear("what is your name")
        await world.asked(1)
        await world.hear("What is your name?", 2)  # the same words: nothing to ask anew
        await world.hear("what is your name and age", 3)
        await world.asked(2)
        await world.say("what is your name and age")
        assert await world.told() == ["2 it is.", "And so on."]
    assert world.chat.stopped == [1]


async def test_an_answer_is_thrown_away_when_another_is_asked_to_answer(event_log: EventLog) -> None:
    async with listening(event_log, Chat()) as world:
        await world.hear("what is your name")
        await world.asked(1)
        await world.append(CharacterChosen(character="bo"), turn=None)
        await world.say("what is your name")
        assert await world.told() == ["2 it is.", "And so on."]
    assert [one.character for one in world.chat.asked] == [ADA, BO]


async def test_commands_and_murmurs_are_not_asked_ahead(event_log: EventLog) -> None:
    async with listening(event_log, Chat()) as world:
        await world.hear("switch to Bo")
        await world.hear("uh huh", 2)
        await world.hear("what is your name", 3)
        await world.asked(1)
    assert [one.text for one in world.chat.asked] == ["what is your name"]


async def test_an_answer_that_failed_ahead_is_asked_for_again(event_log: EventLog) -> None:
    async with listening(event_log, Chat(breaks=1)) as world:
        await world.hear("what is your name")
        await world.asked(1)
        world.chat.go_on.set()
        await asyncio.sleep(0.1)
        await world.say("what is your name")
        assert await world.told() == ["2 it is.", "And so on."]


async def test_one_that_breaks_off_while_it_is_told_is_gone_on_with(event_log: EventLog) -> None:
    async with listening(event_log, Chat(breaks=1)) as world:
        await world.hear("what is your name")
        await world.asked(1)
        await world.say("what is your name")
        assert await world.told() == ["1 it is.", "2 it is.", "And so on."]
    assert world.chat.asked[1].told == ("1 it is.",)


async def test_a_language_that_is_found_out_only_at_the_end_must_be_the_one_guessed(event_log: EventLog) -> None:
    async with listening(event_log, Chat()) as world:
        await world.hear("hallo", language="und")
        await world.asked(1)
        await world.say("hallo", language="de")
        assert await world.told() == ["2 it is.", "And so on."]
    assert [one.language for one in world.chat.asked] == ["en", "de"]


async def test_answers_that_nobody_wanted_do_not_pile_up() -> None:
    chat = Chat()
    ahead = Ahead(chat)
    for number in range(MOST + 3):
        ahead.ask(f"c{number}", Exchange(text="hello", at=1, character=ADA))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    ahead.close()
    await asyncio.sleep(0.01)
    assert (len(chat.asked), len(chat.stopped)) == (MOST + 3, MOST + 3)


async def test_where_it_may_not_listen_nothing_is_asked_ahead_and_that_is_all(caplog: pytest.LogCaptureFixture) -> None:
    class Deaf(FakeReader):
        async def live(self, kind: type[LiveBody]) -> AsyncIterator[LiveEvent]:
            raise Forbidden("this user may not listen there")
            yield

    assert [output async for output in Dialogue(Chat()).listen(Deaf())] == []
    assert "nothing is asked ahead" in caplog.text


def test_only_an_engine_that_takes_its_time_is_asked_ahead() -> None:
    model = Settings(llm_url="http://127.0.0.1:1/v1")
    assert build(model).background is not None
    assert build(Settings(llm_url="http://127.0.0.1:1/v1", llm_ahead="off")).background is None
    assert build(Settings(dialogue_engine="companion")).background is None
