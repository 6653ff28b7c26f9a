"""Whose conversations are: work is shared out among persons, however many conversations one of them has."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from cachetools import LRUCache

from bus.errors import BusError
from bus.events import ConversationOpened
from bus.work.service import Reader

_REMEMBERED = 20_000


class Owners:
    """The person of each conversation, as far as it was looked up."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: LRUCache[str, str] = LRUCache(_REMEMBERED)

    def known(self, conversation: str) -> str:
        """The person of a conversation; the conversation itself where that is not known."""
        owner: str = self._known.get(conversation, conversation)
        return owner

    async def look_up(self, conversation: str) -> str:
        """The same, asking the log where that is not known."""
        if conversation not in self._known:
            try:
                opened = await self._reader.last_fact(conversation, ConversationOpened)
            except BusError:
                return conversation  # fairness can wait until NATS is back
            body = opened.body if opened is not None else None
            self._known[conversation] = (
                f"person {body.person}" if isinstance(body, ConversationOpened) and body.person else conversation
            )
        return self.known(conversation)

    async def look_up_all(self, conversations: Iterable[str]) -> None:
        """Look up those that are not known yet."""
        await asyncio.gather(*(self.look_up(one) for one in list(conversations) if one not in self._known))

    def crowding(self, conversations: Iterable[str], share: int) -> int:
        """How many of these conversations are more than their persons' share of slots."""
        counts = Counter(map(self.known, conversations))
        return sum(count - share for count in counts.values() if count > share)
