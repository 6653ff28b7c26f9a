"""What is made of the errors of model servers: at any moment of an answer, with a time to wait, and for its length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bus.errors import EngineBusy
from projections.conversation import Message
from services.dialogue.engine import ChatRequest
from tests.scripted_model_server import (
    DONE,
    Asked,
    Script,
    data,
    delta,
    json_response,
    response,
    serving,
    stream,
)
from tests.services.dialogue.openai.asking import ADA, answer, client, failure, told

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
