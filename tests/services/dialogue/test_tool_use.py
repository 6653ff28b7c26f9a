"""Tools within a reply: each call and its result is on the log, and no call is made twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import cast

from bus.events import (
    Body,
    CharacterCreated,
    ConversationOpened,
    Event,
    Fact,
    MessageReceived,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    ToolCalled,
    ToolReturned,
)
from bus.ids import derive_id
from services.dialogue.engine import ChatRequest, Piece, Tokens, ToolCall, ToolDefinition, ToolExchange
from services.dialogue.prompt import chat_messages
from services.dialogue.service import Dialogue
from services.dialogue.tool_use import INTERRUPTED, MAX_CALLS, recorded_steps, waiting_sentence
from tests.fakes import FakeReader, event

ADA = CharacterCreated(name="Ada", tagline="t", personality="p", greeting="g", look="l", voice="female")
ASKED = event(MessageReceived(message="m", text="what time is it in Oslo"), at=2, turn="t", name="ask")
REPLY = derive_id("ask", "reply")
CLOCK = ToolDefinition("clock", "The time.", '{"type": "object"}')
CALL = ToolCall("clock", '{"city": "Oslo"}')


class ScriptedChat:
    """Answers each request with the next of its scripts, the last one again and again."""

    name = "scripted"
    deterministic = False
    writes_slowly = False

    def __init__(self, *scripts: Sequence[Piece]) -> None:
        self.scripts = list(scripts)
        self.asked: list[ChatRequest] = []

    async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        self.asked.append(request)
        for piece in self.scripts[min(len(self.asked), len(self.scripts)) - 1]:
            yield piece


class FakeTools:
    """A clock; `waits`: until the event is set."""

    def __init__(self, *, failed: bool = False, waits: asyncio.Event | None = None) -> None:
        self.called: list[ToolCall] = []
        self._failed, self._waits = failed, waits

    def definitions(self) -> tuple[ToolDefinition, ...]:
        return (CLOCK,)

    async def call(self, call: ToolCall) -> tuple[str, bool]:
        self.called.append(call)
        if self._waits is not None:
            await self._waits.wait()
        return ("out of order", True) if self._failed else ("12:30", False)


def log(*bodies: Fact) -> FakeReader:
    opened = event(ConversationOpened(person="p", character="ada"), at=1)
    facts = [opened, ASKED, *(event(body, at=at, turn="t") for at, body in enumerate(bodies, 3))]
    return FakeReader(list(enumerate(facts, 1)), characters={"ada": ADA})


async def outputs(chat: ScriptedChat, tools: FakeTools, reader: FakeReader | None = None) -> list[Body]:
    dialogue = Dialogue(chat, tools=tools)
    return cast("list[Body]", [body async for body in dialogue.reply(ASKED, reader or log())])


def kinds(bodies: Sequence[Body]) -> list[str]:
    return [body.text if isinstance(body, ReplySentence) else type(body).__name__ for body in bodies]


async def test_a_call_and_its_result_are_facts_and_the_answer_continues_with_them() -> None:
    chat, tools = ScriptedChat([CALL], ["It is half past twelve."]), FakeTools()
    told = await outputs(chat, tools)
    assert kinds(told)[:5] == ["ReplyStarted", "ToolCalled", "ToolReturned", "It is half past twelve.", "ReplyEnded"]
    assert told[1] == ToolCalled(reply=REPLY, call="call00001", name="clock", arguments='{"city": "Oslo"}')
    assert told[2] == ToolReturned(reply=REPLY, call="call00001", result="12:30")
    assert [request.tools for request in chat.asked] == [(CLOCK,)] * 2
    assert chat.asked[1].exchanges == (ToolExchange("call00001", "clock", '{"city": "Oslo"}', "12:30"),)


async def test_what_was_said_before_a_call_is_told_before_it_and_not_again() -> None:
    chat, tools = ScriptedChat(["Let me look", CALL, CALL], ["Half past twelve."]), FakeTools()
    told = await outputs(chat, tools)
    assert kinds(told)[1:7] == [
        "Let me look", "ToolCalled", "ToolReturned", "ToolCalled", "ToolReturned", "Half past twelve."
    ]  # fmt: skip
    assert [one.said for one in chat.asked[1].exchanges] == ["Let me look", ""]
    assert chat.asked[1].reply_so_far == ()
    assert [one.index for one in told if isinstance(one, ReplySentence)] == [0, 1]


async def test_a_tool_that_fails_does_not_break_the_turn() -> None:
    chat = ScriptedChat([CALL], ["The clock is out of order."])
    told = await outputs(chat, FakeTools(failed=True))
    assert told[2] == ToolReturned(reply=REPLY, call="call00001", result="out of order", failed=True)
    assert "ReplyEnded" in kinds(told)


async def test_a_slow_call_is_bridged_by_a_sentence() -> None:
    answered = asyncio.Event()
    chat, tools = ScriptedChat([CALL], ["Half past twelve."]), FakeTools(waits=answered)
    told: list[Body] = []
    async for body in Dialogue(chat, tools=tools, bridge_seconds=0.01).reply(ASKED, log()):
        told.append(cast("Body", body))
        if isinstance(body, ReplySentence):
            answered.set()
    assert kinds(told)[1:5] == ["ToolCalled", waiting_sentence("en")[0], "ToolReturned", "Half past twelve."]


async def test_a_model_that_calls_without_end_has_to_answer() -> None:
    class Eager(ScriptedChat):
        async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
            self.asked.append(request)
            yield CALL if request.tools else "I give up."

    chat, tools = Eager(), FakeTools()
    told = await outputs(chat, tools)
    assert len(tools.called) == MAX_CALLS
    assert kinds(told)[-3:-1] == ["I give up.", "ReplyEnded"]


async def test_without_tools_a_call_is_no_part_of_the_answer() -> None:
    chat = ScriptedChat(["Hello.", CALL])
    told = [body async for body in Dialogue(chat).reply(ASKED, log())]
    assert kinds(cast("list[Body]", told))[1:3] == ["Hello.", "ReplyEnded"]


# Redelivery

STARTED = ReplyStarted(reply=REPLY, character="ada", engine="scripted", language="en")
LOOK = ReplySentence(reply=REPLY, index=0, text="Let me look.", character="ada")
CALLED = ToolCalled(reply=REPLY, call="call00001", name="clock", arguments='{"city": "Oslo"}')
RETURNED = ToolReturned(reply=REPLY, call="call00001", result="12:30")


async def test_a_call_whose_result_is_on_the_log_is_not_made_again() -> None:
    chat, tools = ScriptedChat(["Half past twelve."]), FakeTools()
    told = await outputs(chat, tools, log(STARTED, LOOK, CALLED, RETURNED))
    assert tools.called == []
    assert told[:4] == [STARTED, LOOK, CALLED, RETURNED]  # in their places, so that they are dropped as duplicates
    assert chat.asked[0].exchanges == (
        ToolExchange("call00001", "clock", '{"city": "Oslo"}', "12:30", "Let me look."),
    )


async def test_a_call_without_a_result_on_the_log_is_not_made_again_and_the_model_is_told() -> None:
    chat, tools = ScriptedChat(["I could not see it."]), FakeTools()
    told = await outputs(chat, tools, log(STARTED, CALLED))
    assert tools.called == []
    assert told[2] == ToolReturned(reply=REPLY, call="call00001", result=INTERRUPTED, failed=True)
    assert kinds(told)[3:5] == ["I could not see it.", "ReplyEnded"]


async def test_an_answer_that_broke_off_after_a_call_continues_there() -> None:
    half = ReplySentence(reply=REPLY, index=1, text="It is half past", character="ada")
    chat, tools = ScriptedChat(["twelve."]), FakeTools()
    told = await outputs(chat, tools, log(STARTED, LOOK, CALLED, RETURNED, half))
    assert told[:5] == [STARTED, LOOK, CALLED, RETURNED, half]
    assert chat.asked[0].reply_so_far == (" It is half past",)
    assert isinstance(told[-2], ReplyEnded)
    assert told[-2].sentences == 3


def test_the_prompt_has_the_calls_between_the_question_and_the_answer() -> None:
    exchange = ToolExchange("call00001", "clock", '{"city": "Oslo"}', "12:30", "Let me look.")
    request = ChatRequest(text="what time is it", at=1, character=ADA, exchanges=(exchange,))
    asked, called, returned = chat_messages(request)[-3:]
    assert (asked["role"], asked["content"]) == ("user", "what time is it")
    assert (called["content"], called["tool_calls"][0]["function"]["name"]) == ("Let me look.", "clock")
    assert returned == {"role": "tool", "tool_call_id": called["tool_calls"][0]["id"], "content": "12:30"}


def test_a_fact_of_a_tool_is_found_by_its_reply() -> None:
    facts: list[tuple[int, Event]] = [(1, event(CALLED)), (2, event(CALLED)), (3, event(RETURNED))]
    assert recorded_steps(facts, REPLY) == [CALLED, RETURNED]
    assert recorded_steps(facts, "another") == []


async def test_the_tokens_of_all_requests_of_a_reply_are_on_the_log() -> None:
    chat = ScriptedChat([CALL, Tokens(100, 7)], ["Half past twelve.", Tokens(130, 9)])
    (ended,) = [body for body in await outputs(chat, FakeTools()) if isinstance(body, ReplyEnded)]
    assert (ended.prompt_tokens, ended.reply_tokens) == (230, 16)
