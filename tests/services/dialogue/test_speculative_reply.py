"""Speculative replies: used where the final transcript asks the same, cancelled otherwise."""

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
from services.dialogue.engine import ChatRequest
from services.dialogue.service import CONSUMES, Dialogue, failure_facts
from services.dialogue.speculative_reply import MAX_REPLIES, SpeculativeReplies
from tests.fakes import FakeReader, event
from tests.services.dialogue.test_service import ADA, BO


class FakeChat:
    """Answers with the number of the request; records the requests and which of them were cancelled."""

    name = "fake"
    deterministic = False
    writes_slowly = False

    def __init__(self, *, breaks: int = 0) -> None:
        self.asked: list[ChatRequest] = []
        self.cancelled: list[int] = []
        self.go_on = asyncio.Event()
        self._breaks = breaks

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        self.asked.append(request)
        number = len(self.asked)
        try:
            yield f"{number} it is. And"
            await self.go_on.wait()
            if number <= self._breaks:
                raise EngineError("it broke off", retryable=True, code="llm_broke_off")
            yield " so on."
        except (GeneratorExit, asyncio.CancelledError):
            self.cancelled.append(number)
            raise


class World:
    """A conversation with Ada, and a dialogue worker that starts speculative replies."""

    def __init__(self, event_log: EventLog, chat: FakeChat) -> None:
        self.event_log, self.chat = event_log, chat
        self.dialogue = Dialogue(chat)
        self._at = 2

    async def append(self, body: Fact, *, turn: str | None = "t") -> None:
        self._at += 1
        await self.event_log.append(event(body, at=self._at, turn=turn))

    async def hear(self, text: str, generation: int = 1, language: str = "en") -> None:
        """Publish a stable transcript of these words, as when the person falls silent."""
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

    async def appeared(self, kind: type[Fact]) -> None:
        async with asyncio.timeout(10):
            while not any(isinstance(one, kind) for one in await self.bodies()):
                await asyncio.sleep(0.02)

    async def answer_sentences(self) -> list[str]:
        """The sentences of the answer, once it has ended; the model continues after the first one is on the log."""
        await self.appeared(ReplySentence)
        self.chat.go_on.set()
        await self.appeared(ReplyEnded)
        return [one.text for one in await self.bodies() if isinstance(one, ReplySentence)]


@asynccontextmanager
async def speculating(event_log: EventLog, chat: FakeChat) -> AsyncIterator[World]:
    await event_log.append_character(CharacterEvent(id="ch", at=1, character="ada", body=ADA))
    await event_log.append_character(CharacterEvent(id="ch2", at=2, character="bo", body=BO))
    await event_log.append(event(ConversationOpened(person="p", character="ada"), at=1))
    world = World(event_log, chat)
    await world.append(UtteranceStarted(utterance="u", session="s", language="en"))
    service = Service(
        name="dialogue", consumes=CONSUMES, handle=world.dialogue.reply, engine="", on_failure=failure_facts,
        background=world.dialogue.speculate,
    )  # fmt: skip
    worker = asyncio.create_task(Runner(event_log, service).run())
    await asyncio.sleep(0.5)
    try:
        yield world
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def test_a_speculative_reply_is_used_when_the_final_transcript_says_the_same(event_log: EventLog) -> None:
    async with speculating(event_log, FakeChat()) as world:
        await world.hear("what is your name")
        await world.asked(1)
        before = await world.bodies()
        await world.say("What is your name?")
        assert await world.answer_sentences() == ["1 it is.", "And so on."]
    assert len(world.chat.asked) == 1
    assert [type(one) for one in before] == [ConversationOpened, UtteranceStarted]  # nothing of the reply is on the log


async def test_a_speculative_reply_to_other_words_is_cancelled(event_log: EventLog) -> None:
    async with speculating(event_log, FakeChat()) as world:
        await world.hear("what is your")
        await world.asked(1)
        await world.say("what is your name")
        assert await world.answer_sentences() == ["2 it is.", "And so on."]
    assert [one.text for one in world.chat.asked] == ["what is your", "what is your name"]
    assert world.chat.cancelled == [1]


async def test_the_newer_generation_replaces_the_older_one(event_log: EventLog) -> None:
    async with speculating(event_log, FakeChat()) as world:
        await world.hear("what is your name")
        await world.asked(1)
        await world.hear("What is your name?", 2)  # the same words: no new request
        await world.hear("what is your name and age", 3)
        await world.asked(2)
        await world.say("what is your name and age")
        assert await world.answer_sentences() == ["2 it is.", "And so on."]
    assert world.chat.cancelled == [1]


async def test_a_speculative_reply_is_cancelled_when_another_character_is_chosen(event_log: EventLog) -> None:
    async with speculating(event_log, FakeChat()) as world:
        await world.hear("what is your name")
        await world.asked(1)
        await world.append(CharacterChosen(character="bo"), turn=None)
        await world.say("what is your name")
        assert await world.answer_sentences() == ["2 it is.", "And so on."]
    assert [one.character for one in world.chat.asked] == [ADA, BO]


async def test_commands_and_backchannels_start_no_speculative_reply(event_log: EventLog) -> None:
    async with speculating(event_log, FakeChat()) as world:
        await world.hear("switch to Bo")
        await world.hear("uh huh", 2)
        await world.hear("what is your name", 3)
        await world.asked(1)
    assert [one.text for one in world.chat.asked] == ["what is your name"]


async def test_a_speculative_reply_that_failed_is_requested_again(event_log: EventLog) -> None:
    async with speculating(event_log, FakeChat(breaks=1)) as world:
        await world.hear("what is your name")
        await world.asked(1)
        world.chat.go_on.set()
        await asyncio.sleep(0.1)
        await world.say("what is your name")
        assert await world.answer_sentences() == ["2 it is.", "And so on."]


async def test_a_speculative_reply_that_breaks_off_while_it_is_used_is_continued(event_log: EventLog) -> None:
    async with speculating(event_log, FakeChat(breaks=1)) as world:
        await world.hear("what is your name")
        await world.asked(1)
        await world.say("what is your name")
        assert await world.answer_sentences() == ["1 it is.", "2 it is.", "And so on."]
    assert world.chat.asked[1].reply_so_far == (" 1 it is.",)


async def test_a_speculative_reply_in_another_language_is_cancelled(event_log: EventLog) -> None:
    async with speculating(event_log, FakeChat()) as world:
        await world.hear("hallo", language="und")
        await world.asked(1)
        await world.say("hallo", language="de")
        assert await world.answer_sentences() == ["2 it is.", "And so on."]
    assert [one.language for one in world.chat.asked] == ["en", "de"]


async def test_unused_speculative_replies_are_bounded_and_cancelled() -> None:
    chat = FakeChat()
    replies = SpeculativeReplies(chat)
    for number in range(MAX_REPLIES + 3):
        replies.start(f"c{number}", ChatRequest(text="hello", at=1, character=ADA))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    evicted = len(chat.cancelled)
    replies.close()
    await asyncio.sleep(0.01)
    assert (len(chat.asked), evicted, len(chat.cancelled)) == (MAX_REPLIES + 3, 3, MAX_REPLIES + 3)


async def test_without_permission_for_live_events_nothing_is_speculated(caplog: pytest.LogCaptureFixture) -> None:
    class Deaf(FakeReader):
        async def live(self, kind: type[LiveBody]) -> AsyncIterator[LiveEvent]:
            raise Forbidden("this user may not listen there")
            yield

    assert [output async for output in Dialogue(FakeChat()).speculate(Deaf())] == []
    assert "no speculative replies at all" in caplog.text


def test_only_a_language_model_gets_speculative_requests() -> None:
    model = Settings(llm_url="http://127.0.0.1:1/v1")
    assert build(model).background is not None
    assert build(Settings(llm_url="http://127.0.0.1:1/v1", llm_ahead="off")).background is None
    assert build(Settings(dialogue_engine="companion")).background is None


async def test_the_clocks_of_other_machines_do_not_make_a_question_be_asked_twice() -> None:
    chat, now = FakeChat(), [0.0]
    replies = SpeculativeReplies(chat, lambda: now[0])
    hour = 3_600_000_000
    for said_at in (hour, 2 * hour, 0):
        replies.start("c", ChatRequest(text="what time is it", at=hour, character=ADA))
        taken = replies.take("c", ChatRequest(text="What time is it?", at=said_at, character=ADA))
        assert taken is not None
    replies.start("c", ChatRequest(text="what time is it", at=hour, character=ADA))
    now[0] += 31
    assert replies.take("c", ChatRequest(text="what time is it", at=hour, character=ADA)) is None
    replies.close()
