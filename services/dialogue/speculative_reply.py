"""Speculative replies: asks the language model when a person falls silent, before the end of the turn is certain.

A speculative reply stays in the memory of its worker; nothing of it is on the log. It becomes the reply if the final
transcript leads to the same request, and is cancelled otherwise. Where its worker dies, or another worker gets the
final transcript, that worker asks the model then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, cast

from cachetools import FIFOCache
from msgspec.structs import replace

from services.dialogue.engine import ChatEngine, ChatRequest, Piece
from services.dialogue.normalisation import normalise

log = logging.getLogger(__name__)

MAX_REPLIES = 64
"""Conversations with a speculative reply at the same time."""
_MAX_AGE = 30.0
"""Seconds after which a speculative reply is out of date."""


class SpeculativeReplies:
    """The newest speculative reply of each conversation.

    Args:
        clock: seconds. The times in the requests are of the clocks of other machines, which may differ.
    """

    def __init__(self, chat: ChatEngine, clock: Callable[[], float] = time.monotonic) -> None:
        self._chat = chat
        self._clock = clock
        self._replies = _CancellingCache(MAX_REPLIES)

    def start(self, conversation: str, request: ChatRequest) -> None:
        """Ask the engine now; cancels an earlier request of the conversation, unless it is the same."""
        running = self._replies.pop(conversation, None)
        if running is not None and not self._answers(running, request):
            running.cancel()
            running = None
        self._replies[conversation] = running or _SpeculativeReply(self._chat, request, self._clock())

    def take(self, conversation: str, request: ChatRequest) -> AsyncIterator[Piece] | None:
        """The stream of the reply, as of `ChatEngine.stream`; None where this request was not started or failed."""
        running = self._replies.pop(conversation, None)
        if running is None:
            return None
        used = not running.failed and self._answers(running, request)
        log.info("speculative reply", extra={"conversation": conversation, "used": used})
        if not used:
            running.cancel()
            return None
        return running.stream()

    def close(self) -> None:
        """Cancel all speculative replies."""
        while self._replies:
            self._replies.popitem()

    def _answers(self, running: _SpeculativeReply, request: ChatRequest) -> bool:
        return self._clock() - running.started <= _MAX_AGE and is_same_question(running.request, request)


def is_same_question(one: ChatRequest, other: ChatRequest) -> bool:
    """Whether two requests may share an answer: equal but for capitals, punctuation and their times."""
    return normalise(one.text) == normalise(other.text) and replace(one, text=other.text, at=other.at) == other


class _SpeculativeReply:
    """The answer to one request, collected in a task until it is taken or cancelled."""

    def __init__(self, chat: ChatEngine, request: ChatRequest, started: float) -> None:
        self.request = request
        self.started = started
        self.failed = False
        self._pieces: asyncio.Queue[Piece | Exception | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._collect(chat))

    async def _collect(self, chat: ChatEngine) -> None:
        try:
            async with aclosing(cast("Any", chat.stream(self.request))) as pieces:
                async for piece in pieces:
                    self._pieces.put_nowait(piece)
            self._pieces.put_nowait(None)
        except Exception as error:  # noqa: BLE001 - raised by stream(), if the reply is taken
            self.failed = True
            self._pieces.put_nowait(error)

    async def stream(self) -> AsyncIterator[Piece]:
        try:
            while (piece := await self._pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.cancel()

    def cancel(self) -> None:
        self._task.cancel()


class _CancellingCache(FIFOCache[str, _SpeculativeReply]):
    """Cancels the replies that it evicts."""

    def popitem(self) -> tuple[str, _SpeculativeReply]:
        conversation, evicted = super().popitem()
        evicted.cancel()
        return conversation, evicted
