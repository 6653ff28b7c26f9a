"""What servers that call themselves compatible with OpenAI's really send, byte by byte, and what is made of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from bus.errors import EngineError
from tests.scripted_model_server import (
    DONE,
    Asked,
    Pause,
    Script,
    Tear,
    Wait,
    data,
    delta,
    json_response,
    serving,
    stream,
    stream_until_close,
)
from tests.services.dialogue.openai.asking import REQUEST, answer, client, failure, told

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


async def test_a_continuation_without_text_means_that_the_answer_was_whole() -> None:
    whole = replace(REQUEST, reply_so_far=("Nice day. ", "Is it not?"))
    async with serving(stream(delta(finish="stop"), DONE)) as server, client(server) as chat:
        assert (await told(chat, whole), len(server.chats)) == ("", 1)
    # What was cut is no end: by its limit, or by a server that went away.
    for cut in (stream(delta(finish="length"), DONE), stream()):
        async with serving(cut) as server, client(server) as chat:
            with pytest.raises(EngineError) as caught:
                await told(chat, whole)
            assert (caught.value.code, len(server.chats)) == ("empty_reply", 2)


# Proxies

UNUSABLE = (
    {"ALL_PROXY": "socks5://127.0.0.1:7890"},
    {"all_proxy": "socks://127.0.0.1:1"},
    {"HTTP_PROXY": "http://127.0.0.1:9"},
)


@pytest.mark.parametrize("environment", UNUSABLE)
async def test_a_model_on_this_machine_is_never_asked_through_a_proxy(environment: dict[str, str]) -> None:
    assert await answer(stream(delta("Hi."), DONE), environment=environment) == ("Hi.", 1)
