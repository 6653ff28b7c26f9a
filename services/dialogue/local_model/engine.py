"""The chat engine of the local language model: a simpler engine answers while the model cannot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from typing import Any, cast

from msgspec.structs import replace

from bus.errors import EngineError
from projections.conversation import Message
from services.dialogue.engine import AnsweredBy, ChatEngine, ChatRequest, Tokens
from services.dialogue.openai import OpenAI
from services.dialogue.segmenter import segments_of

log = logging.getLogger(__name__)

FIRST_TOKEN_TIMEOUT = 8.0
"""Seconds after which the fallback answers instead; a character's first prompt takes 6 on one slow core."""
RETRY_SECONDS = 1.0
MAX_TOKENS = 200
"""Length of the longest answer, 40 s of speech: a small model that does not find an end has lost the thread."""
HISTORY_CHARACTERS = 4000
"""The length of the history in the prompt: some 1000 tokens, which a slow core evaluates in 25 s, but only once."""


class LocalModel:
    """Asks the local server. Where it does not begin to answer, the fallback does, from then on at once, until the
    server has evaluated a prompt again.

    Args:
        model: client of the local server.
        fallback: answers while the server loads, is gone, or is too slow because the machine is busy.
        name: of the model, for the log.
        answer_instead: the whole answer to requests that the model should not be asked; None for all others.
        retry_seconds: pause between two tries of whether the server is back.
    """

    deterministic = False
    writes_slowly = True

    def __init__(
        self,
        model: OpenAI,
        fallback: ChatEngine,
        name: str,
        *,
        answer_instead: Callable[[ChatRequest], str | None] = lambda request: None,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._name = name
        self._model = model
        self._fallback = fallback
        self._answer_instead = answer_instead
        self._retry_seconds = retry_seconds
        self._preparing: asyncio.Task[None] | None = None
        self._recovering: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The name of the engine that is asked now."""
        return self._name if self._recovered else self._fallback.name

    def serving(self) -> str:
        """The engine that answers in place of the model; "" while the model does."""
        return "" if self._recovered else self._fallback.name

    def note(self) -> str:
        """Who answers in place of the model, in one line; "" while the model does."""
        return f"the language model loads or is busy, the {self.serving()} answers" if self.serving() else ""

    @property
    def _recovered(self) -> bool:
        return self._recovering is None or self._recovering.done()

    async def close(self) -> None:
        """Stop asking and preparing."""
        tasks = [task for task in (self._preparing, self._recovering) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._model.close()

    async def stream(self, request: ChatRequest) -> AsyncIterator[str | AnsweredBy | Tokens]:
        """See `ChatEngine.stream`. A reply that broke off and cannot be continued ends where it is."""
        answer = "" if request.reply_so_far else self._answer_instead(request) or ""
        if answer:
            yield AnsweredBy(self._fallback.name)
            yield answer
        elif self._recovered:
            if self._preparing is not None:
                self._preparing.cancel()
            try:
                async with aclosing(cast("Any", self._model.stream(replace(request, tools=())))) as pieces:
                    async for piece in pieces:
                        answer += piece if isinstance(piece, str) else ""
                        yield piece
            except EngineError as error:
                self._recovering = asyncio.create_task(self._recover(request))
                if answer:
                    raise
                log.warning("local model does not answer, the fallback does", extra={"why": error.detail})
        if answer:
            self._preparing = asyncio.create_task(self._prepare_next(request, answer))
        elif not request.reply_so_far:
            instead = replace(request, language_model="busy")
            yield AnsweredBy(self._fallback.name)
            async with aclosing(cast("Any", self._fallback.stream(instead))) as pieces:
                async for piece in pieces:
                    yield piece

    async def _recover(self, request: ChatRequest) -> None:
        """Return once the server has evaluated a prompt."""
        while True:
            try:
                await self.prepare(request)
            except EngineError:
                await asyncio.sleep(self._retry_seconds)
            else:
                log.info("local model answers again")
                return

    async def prepare(self, request: ChatRequest) -> None:
        """Let the server evaluate a request up to its words, which are not known yet.

        Raises:
            EngineError: the server cannot be reached, or refuses.
        """
        await self._model.evaluate(request)

    async def _prepare_next(self, request: ChatRequest, answer: str) -> None:
        """Prepare the request after this one, while its answer is being spoken."""
        said = (Message("user", request.text), as_remembered(answer, request.language))
        with suppress(EngineError):
            await self.prepare(replace(request, history=(*request.history, *said), reply_so_far=(), text=""))


def as_remembered(answer: str, language: str) -> Message:
    """An answer as the history of later requests has it, if it is heard to its end."""
    segments = segments_of(answer, language)
    text = "".join(segment.space_before + segment.text for segment in segments)
    emotion = segments[0].emotion if segments else None
    return Message("assistant", text.strip(), emotion=emotion or "neutral")
