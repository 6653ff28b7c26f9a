"""Separates the text of an engine's answer from its tool calls, and carries the calls out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from services.dialogue.engine import AnsweredBy, Piece, Tokens, ToolCall, Tools
from services.dialogue.reply_writer import ReplyWriter
from services.dialogue.tool_use import Step


class AnswerSource:
    """The text of an answer, which engine it is from, and what it asks for.

    Attributes:
        engine: as the engine itself says in an `AnsweredBy`; "" as long as it has not.
        calls: the calls of tools that the answer ended with.
        tokens: what the answer took.
    """

    def __init__(self, pieces: AsyncIterator[Piece]) -> None:
        self.engine = ""
        self.calls: list[ToolCall] = []
        self.tokens = Tokens()
        self._pieces = pieces

    async def text(self) -> AsyncIterator[str]:
        """The pieces that are text."""
        async with aclosing(cast("Any", self._pieces)) as pieces:
            async for piece in pieces:
                if isinstance(piece, AnsweredBy):
                    self.engine = piece.engine
                elif isinstance(piece, ToolCall):
                    self.calls.append(piece)
                elif isinstance(piece, Tokens):
                    self.tokens += piece
                else:
                    yield piece


async def carry_out(call: ToolCall, tools: Tools, writer: ReplyWriter, bridge_seconds: float) -> AsyncIterator[Step]:
    """Call a tool: the facts of the call and its result, and a sentence between them where it takes long.

    The call is made once the first fact has been taken.

    Args:
        bridge_seconds: after which the sentence is said, unless something was said just before.
    """
    yield writer.called(call)
    task = asyncio.create_task(tools.call(call))
    try:
        await asyncio.wait({task}, timeout=bridge_seconds)
        if not task.done() and writer.silent:
            yield writer.waiting()
        result, failed = await task
    finally:
        task.cancel()
    yield writer.returned(result, failed=failed)
