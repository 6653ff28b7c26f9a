"""The client of language models, against a local server with its protocol and its faults."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bus.errors import ConfigurationError, EngineError
from bus.events import CharacterCreated
from services.dialogue.engine import ChatRequest, Tokens
from services.dialogue.openai import OpenAI

KEY = "sk-very-secret-0123456789"
ADA = CharacterCreated(name="Ada", tagline="t", personality="p", greeting="g", look="l", voice="female")
REQUEST = ChatRequest(text="hello", at=1, character=ADA, seed=7)


def chunk(text: str | None = None, *, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'id': 'x', 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n".encode()


DONE = b"data: [DONE]\n\n"


class Endpoint:
    """An OpenAI-compatible server whose behaviour a test sets."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.models: Any = {"object": "list", "data": [{"id": "nomic-embed-text"}, {"id": "llama3.2"}]}
        self.answer: Callable[[dict[str, Any]], Response] = lambda request: stream(chunk("Hello."), DONE)
        self.url = ""

    async def chat(self, request: Request) -> Response:
        self.keys.append(request.headers.get("authorization"))
        self.requests.append(await request.json())
        return self.answer(self.requests[-1])

    async def list_models(self, request: Request) -> Response:
        return JSONResponse(self.models) if isinstance(self.models, dict) else Response(status_code=self.models)


def stream(*parts: bytes, wait: asyncio.Event | None = None) -> Response:
    """A streamed answer; with `wait`, it stalls after its parts until the event is set."""

    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
        if wait is not None:
            await wait.wait()

    return StreamingResponse(body(), media_type="text/event-stream")


def torn(*parts: bytes) -> Response:
    """A streamed answer whose connection breaks before its length is reached."""

    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
        raise ConnectionResetError

    return StreamingResponse(body(), media_type="text/event-stream")


@pytest.fixture
async def endpoint(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Endpoint]:
    made = Endpoint()
    app = Starlette(routes=[
        Route("/v1/chat/completions", made.chat, methods=["POST"]),
        Route("/v1/models", made.list_models),
    ])  # fmt: skip
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    made.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    yield made
    server.should_exit = True
    server.force_exit = True
    await task
    listener.close()


async def ask(endpoint: Endpoint, request: ChatRequest = REQUEST, **options: Any) -> list[str]:
    chat = OpenAI(endpoint.url, key=KEY, **options)
    try:
        return [str(piece) async for piece in chat.stream(request)]
    finally:
        await chat.close()


async def refusal(endpoint: Endpoint, **options: Any) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await ask(endpoint, **options)
    assert KEY not in caught.value.detail
    return caught.value


async def test_pieces_are_yielded_as_the_endpoint_streams_them(endpoint: Endpoint) -> None:
    parts = (b": warming up\n\n", chunk(""), chunk("[happy] Hel"), chunk("lo."), chunk(finish="stop"), DONE)
    endpoint.answer = lambda request: stream(*parts)
    assert await ask(endpoint) == ["[happy] Hel", "lo."]
    (request,) = endpoint.requests
    assert (request["model"], request["stream"], request["seed"]) == ("llama3.2", True, 7)
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert endpoint.keys == [f"Bearer {KEY}"]


async def test_the_first_piece_is_yielded_while_the_rest_is_awaited(endpoint: Endpoint) -> None:
    rest = asyncio.Event()
    endpoint.answer = lambda request: stream(chunk("One. "), wait=rest)
    chat = OpenAI(endpoint.url, model="m")
    pieces = chat.stream(REQUEST)
    assert await anext(pieces) == "One. "
    assert not rest.is_set()
    await pieces.aclose()  # type: ignore[attr-defined]
    rest.set()
    await chat.close()


async def test_a_configured_model_is_used_without_listing_models(endpoint: Endpoint) -> None:
    endpoint.models = 500
    await ask(endpoint, model="mine")
    assert endpoint.requests[0]["model"] == "mine"


async def test_the_name_has_the_model_once_it_is_known(endpoint: Endpoint) -> None:
    chat = OpenAI(endpoint.url)
    assert chat.name == "openai"
    assert [piece async for piece in chat.stream(REQUEST)] == ["Hello."]
    assert chat.name == "openai:llama3.2"
    await chat.close()


async def test_a_stream_without_done_is_complete_after_a_finish_reason(endpoint: Endpoint) -> None:
    endpoint.answer = lambda request: stream(chunk("Hi."), chunk(finish="length"))
    assert await ask(endpoint) == ["Hi."]


async def test_refused_parameters_are_left_out_of_later_requests(endpoint: Endpoint) -> None:
    def strict(request: dict[str, Any]) -> Response:
        for name in ("max_tokens", "seed"):
            if name in request:
                return JSONResponse({"error": {"message": f"Unsupported parameter: '{name}'"}}, status_code=400)
        return stream(chunk("Fine."), DONE)

    endpoint.answer = strict
    chat = OpenAI(endpoint.url, model="m")
    for _ in range(2):
        assert [piece async for piece in chat.stream(REQUEST)] == ["Fine."]
    assert len(endpoint.requests) == 4
    await chat.close()


USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 90, "completion_tokens": 12}}\n\n'


async def test_tokens_are_told_after_the_answer_of_all_its_requests(endpoint: Endpoint) -> None:
    def twice(request: dict[str, Any]) -> Response:
        assert request["stream_options"] == {"include_usage": True}
        text = "Fine." if len(endpoint.requests) == 2 else None
        return stream(chunk(text), chunk(finish="stop"), USAGE, DONE)

    endpoint.answer = twice
    assert await ask(endpoint) == ["Fine.", str(Tokens(prompt=180, reply=24))]


@pytest.mark.parametrize(
    "refusal", ["Unsupported parameter: 'stream_options'", "Extra inputs are not permitted", "unrecognized arguments"]
)
async def test_an_endpoint_that_counts_no_tokens_is_asked_for_them_once(endpoint: Endpoint, refusal: str) -> None:
    def strict(request: dict[str, Any]) -> Response:
        if "stream_options" in request:
            return JSONResponse({"error": {"message": refusal}}, status_code=400)
        assert request["stream"]
        return stream(chunk("Fine."), DONE)

    endpoint.answer = strict
    chat = OpenAI(endpoint.url, model="m")
    for _ in range(2):
        assert [piece async for piece in chat.stream(REQUEST)] == ["Fine."]
    assert len(endpoint.requests) == 3
    await chat.close()


async def test_reasoning_is_removed(endpoint: Endpoint) -> None:
    endpoint.answer = lambda request: stream(chunk("<thi"), chunk("nk>hm</th"), chunk("ink>1 "), chunk("<t"), DONE)
    assert "".join(await ask(endpoint)) == "1 <t"


@pytest.mark.parametrize(
    ("status", "body", "code", "retryable", "hint"),
    [
        (401, {"error": {"message": f"bad key {KEY}"}}, "llm_refused_key", False, "VISAVIS_LLM_KEY"),
        (403, {}, "llm_refused_key", False, "VISAVIS_LLM_KEY"),
        (404, {"error": "model not found"}, "llm_no_model", False, "VISAVIS_LLM_MODEL"),
        (400, {"error": {"message": "too long"}}, "llm_failed", False, "too long"),
        (302, {}, "llm_failed", False, "302"),
        (429, {"error": {"message": "slow down"}}, "llm_failed", True, "slow down"),
        (503, {}, "llm_failed", True, "503"),
    ],
)
async def test_a_refusal_has_a_code_and_is_retryable_or_not(
    endpoint: Endpoint, status: int, body: Any, code: str, retryable: bool, hint: str
) -> None:
    endpoint.answer = lambda request: JSONResponse(body, status_code=status)
    error = await refusal(endpoint, model="m")
    assert (error.code, error.retryable) == (code, retryable)
    assert hint in error.detail
    assert len(error.detail) < 400


async def test_a_chosen_model_that_is_gone_is_chosen_again(endpoint: Endpoint) -> None:
    def only_new(request: dict[str, Any]) -> Response:
        known = request["model"] == "new"
        return stream(chunk("Hi."), DONE) if known else JSONResponse({"error": "no such model"}, status_code=404)

    endpoint.answer = only_new
    chat = OpenAI(endpoint.url)
    with pytest.raises(EngineError) as caught:
        await anext(chat.stream(REQUEST))
    assert caught.value.retryable
    endpoint.models = {"data": [{"id": "new"}]}
    assert [piece async for piece in chat.stream(REQUEST)] == ["Hi."]
    await chat.close()


@pytest.mark.parametrize(
    ("models", "code"),
    [({"data": []}, "llm_no_model"), ({"data": "?"}, "llm_no_model"), (404, "llm_no_api"), (401, "llm_refused_key")],
)
async def test_an_endpoint_without_a_model_is_a_clear_error(endpoint: Endpoint, models: Any, code: str) -> None:
    endpoint.models = models
    error = await refusal(endpoint)
    assert (error.code, error.retryable) == (code, False)


async def test_a_torn_stream_is_retryable(endpoint: Endpoint) -> None:
    endpoint.answer = lambda request: torn(chunk("Half"))
    error = await refusal(endpoint)
    assert (error.code, error.retryable) == ("llm_broke_off", True)


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (b"data: {nonsense\n\n", "llm_garbled"),
        (b'data: {"error": {"message": "out of memory"}}\n\n', "llm_failed"),
        (b'data: {"error": "out of memory"}\n\n', "llm_failed"),
    ],
)
async def test_an_error_inside_the_stream_has_a_code(endpoint: Endpoint, part: bytes, code: str) -> None:
    endpoint.answer = lambda request: stream(chunk("Hi"), part)
    error = await refusal(endpoint)
    assert (error.code, error.retryable) == (code, True)


async def test_an_answer_that_is_no_stream_has_a_code(endpoint: Endpoint) -> None:
    endpoint.answer = lambda request: JSONResponse({"choices": []})
    error = await refusal(endpoint)
    assert (error.code, error.retryable) == ("llm_no_stream", False)


async def test_waits_for_the_first_and_the_next_token_time_out(endpoint: Endpoint) -> None:
    never = asyncio.Event()
    endpoint.answer = lambda request: stream(wait=never)
    first = await refusal(endpoint, first_token_timeout=0.05)
    endpoint.answer = lambda request: stream(chunk("One"), wait=never)
    later = await refusal(endpoint, next_token_timeout=0.05)
    assert [(e.code, e.retryable) for e in (first, later)] == [("llm_timeout", True)] * 2
    never.set()


async def test_an_unreachable_endpoint_is_retryable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        chat = OpenAI(f"http://user:{KEY}@127.0.0.1:{taken.getsockname()[1]}/v1", key=KEY)
        with pytest.raises(EngineError) as caught:
            await anext(chat.stream(REQUEST))
        await chat.close()
    assert (caught.value.code, caught.value.retryable) == ("llm_unreachable", True)
    assert KEY not in caught.value.detail


async def test_the_key_is_in_no_log_line(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await ask(endpoint)
    assert caplog.records
    assert all(KEY not in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("url", ["localhost:11434", "ftp://host/v1", "http://", "http://[::1"])
def test_an_invalid_url_is_a_configuration_error_that_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigurationError, match="VISAVIS_LLM_URL"):
        OpenAI(url)
