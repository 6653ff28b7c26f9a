"""What servers that call themselves compatible with OpenAI's really send, byte by byte, and what is made of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from bus.errors import EngineBusy, EngineError
from bus.events import CharacterCreated
from projections.conversation import Message
from services.dialogue.engine import ChatRequest, ToolCall, ToolDefinition
from services.dialogue.openai import OpenAI
from tests.scripted_model_server import (
    DONE,
    Asked,
    Pause,
    Script,
    ScriptedModelServer,
    Tear,
    Wait,
    data,
    delta,
    json_response,
    response,
    serving,
    stream,
    stream_until_close,
)

ADA = CharacterCreated(name="Ada", tagline="t", personality="p", greeting="g", look="l", voice="female")
REQUEST = ChatRequest(text="hello", at=1, character=ADA, seed=7)


@asynccontextmanager
async def client(server: ScriptedModelServer, **options: Any) -> AsyncIterator[OpenAI]:
    chat = OpenAI(server.url, **{"model": "m"} | options)
    try:
        yield chat
    finally:
        await chat.close()


async def told(chat: OpenAI, request: ChatRequest = REQUEST) -> str:
    return "".join([str(piece) async for piece in chat.stream(request)])


async def answer(*scripts: Script, **options: Any) -> tuple[str, int]:
    """The answer to one request, and how often the server was asked."""
    async with serving(*scripts) as server, client(server, **options) as chat:
        return await told(chat), len(server.chats)


async def failure(*scripts: Script, **options: Any) -> tuple[EngineError, str, int]:
    """The error of one request, the text before it, and how often the server was asked."""
    async with serving(*scripts) as server, client(server, **options) as chat:
        pieces: list[str] = []
        try:
            async for piece in chat.stream(REQUEST):
                pieces.append(str(piece))
        except EngineError as error:
            return error, "".join(pieces), len(server.chats)
    raise AssertionError(f"expected an error, got the answer {''.join(pieces)!r}")


# The form of a stream

CHUNK = json.dumps({"choices": [{"index": 0, "delta": {"content": "Nice day."}, "finish_reason": None}]})
PRETTY = json.dumps({"choices": [{"message": {"role": "assistant", "content": "Nice day."}}]}, indent=2)


@pytest.mark.parametrize(
    "body",
    [
        f"data: {CHUNK}\n\ndata: [DONE]\n\n",
        f"data: {CHUNK}\r\n\r\ndata: [DONE]\r\n\r\n",
        f"data: {CHUNK}\r\rdata: [DONE]\r\r",
        f"\ufeffdata: {CHUNK}\n\n",
        f"data:{CHUNK}\n\ndata:[DONE]\n\n",
        f"data: {CHUNK}\ndata: [DONE]\n",
        f"data: {CHUNK}",
        f": keep-alive\n\nid: 1\nevent: message\nretry: 9\ndata: {CHUNK}\n\n: bye\n\n",
        f"data: \n\ndata: ping\n\ndata: {{}}\n\ndata: {CHUNK}\n\n",
        f"data: {CHUNK[:20]}\ndata: {CHUNK[20:]}\n\n",
        f"{CHUNK}\n",
        f"{CHUNK}\r\n\r\n",
        f"[{CHUNK}]",
        f"data: {CHUNK}data: [DONE]",
        PRETTY,
        PRETTY.replace("\n", "\r\n"),
        f"Data: {CHUNK}\n\nDATA: [done]\n\n",
    ],
    ids=[
        "plain", "crlf", "cr", "byte order mark", "no space", "no blank lines", "no line end", "other fields",
        "signs of life", "two lines", "lines of JSON", "lines of JSON, crlf", "a list", "no line end between",
        "JSON over lines", "JSON over lines, crlf", "capitals",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_stream_is_read_however_its_lines_end_and_wherever_it_is_cut(body: str, size: int) -> None:
    raw = body.encode()
    parts = [raw[place : place + size] for place in range(0, len(raw), size)]
    assert await answer(stream(*parts)) == ("Nice day.", 1)


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "application/x-ndjson", ""])
async def test_a_stream_is_read_under_any_content_type(content_type: str) -> None:
    assert await answer(stream(delta("Nice day."), DONE, content_type=content_type)) == ("Nice day.", 1)


async def test_an_answer_that_is_not_streamed_is_told_as_it_is() -> None:
    whole = {"object": "chat.completion", "choices": [{"message": {"content": "Nice day."}, "finish_reason": "stop"}]}
    assert await answer(json_response(whole)) == ("Nice day.", 1)


async def test_characters_that_are_cut_between_reads_and_between_chunks_are_whole() -> None:
    chunk = {"choices": [{"delta": {"content": "Ein Stück Kuchen 🎂, 日本"}}]}
    raw = f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
    parts = [bytes([byte]) for byte in raw.encode()]
    assert await answer(stream(*parts)) == ("Ein Stück Kuchen 🎂, 日本", 1)


async def test_halves_of_surrogate_pairs_are_joined_and_a_lone_one_is_replaced() -> None:
    first = b'data: {"choices":[{"delta":{"content":"Here is a cake \\ud83c"}}]}\n\n'
    second = b'data: {"choices":[{"delta":{"content":"\\udf82 for you.\\ud83c"}}]}\n\n'
    third = b'data: {"choices":[{"delta":{"content":"\\udf82\\ud83c End."}}]}\n\n'
    text, asked = await answer(stream(first, second, third, DONE))
    assert (text, asked) == ("Here is a cake 🎂 for you.🎂\ufffd End.", 1)


async def test_bytes_of_one_character_in_two_chunks_are_joined() -> None:
    cake = "🎂".encode()
    first = b'data: {"choices":[{"delta":{"content":"A cake ' + cake[:2] + b'"}}]}\n\n'
    second = b'data: {"choices":[{"delta":{"content":"' + cake[2:] + b'."}}]}\n\n'
    assert await answer(stream(first, second, DONE)) == ("A cake 🎂.", 1)


# The end of a stream


@pytest.mark.parametrize("script", [stream, stream_until_close])
async def test_a_body_that_ends_regularly_needs_no_end_mark(script: Any) -> None:
    text = "Rain is near. Take a coat. Mind the step"
    assert await answer(script(delta("Rain is near. Take"), delta(" a coat. Mind the step"))) == (text, 1)


async def test_a_connection_that_is_torn_is_an_error_and_its_end_is_not_told() -> None:
    error, text, asked = await failure(stream(delta("Rain is near. Take"), Pause(0.05), Tear()))
    assert (error.code, error.retryable, text, asked) == ("llm_broke_off", True, "Rain is near. Take", 1)


async def test_a_body_that_ends_within_an_event_is_an_error() -> None:
    error, _, _ = await failure(stream(delta("Rain is near."), b'data: {"choices":[{"delta":{"cont'))
    assert (error.code, error.retryable) == ("llm_garbled", True)


async def test_a_server_that_never_closes_a_finished_answer_is_not_waited_for() -> None:
    never = asyncio.Event()
    assert await answer(stream(delta("Nice day.", finish="stop"), Wait(never))) == ("Nice day.", 1)


async def test_what_comes_after_the_end_mark_is_not_told() -> None:
    assert await answer(stream(delta("Nice day."), DONE, delta(" Another."), DONE)) == ("Nice day.", 1)


# The content of a chunk


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": {"content": [{"type": "text", "text": "Nice "}, {"type": "text", "text": "day."}]}},
        {"delta": {"content": ["Nice ", "day."]}},
        {"delta": {"content": {"type": "text", "text": "Nice day."}}},
        {"delta": {"content": [{"type": "output_text", "text": {"value": "Nice day.", "annotations": []}}]}},
        {"delta": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                               {"type": "text", "text": "Nice day."}]}},
        {"delta": None, "message": {"content": "Nice day."}},
        {"message": {"role": "assistant", "content": "Nice day."}, "finish_reason": "stop"},
        {"text": "Nice day.", "index": 0},
        {"delta": "Nice day."},
        {"index": None, "delta": {"role": None, "content": "Nice day.", "tool_calls": None, "refusal": None}},
        {"index": 0, "delta": {"content": "Nice day."}, "finish_reason": "", "logprobs": None},
        {"index": 0, "delta": {"content": "Nice day.", "reasoning_content": None}, "finish_reason": "null"},
    ],
)  # fmt: skip
async def test_a_content_is_understood_in_every_shape(choice: dict[str, Any]) -> None:
    assert await answer(stream(data({"choices": [choice]}), DONE)) == ("Nice day.", 1)


@pytest.mark.parametrize(
    "extra",
    [
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        {"choices": [{"delta": None, "finish_reason": None}]},
        {"choices": [{"finish_reason": None}]},
        {"choices": [{"index": 1, "delta": {"content": "Another answer."}}]},
        {"object": "ping"},
        {"type": "keepalive", "timestamp": 1},
        {},
        {"id": "x", "prompt_filter_results": [{"prompt_index": 0}], "choices": []},
    ],
)
async def test_a_chunk_without_text_is_a_sign_of_life_and_no_more(extra: dict[str, Any]) -> None:
    end = data({"choices": [{"delta": None, "finish_reason": "stop"}]})
    script = stream(data(extra), delta("Nice"), data(extra), delta(" day."), data(extra), end, data(extra), DONE)
    assert await answer(script) == ("Nice day.", 1)


async def test_the_objects_of_ollamas_own_protocol_are_understood() -> None:
    lines = [{"message": {"content": "Nice"}, "done": False}, {"message": {"content": " day."}, "done": False}]
    raw = [json.dumps(one).encode() + b"\n" for one in (*lines, {"done": True, "done_reason": "stop"})]
    assert await answer(stream(*raw, content_type="application/x-ndjson")) == ("Nice day.", 1)


async def test_a_whole_message_after_its_pieces_is_not_told_again() -> None:
    end = data({"choices": [{"delta": {}, "message": {"content": "Nice day."}, "finish_reason": "stop"}]})
    assert await answer(stream(delta("Nice "), delta("day."), end)) == ("Nice day.", 1)


async def test_of_messages_that_repeat_all_so_far_the_new_part_is_told() -> None:
    grown = [data({"choices": [{"message": {"content": text}}]}) for text in ("Nice", "Nice day", "Nice day.")]
    assert await answer(stream(*grown, DONE)) == ("Nice day.", 1)


# Errors at any moment

ERRORS: Sequence[bytes] = (
    data({"error": {"message": "out of memory", "type": "server_error", "code": None}}),
    data({"error": "out of memory"}),
    data({"error": {"error": {"message": "out of memory"}}}),
    data({"error": [{"message": "out of memory"}]}),
    data({"errors": ["out of memory"]}),
    data({"object": "error", "message": "out of memory", "code": 50001}),
    data({"type": "error", "error": {"type": "overloaded", "message": "out of memory"}}),
    data({"detail": "out of memory"}),
    data({"code": 1301, "msg": "out of memory"}),
    data({"base_resp": {"status_code": 1004, "status_msg": "out of memory"}}),
    data({"choices": [{"delta": {"content": ""}, "finish_reason": "error", "error": {"message": "out of memory"}}]}),
    data({"choices": [], "error": {"message": "out of memory"}}),
    b"event: error\ndata: out of memory\n\n",
    b'event: error\ndata: {"message": "out of memory"}\n\n',
    b'error: {"code":500,"message":"out of memory"}\n\n',
    b"data: Error: out of memory\n\n",
    b'{"error":{"message":"out of memory"}}',
)


@pytest.mark.parametrize("error", ERRORS)
async def test_an_error_within_an_answer_is_no_answer(error: bytes) -> None:
    problem, text, asked = await failure(stream(delta("There was once a "), error, DONE))
    assert "out of memory" in problem.detail
    assert (problem.code, text, asked) == ("llm_failed", "There was once a ", 1)


@pytest.mark.parametrize("error", ERRORS)
async def test_an_error_before_an_answer_has_the_servers_words(error: bytes) -> None:
    problem, text, asked = await failure(stream(error, DONE))
    assert "out of memory" in problem.detail
    assert (problem.code, text, asked) == ("llm_failed", "", 1)


@pytest.mark.parametrize("error", [None, "", {}, [], False])
async def test_an_error_that_is_empty_is_none(error: object) -> None:
    chunk = data({"error": error, "choices": [{"delta": {"content": "Nice day."}}]})
    assert await answer(stream(chunk, DONE)) == ("Nice day.", 1)


async def test_an_error_in_place_of_a_stream_has_the_servers_words() -> None:
    error, _, asked = await failure(json_response({"error": {"message": "the model is on fire"}}))
    assert "the model is on fire" in error.detail
    assert asked == 1


@pytest.mark.parametrize(("status", "retryable"), [("200 OK", False), ("404 Not Found", False), ("502 Bad", True)])
async def test_of_a_web_page_the_title_is_told(status: str, retryable: bool) -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>Sign in to the\n hotel</title></head><body>x</body></html>"
    error, _, asked = await failure(response(page, status=status, content_type="text/html"))
    assert "Sign in to the hotel" in error.detail
    assert "<" not in error.detail
    assert (error.retryable, asked) == (retryable, 1)


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "PROHIBITED_CONTENT", "sensitive"])
@pytest.mark.parametrize("begun", [False, True])
async def test_a_content_filter_is_a_plain_refusal_after_one_request(reason: str, begun: bool) -> None:
    parts = [delta("You take the ")] if begun else []
    error, _, asked = await failure(stream(*parts, delta(finish=reason), DONE))
    assert (error.code, error.retryable, asked) == ("llm_refused", False, 1)


@pytest.mark.parametrize("shape", ["field", "part"])
async def test_a_refusal_in_words_is_the_answer(shape: str) -> None:
    words = {"refusal": "I can't help with that."}
    chunk = delta(**words) if shape == "field" else delta([{"type": "refusal", **words}])
    assert await answer(stream(chunk, delta(finish="stop"), DONE)) == ("I can't help with that.", 1)


# Signs of life


async def test_comments_are_signs_of_life() -> None:
    waits = [part for _ in range(6) for part in (b": wait\n\n", Pause(0.1))]
    script = stream(*waits, delta("Nice day."), DONE)
    assert await answer(script, first_token_timeout=0.4) == ("Nice day.", 1)


async def test_thought_beside_the_text_is_a_sign_of_life_and_is_not_told() -> None:
    waits = [part for _ in range(6) for part in (delta(reasoning_content="Hm."), Pause(0.1))]
    assert await answer(stream(*waits, delta("Nice day."), DONE), next_token_timeout=0.4) == ("Nice day.", 1)


async def test_signs_of_life_alone_are_no_answer() -> None:
    never = asyncio.Event()
    async with serving(stream(b": wait\n\n", Wait(never))) as server, client(server) as chat:
        with pytest.raises(EngineError) as caught:
            await anext(chat.stream(REQUEST, patience=0.1))
    assert (caught.value.code, caught.value.retryable) == ("llm_timeout", True)


# Thoughts


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
async def test_thoughts_beside_the_text_are_not_told(field: str) -> None:
    script = stream(delta(**{field: "A greeting is due."}), delta("Nice day."), delta(finish="stop"), DONE)
    assert await answer(script) == ("Nice day.", 1)


async def test_a_thought_that_was_never_opened_is_not_told_from_the_second_answer_on() -> None:
    script = stream(*[delta(letter) for letter in "A greeting is due. </think>Nice day."], delta(finish="stop"), DONE)
    async with serving(script) as server, client(server) as chat:
        first, *later = [await told(chat) for _ in range(3)]
    assert first.endswith("Nice day.")
    assert later == ["Nice day."] * 2


async def test_a_model_that_stopped_thinking_aloud_is_streamed_again() -> None:
    thinks = stream(delta("Hm. </think>Nice day."), DONE)
    parts = (delta("Nice "), delta("day."), DONE)
    async with serving(thinks, stream(*parts)) as server, client(server) as chat:
        await told(chat)
        second = [piece async for piece in chat.stream(REQUEST)]
        third = [piece async for piece in chat.stream(REQUEST)]
    assert second == ["Nice day."]
    assert third == ["Nice ", "day."]


async def test_a_model_whose_name_says_that_it_thinks_is_told_without_thoughts_at_once() -> None:
    script = stream(delta("Hm, a greeting. </think>\n\nNice day."), DONE)
    assert await answer(script, model="deepseek-r1:7b") == ("Nice day.", 1)


async def test_a_limit_that_was_spent_on_thought_is_lifted_for_one_more_try_and_from_then_on() -> None:
    def limited(asked: Asked) -> Script:
        if "max_tokens" in asked.body:
            return stream(delta(reasoning_content="Hm."), delta(finish="length"), DONE)
        return stream(delta(reasoning_content="Hm."), delta("Nice day."), DONE)

    async with serving(limited) as server, client(server) as chat:
        assert [await told(chat), await told(chat)] == ["Nice day."] * 2
    assert ["max_tokens" in asked.body for asked in server.chats] == [True, False, False]


@pytest.mark.parametrize("thought", [{"reasoning_content": "Hm."}, {"content": "<think>Hm."}])
async def test_thought_alone_is_asked_for_once_more_and_then_named(thought: dict[str, Any]) -> None:
    error, text, asked = await failure(stream(delta(**thought), delta(finish="length"), DONE))
    assert (error.code, error.retryable, text, asked) == ("llm_only_thought", False, "", 2)
    assert "thought" in error.detail


async def test_an_empty_answer_is_asked_for_once_more() -> None:
    error, _, asked = await failure(stream(delta(finish="stop"), DONE))
    assert (error.code, error.retryable, asked) == ("empty_reply", False, 2)
    assert await answer(stream(DONE), stream(delta("Nice day."), DONE)) == ("Nice day.", 2)


# Waiting as told


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_server_that_names_a_time_is_busy_for_so_long(status: str) -> None:
    error, _, asked = await failure(json_response({"error": "slow down"}, status=status, Retry_After="15"))
    assert isinstance(error, EngineBusy)
    assert (error.wait, error.code, asked) == (15.0, "llm_busy", 1)


async def test_a_date_to_wait_for_counts_by_the_servers_own_clock() -> None:
    headers = {"Retry_After": "Wed, 21 Oct 2015 07:28:30 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    error, _, _ = await failure(json_response({}, status="429 Too Many Requests", **headers))
    assert isinstance(error, EngineBusy)
    assert error.wait == 30.0


async def test_a_quota_that_is_used_up_is_not_waited_for() -> None:
    body = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    error, _, asked = await failure(json_response(body, status="429 Too Many Requests"))
    assert (error.code, error.retryable, asked) == ("llm_quota", False, 1)


# The length of a context

LONG = tuple(Message(role, f"{number} " + "word " * 60) for number in range(30) for role in ("user", "assistant"))
WORDINGS = (
    {"error": {"message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens "
               "(4300 in the messages, 700 in the completion).", "code": "context_length_exceeded"}},
    {"error": {"code": 400, "message": "request (5000 tokens) exceeds the available context size (4096 tokens)",
               "type": "exceed_context_size_error"}},
    {"error": {"message": "context"}},
    {"error": "input length exceeds the context length"},
    {"detail": "Prompt is too long: 5000 tokens > 4096 maximum"},
    {"object": "error", "message": "Input is too long for requested model."},
    {"error": {"message": "Please reduce the length of the messages."}},
    {"message": "too many tokens: the input token count exceeds the maximum number of tokens allowed"},
)  # fmt: skip


def length(asked: Asked) -> int:
    return sum(len(message["content"]) for message in asked.body["messages"])


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("in_stream", [False, True])
async def test_a_history_that_is_too_long_is_shortened_and_the_limit_remembered(wording: Any, in_stream: bool) -> None:
    def small(asked: Asked) -> Script:
        if length(asked) <= 6000:
            return stream(delta("Nice day."), DONE)
        return stream(data(wording), DONE) if in_stream else json_response(wording, status="400 Bad Request")

    request = ChatRequest(text="hello", at=1, character=ADA, history=LONG)
    async with serving(small) as server, client(server) as chat:
        assert await told(chat, request) == "Nice day."
        refused = len(server.chats) - 1
        assert await told(chat, request) == "Nice day."
    assert 1 <= refused <= 4
    assert len(server.chats) == refused + 2
    kept = server.chats[-1].body["messages"]
    assert (kept[0]["role"], kept[-1]["content"]) == ("system", "hello")
    assert kept[-2]["content"].endswith(LONG[-1].text)  # the oldest are left out, the newest kept
    assert len(kept) > 6


async def test_a_prompt_that_is_too_long_without_any_history_is_named() -> None:
    error, _, asked = await failure(json_response({"error": "context"}, status="400 Bad Request"))
    assert (error.code, error.retryable) == ("llm_context", False)
    assert asked <= 2


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


# Proxies

UNUSABLE = (
    {"ALL_PROXY": "socks5://127.0.0.1:7890"},
    {"all_proxy": "socks://127.0.0.1:1"},
    {"HTTP_PROXY": "http://127.0.0.1:9"},
)


@pytest.mark.parametrize("environment", UNUSABLE)
async def test_a_model_on_this_machine_is_never_asked_through_a_proxy(environment: dict[str, str]) -> None:
    assert await answer(stream(delta("Hi."), DONE), environment=environment) == ("Hi.", 1)
