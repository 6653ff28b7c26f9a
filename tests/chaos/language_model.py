"""A slow language model whose answers are random. Their numbered sentences show how an answer was continued."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.conftest import free_port

PARTS = 3
"""Sentences in an answer."""
_WORDS = ("red", "green", "blue", "old", "new", "small", "great", "warm", "cold", "quiet")


def _remaining_answer(spoken: int) -> list[str]:
    """The sentences after the first `spoken` ones; each begins with its number."""
    names = ("First", "Second", "Third")
    return [f"{names[part]} comes something {random.choice(_WORDS)}." for part in range(spoken, PARTS)]


async def _chat(request: Request) -> Response:
    first_word: float = request.app.state.first_word
    try:
        messages = (await request.json())["messages"]
    except ClientDisconnect:
        return Response(status_code=400)  # the client was killed during its request
    spoken = 0
    if messages[-1]["content"].startswith("(You were cut off"):
        spoken = len(re.findall(r"comes something", messages[-2]["content"]))

    async def body() -> AsyncIterator[bytes]:
        await asyncio.sleep(first_word)
        for sentence in _remaining_answer(spoken):
            for word in sentence.split():
                await asyncio.sleep(0.05)
                yield b"data: " + json.dumps({"choices": [{"delta": {"content": f"{word} "}}]}).encode() + b"\n\n"
        yield b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'

    return StreamingResponse(body(), media_type="text/event-stream")


async def _models(request: Request) -> Response:
    return JSONResponse({"data": [{"id": "chaos"}]})


@asynccontextmanager
async def language_model(first_word: float = 0.0) -> AsyncIterator[str]:
    """Serve the model; gives its base URL.

    Args:
        first_word: seconds before the first word of an answer.
    """
    app = Starlette(routes=[Route("/v1/chat/completions", _chat, methods=["POST"]), Route("/v1/models", _models)])
    app.state.first_word = first_word
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        await serving
