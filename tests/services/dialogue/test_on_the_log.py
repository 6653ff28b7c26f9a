"""The dialogue service on a real log: one complete reply, exactly once, through every fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from bus.errors import EngineError
from bus.events import (
    CharacterCreated,
    CharacterEvent,
    ConversationOpened,
    ConversationTitled,
    Event,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplySentence,
    ReplyStarted,
    StepFailed,
)
from bus.ids import derive_id
from bus.log import dead_letters
from bus.log.event_log import EventLog
from bus.work.executor import MAX_TRIES
from bus.work.runner import Runner
from bus.work.service import Service
from projections.conversation import Conversation, Reply, Sentence, fold_all
from services.dialogue.companion.engine import Companion
from services.dialogue.engine import ChatEngine, ChatRequest
from services.dialogue.service import CONSUMES, Dialogue
from tests.fakes import event

ADA = CharacterCreated(name="Ada", tagline="an engineer", personality="-", greeting="Hi.", look="l", voice="female")


class Faulty:
    """Breaks off after one sentence for the first `faults` requests; `hopeless`: refuses every request."""

    name = "faulty"
    deterministic = False
    writes_slowly = False

    def __init__(self, *, hopeless: bool = False, faults: int = 1) -> None:
        self.asked: list[ChatRequest] = []
        self._hopeless, self._faults = hopeless, faults

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        self.asked.append(request)
        if self._hopeless:
            raise EngineError("the key is refused", code="llm_refused_key")
        if len(self.asked) <= self._faults:
            yield "[happy] One. Tw"
            raise EngineError("it broke off", retryable=True, code="llm_broke_off")
        yield "Two. Three."


@asynccontextmanager
async def working(event_log: EventLog, chat: ChatEngine) -> AsyncIterator[None]:
    dialogue = Dialogue(chat)
    service = Service(
        name="dialogue",
        consumes=CONSUMES,
        handle=dialogue.reply,
        engine=chat.name,
        on_failure=dialogue.failure_facts,
        backoff=(0.01,),
    )
    worker = asyncio.create_task(Runner(event_log, service).run())
    try:
        yield
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


@pytest.fixture
async def asked(event_log: EventLog) -> Event:
    await event_log.append_character(CharacterEvent(id="ch", at=1, character="ada", body=ADA))
    await event_log.append(event(ConversationOpened(person="p", character="ada"), at=1))
    one = event(MessageReceived(message="m", text="what is your name"), at=2, turn="t", name="ask")
    await event_log.append(one)
    return one


async def until_over(event_log: EventLog, *ends: type) -> list[tuple[int, Event]]:
    async with asyncio.timeout(30):
        while True:
            facts = await event_log.facts("c")
            if any(isinstance(one.body, ends) for _, one in facts):
                return facts
            await asyncio.sleep(0.02)


async def test_the_facts_of_a_turn_are_in_order_and_have_their_cause(event_log: EventLog, asked: Event) -> None:
    async with working(event_log, Companion()):
        facts = [one for _, one in await until_over(event_log, ConversationTitled)][2:]
    kinds = [type(one.body) for one in facts]
    assert kinds[0] is ReplyStarted
    assert set(kinds[1:-2]) == {ReplySentence}
    assert kinds[-2:] == [ReplyEnded, ConversationTitled]
    assert {(one.cause, one.turn) for one in facts} == {("ask", "t")}
    assert any("Ada" in one.body.text for one in facts if isinstance(one.body, ReplySentence))


async def test_a_reply_whose_engine_broke_off_continues_without_gap_or_duplicate(
    event_log: EventLog, asked: Event
) -> None:
    chat = Faulty()
    async with working(event_log, chat):
        facts = await until_over(event_log, ConversationTitled)
    assert [request.reply_so_far for request in chat.asked] == [(), (" One.",)]
    sentences = [one.body for _, one in facts if isinstance(one.body, ReplySentence)]
    assert [(one.index, one.text, one.emotion) for one in sentences] == [
        (0, "One.", "happy"), (1, "Two.", "happy"), (2, "Three.", "happy")
    ]  # fmt: skip
    assert [type(one.body) for _, one in facts].count(ReplyStarted) == 1
    reply = fold_all(Conversation(id="c"), facts).turns[0].reply
    assert reply is not None
    assert reply.state == "ended"


async def test_another_worker_continues_the_reply_of_one_that_was_killed(event_log: EventLog, asked: Event) -> None:
    """The second worker finds the first sentence of the first worker on the log."""
    sentence_out = asyncio.Event()

    class Stuck(Faulty):
        async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
            yield "One. "
            yield "Tw"
            sentence_out.set()
            await asyncio.Event().wait()

    async with working(event_log, Stuck()):
        await sentence_out.wait()
    second = Faulty()
    second.asked.append(ChatRequest(text="", at=0, character=ADA))  # past the first fault
    async with working(event_log, second):
        facts = await until_over(event_log, ConversationTitled)
    texts = [one.body.text for _, one in facts if isinstance(one.body, ReplySentence)]
    assert texts == ["One.", "Two.", "Three."]
    assert second.asked[1].reply_so_far == (" One.",)


async def test_an_error_that_is_not_retryable_fails_the_reply_at_once(event_log: EventLog, asked: Event) -> None:
    chat = Faulty(hopeless=True)
    async with working(event_log, chat):
        facts = await until_over(event_log, ReplyFailed)
    assert len(chat.asked) == 1
    assert [type(one.body) for _, one in facts][2:] == [ReplyStarted, StepFailed, ReplySentence, ReplyFailed]
    reply = fold_all(Conversation(id="c"), facts).turns[0].reply
    assert reply is not None
    assert (reply.state, reply.error) == ("failed", "the key is refused")


async def test_a_reply_that_was_given_up_is_completed_once_its_dead_letter_is_requeued(
    event_log: EventLog, asked: Event
) -> None:
    chat = Faulty(faults=MAX_TRIES)
    async with working(event_log, chat):
        facts = await until_over(event_log, ReplyFailed)
        failed = fold_all(Conversation(id="c"), facts).turns[0].reply
        assert failed is not None
        assert (failed.state, failed.error) == ("failed", "it broke off")
        assert [(one.text == "One.", one.notice) for one in failed.sentences] == [(True, False), (False, True)]
        async with asyncio.timeout(10):
            while not (letters := [one async for one in dead_letters.read_all(event_log)]):
                await asyncio.sleep(0.01)
        await dead_letters.Requeuer(event_log).requeue(letters[0])
        facts = await until_over(event_log, ConversationTitled)
    assert chat.asked[-1].reply_so_far == (" One.",)
    # The sentence about the failure, at place 1, is none of the answer.
    assert fold_all(Conversation(id="c"), facts).turns[0].reply == whole_reply(places=(0, 2, 3))
    kinds = [type(one.body) for _, one in facts]
    assert [kinds.count(one) for one in (ReplyStarted, ReplySentence, ReplyFailed, ReplyEnded)] == [1, 4, 1, 1]


def whole_reply(places: tuple[int, ...] = (0, 1, 2)) -> Reply:
    """The complete reply, as the page shows it."""
    texts = zip(places, ("One.", "Two.", "Three."), strict=True)
    sentences = [Sentence(index=place, text=text, language="en", emotion="happy") for place, text in texts]
    reply = derive_id("ask", "reply")
    return Reply(id=reply, character="ada", state="ended", language="en", sentences=tuple(sentences))
