"""Which of a server's models is asked, and what is made of its calls of tools."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from services.dialogue.engine import ToolCall, ToolDefinition
from tests.scripted_model_server import (
    DONE,
    Asked,
    Script,
    delta,
    json_response,
    serving,
    stream,
)
from tests.services.dialogue.openai.asking import REQUEST, client, told

# The choice of a model


@pytest.mark.parametrize(
    "listed",
    [
        {"data": [{"id": "bge-m3"}, {"id": "all-minilm"}, {"id": "llama3"}]},
        {"data": [{"id": name} for name in ("text-embedding-3-small", "whisper-1", "tts-1", "bge-reranker", "llama3")]},
        {"data": [{"id": "mystery", "type": "embeddings"}, {"id": "llama3", "type": "llm"}]},
        {"data": [{"id": "mystery", "capabilities": {"completion_chat": False}}, {"id": "llama3"}]},
        {"data": [{"id": "BAAI/bge-large"}, {"id": "intfloat/e5-mistral-7b"}, {"id": "gte-Qwen2"}, {"id": "llama3"}]},
        {"models": [{"name": "nomic-embed-text"}, {"name": "llama3", "model": "llama3"}]},
        [{"id": "kokoro"}, {"id": "llama3"}],
        {"data": [None, "snowflake-arctic-embed", "llama3"]},
    ],
)
async def test_models_that_do_not_chat_are_not_chosen(listed: Any) -> None:
    async with serving(stream(delta("Hi."), DONE)) as server, client(server, model="") as chat:
        server.models = json_response(listed)
        assert await told(chat) == "Hi."
    assert [asked.body["model"] for asked in server.chats] == ["llama3"]


async def test_a_model_that_refuses_to_chat_is_passed_over() -> None:
    def only_llama(asked: Asked) -> Script:
        if asked.body["model"] == "llama3":
            return stream(delta("Hi."), DONE)
        return json_response({"error": {"message": '"mystery" does not support chat'}}, status="400 Bad Request")

    async with serving(only_llama) as server, client(server, model="") as chat:
        server.models = json_response({"data": [{"id": "mystery"}, {"id": "llama3"}]})
        assert [await told(chat), await told(chat)] == ["Hi."] * 2
    assert [asked.body["model"] for asked in server.chats] == ["mystery", "llama3", "llama3"]


# Tools

CLOCK = ToolDefinition("clock", "The time.", '{"type": "object", "properties": {"city": {"type": "string"}}}')


def call(**fields: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": '{"city": "Oslo"}'}} | fields


CALLS = (
    stream(delta(tool_calls=[call(index=0)]), delta(finish="tool_calls"), DONE),
    stream(
        delta(tool_calls=[call(index=0, function={"name": "clock", "arguments": ""})]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"city"'}}]),
        delta(tool_calls=[{"index": 0, "function": {"name": None, "arguments": ': "Oslo"}'}}]),
        delta(finish="tool_calls"),
        DONE,
    ),
    stream(delta(tool_calls=[call()]), DONE),
    stream(delta(tool_calls=[call(index=0, function={"name": "clock", "arguments": {"city": "Oslo"}})]), DONE),
    json_response({"choices": [{"message": {"content": None, "tool_calls": [call()]}, "finish_reason": "tool_calls"}]}),
    stream(delta(function_call={"name": "clock", "arguments": '{"city": "Oslo"}'}), delta(finish="function_call")),
    stream(
        json.dumps({"message": {"content": "", "tool_calls": [{"function": {"name": "clock",
                    "arguments": {"city": "Oslo"}}}]}, "done": True}).encode() + b"\n"
    ),
)  # fmt: skip


@pytest.mark.parametrize("script", CALLS)
async def test_a_call_of_a_tool_is_read_in_every_shape(script: Script) -> None:
    async with serving(script) as server, client(server) as chat:
        pieces = [piece async for piece in chat.stream(replace(REQUEST, tools=(CLOCK,)))]
    assert pieces == [ToolCall("clock", '{"city": "Oslo"}')]
    (asked,) = server.chats
    assert asked.body["tools"][0]["function"]["parameters"]["properties"] == {"city": {"type": "string"}}


async def test_two_calls_and_the_text_before_them_are_kept_apart() -> None:
    second = call(index=1, id="c2", function={"name": "clock", "arguments": '{"city": "Bonn"}'})
    script = stream(delta("Let me look."), delta(tool_calls=[call(index=0)]), delta(tool_calls=[second]), DONE)
    async with serving(script) as server, client(server) as chat:
        pieces = [piece async for piece in chat.stream(replace(REQUEST, tools=(CLOCK,)))]
    cities = [ToolCall("clock", f'{{"city": "{city}"}}') for city in ("Oslo", "Bonn")]
    assert pieces == ["Let me look.", *cities]


async def test_a_model_without_tools_is_asked_without_them() -> None:
    def plain(asked: Asked) -> Script:
        if "tools" in asked.body:
            return json_response({"error": {"message": '"m" does not support tools'}}, status="400 Bad Request")
        return stream(delta("Nice day."), DONE)

    async with serving(plain) as server, client(server) as chat:
        assert [await told(chat, replace(REQUEST, tools=(CLOCK,))) for _ in range(2)] == ["Nice day."] * 2
    assert ["tools" in asked.body for asked in server.chats] == [True, False, False]
