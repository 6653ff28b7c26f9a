"""Asks a scripted model server, as the dialogue service would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bus.errors import EngineError
from bus.events import CharacterCreated
from services.dialogue.engine import ChatRequest, Tokens
from services.dialogue.openai import OpenAI
from tests.scripted_model_server import (
    Script,
    ScriptedModelServer,
    serving,
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
    return "".join([str(piece) async for piece in chat.stream(request) if not isinstance(piece, Tokens)])


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
