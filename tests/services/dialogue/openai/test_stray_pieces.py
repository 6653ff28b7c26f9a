"""What a server sends that cannot be read, or comes at the wrong place, costs no more than itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dialogue.engine import ToolCall
from services.dialogue.openai.answer import AnswerReader
from services.dialogue.openai.event_stream import parse_json
from tests.scripted_model_server import DONE, Script, data, delta, json_response, serving, stream
from tests.services.dialogue.openai.asking import REQUEST, answer, client, failure

DEPTHS = (70, 600, 100_000)


def nested(depth: int) -> bytes:
    """A content that is deeper than any server's."""
    lists = b"[" * depth + b'"deep"' + b"]" * depth
    return b'data: {"choices": [{"delta": {"content": ' + lists + b"}}]}\n\n"


STRAY = {
    **{f"{depth} deep": nested(depth) for depth in DEPTHS},
    "objects in objects": b"data: " + b'{"content":' * 600 + b"1" + b"}" * 600 + b"\n\n",
    "a number without end": b'data: {"created": ' + b"9" * 5000 + b', "choices": []}\n\n',
    "a number as content": b'data: {"choices": [{"delta": {"content": ' + b"9" * 5000 + b"}}]}\n\n",
    "cut": b'data: {"choices": [{"delta": {"content": "\n\n',
    "cut, without a blank line": b'data: {"choices": [{"delta": {"content": "\n',
    "cut, without a field": b'{"choices": [{"delta":\n',
    "no JSON": b"data: {'choices': None}\n\n",
    "two cut lines": b"data: {\ndata: {{{\n",
}


@pytest.mark.parametrize("stray", STRAY.values(), ids=STRAY)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_piece_that_cannot_be_read_is_passed_over(stray: bytes, place: int) -> None:
    parts = [delta("Nice "), delta("day."), DONE]
    assert await answer(stream(*parts[:place], stray, *parts[place:])) == ("Nice day.", 1)


@pytest.mark.parametrize("stray", [STRAY[name] for name in STRAY if name != "two cut lines"])
async def test_pieces_without_data_fields_are_passed_over_too(stray: bytes) -> None:
    parts = [one.removeprefix(b"data: ").strip() + b"\n" for one in (delta("Nice "), stray, delta("day."), DONE)]
    assert await answer(stream(*parts[:-1])) == ("Nice day.", 1)


async def test_an_answer_of_which_much_cannot_be_read_is_an_error() -> None:
    error, text, _ = await failure(stream(delta("Nice "), *[STRAY["no JSON"]] * 3, delta("day."), DONE))
    assert (error.code, error.retryable, text) == ("llm_garbled", True, "Nice ")


async def test_an_answer_of_nothing_that_can_be_read_is_an_error_that_shows_it() -> None:
    error, _, asked = await failure(stream(STRAY["no JSON"], DONE))
    assert (error.code, error.retryable, asked) == ("llm_garbled", True, 1)
    assert "choices" in error.detail


@pytest.mark.parametrize("depth", DEPTHS)
async def test_an_error_that_is_deeper_than_can_be_read_is_an_error_all_the_same(depth: int) -> None:
    body = b'{"error":' * depth + b'"out of memory"' + b"}" * depth
    error, _, _ = await failure(stream(b"data: " + body + b"\n\n", DONE))
    assert error.code == "llm_garbled"
    deep = json.loads('{"error":' * 60 + '"out of memory"' + "}" * 60)
    error, _, _ = await failure(json_response(deep, status="500 Bad"))
    assert error.retryable


@given(st.integers(0, 300), st.sampled_from([("[", "]"), ('{"a":', "}")]))
def test_what_is_nested_too_deeply_is_no_json(depth: int, signs: tuple[str, str]) -> None:
    assert (parse_json(signs[0] * depth + "1" + signs[1] * depth) is not None) == (depth <= 64)


# Values that mean nothing


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
async def test_a_content_that_is_no_number_is_none(number: str) -> None:
    chunk = f'data: {{"choices": [{{"delta": {{"content": {number}}}}}]}}\n\n'.encode()
    assert await answer(stream(delta("Nice "), chunk, delta("day."), DONE)) == ("Nice day.", 1)


async def test_a_number_as_content_is_told() -> None:
    assert await answer(stream(delta("There are "), delta(7), delta("."), DONE)) == ("There are 7.", 1)


async def test_control_characters_are_left_out_of_an_answer() -> None:
    parts = [delta("Nice\u0000 "), delta("\u0000"), delta("d\u001bay\u0007.\n\tYes.\u007f"), DONE]
    assert await answer(stream(*parts)) == ("Nice day.\n\tYes.", 1)


async def test_a_call_of_a_tool_is_valid_text() -> None:
    parts = ('{"city": "\ud83c', '\udf82\ud83c \u0000"}')
    chunks = [
        delta(tool_calls=[{"index": 0, "function": {"name": "clo\u0000ck", "arguments": part}}]) for part in parts
    ]
    named = delta(tool_calls=[{"index": 0, "function": {"name": "clock", "arguments": ""}}])
    async with serving(stream(named, *chunks, DONE)) as server, client(server) as chat:
        pieces = [piece async for piece in chat.stream(REQUEST)]
    assert pieces == [ToolCall("clock", '{"city": "🎂\ufffd "}')]


@pytest.mark.parametrize(
    "script",
    [
        stream(b"event: error\ndata: f\xfcr\x00 Sie\n\n"),
        stream(data({"error": {"message": "f\ud83cr\u0000 Sie"}})),
        json_response({"error": {"message": "f\ud83cr\u0000 Sie"}}, status="500 Bad"),
    ],
)
async def test_the_servers_words_for_an_error_are_valid_text(script: Script) -> None:
    error, _, _ = await failure(script)
    assert "f\ufffdr Sie" in error.detail
    error.detail.encode()


# Errors in lists

LIMIT = {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}
LISTED: tuple[Any, ...] = (
    data([{"error": LIMIT}]),
    data({"error": [LIMIT]}),
    data({"error": [[LIMIT]]}),
    data({"errors": [None, LIMIT]}),
    b"event: error\ndata: " + json.dumps([LIMIT]).encode() + b"\n\n",
    b"error: " + json.dumps([LIMIT]).encode() + b"\n\n",
    b"error: " + json.dumps([{"error": LIMIT}]).encode() + b"\n\n",
    json.dumps([{"error": LIMIT}]).encode() + b"\n",
    data([429, "slow down"]).replace(b"[429", b'{"error": [429').replace(b"]", b"]}"),
)


@pytest.mark.parametrize("listed", LISTED)
async def test_an_error_in_a_list_keeps_its_status_and_its_words(listed: bytes) -> None:
    error, _, _ = await failure(stream(listed, DONE))
    assert "(429: slow down)" in error.detail
    assert (error.code, error.retryable) == ("llm_failed", True)


async def test_chunks_in_a_list_are_told_in_order() -> None:
    chunks = [json.loads(delta(text).removeprefix(b"data: ")) for text in ("Nice ", "day.")]
    assert await answer(stream(data(chunks), DONE)) == ("Nice day.", 1)


@pytest.mark.parametrize("status", ["9" * 5000, 10**400, "5xx", 99, 600, "-500"])
async def test_a_status_that_is_none_is_left_out(status: object) -> None:
    error, _, _ = await failure(stream(data({"error": {"code": status, "message": "slow down"}})))
    assert "slow down" in error.detail


@pytest.mark.parametrize("wait", [10**400, 1e300, float("inf"), float("nan")])
async def test_a_time_to_wait_that_nobody_lives_to_see_is_none(wait: float) -> None:
    body = json.dumps({"error": {"message": "slow down", "retry_after": wait}}).replace("Infinity", "1e999")
    error, _, _ = await failure(stream(f"data: {body}\n\n".encode()))
    assert (error.code, type(error).__name__) == ("llm_failed", "EngineError")


# Text after a reason for the end


@pytest.mark.parametrize("parts_in_one", [True, False])
@pytest.mark.parametrize("end", [[DONE], [delta(finish="stop"), DONE], []])
async def test_text_after_a_reason_for_the_end_is_told(parts_in_one: bool, end: list[bytes]) -> None:
    parts = [delta("Nice ", finish="stop"), delta("day.", finish="stop"), delta(" Take a coat."), *end]
    body = [b"".join(parts)] if parts_in_one else parts
    assert await answer(stream(*body)) == ("Nice day. Take a coat.", 1)


async def test_a_whole_message_after_the_end_is_not_told_again() -> None:
    whole = data({"choices": [{"message": {"content": "Nice day."}}]})
    assert await answer(stream(delta("Nice "), delta("day.", finish="stop"), whole, DONE)) == ("Nice day.", 1)


PIECES = (*STRAY.values(), delta("Nice "), delta("day."), DONE)


@given(st.lists(st.sampled_from(PIECES), max_size=6), st.integers(1, 99))
def test_no_order_of_pieces_breaks_the_reader(parts: list[bytes], size: int) -> None:
    body = b"".join(parts)[:20_000]
    reader = AnswerReader()
    told = "".join(reader.push(body[place : place + size]) for place in range(0, len(body), size))
    assert told + reader.finish_body() + reader.flush() == reader.text
