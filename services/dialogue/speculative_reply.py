"""Answers that are asked for when a person falls silent, before it is sure that they are done.

Such an answer stays in this worker's memory: nothing of it is on record. It is told where the final transcript leads to
the very same question, and thrown away where it does not. A worker that dies, or another one that gets the final
transcript, asks then.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from msgspec.structs import replace

from services.dialogue.engine import Chat, Exchange

log = logging.getLogger(__name__)

MOST = 64
"""Conversations for which an answer is kept ready."""
_KEPT = 30_000_000
"""Microseconds for which an answer is of now."""


class Ahead:
    """One answer for each conversation, the newest."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._early: OrderedDict[str, _Early] = OrderedDict()

    def ask(self, conversation: str, exchange: Exchange) -> None:
        """Have an answer made ready, in the place of an earlier one."""
        early = self._early.pop(conversation, None)
        if early is not None and same(early.exchange, exchange):
            self._early[conversation] = early
            return
        if early is not None:
            early.throw_away()
        self._early[conversation] = _Early(self._chat, exchange)
        while len(self._early) > MOST:
            self._early.popitem(last=False)[1].throw_away()

    def take(self, conversation: str, exchange: Exchange) -> AsyncIterator[str] | None:
        """The pieces of the answer to this exchange, if it was asked for and has not failed; as `Chat.stream`."""
        early = self._early.pop(conversation, None)
        if early is None:
            return None
        used = not early.failed and same(early.exchange, exchange)
        log.info("asked ahead", extra={"conversation": conversation, "used": used})
        if not used:
            early.throw_away()
            return None
        return early.stream()

    def close(self) -> None:
        """Nothing of it is wanted any more."""
        while self._early:
            self._early.popitem()[1].throw_away()


def same(one: Exchange, other: Exchange) -> bool:
    """Whether two exchanges are the same question; what was said may differ in capitals and marks, the time by
    seconds."""
    alike = plain(one.text) == plain(other.text) and abs(one.at - other.at) <= _KEPT
    return alike and replace(one, text=other.text, at=other.at) == other


def plain(text: str) -> str:
    """The words alone."""
    return re.sub(r"\W+", " ", text).strip().lower()


class _Early:
    """An answer on its way."""

    def __init__(self, chat: Chat, exchange: Exchange) -> None:
        self.exchange = exchange
        self.failed = False
        self._pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self._asking = asyncio.create_task(self._ask(chat))

    async def _ask(self, chat: Chat) -> None:
        try:
            async with aclosing(cast("Any", chat.stream(self.exchange))) as pieces:
                async for piece in pieces:
                    self._pieces.put_nowait(piece)
            self._pieces.put_nowait(None)
        except Exception as error:  # noqa: BLE001 - raised where the answer is wanted, if it is
            self.failed = True
            self._pieces.put_nowait(error)

    async def stream(self) -> AsyncIterator[str]:
        try:
            while (piece := await self._pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.throw_away()

    def throw_away(self) -> None:
        self._asking.cancel()
