"""Whose conversations are: work is shared out among persons and the networks that they are in."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from cachetools import LRUCache

from bus.errors import BusError
from bus.events import ConversationOpened
from bus.work.service import Reader
from bus.work.slots import Owner

_REMEMBERED = 20_000


class Owners:
    """The owner of each conversation, as far as it was looked up."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: LRUCache[str, Owner] = LRUCache(_REMEMBERED)

    def known(self, conversation: str) -> Owner:
        """The owner of a conversation; the conversation itself where that is not known."""
        owner: Owner = self._known.get(conversation) or Owner(conversation)
        return owner

    async def look_up(self, conversation: str) -> Owner:
        """The same, asking the log where that is not known."""
        if conversation not in self._known:
            try:
                opened = await self._reader.last_fact(conversation, ConversationOpened)
            except BusError:
                return Owner(conversation)  # fairness can wait until NATS is back
            self._known[conversation] = _owner(conversation, opened.body if opened is not None else None)
        return self.known(conversation)

    async def look_up_all(self, conversations: Iterable[str]) -> None:
        """Look up those that are not known yet."""
        await asyncio.gather(*(self.look_up(one) for one in list(conversations) if one not in self._known))

    def crowding(self, conversations: Iterable[str], share: int) -> int:
        """How many of these conversations are more than their persons', or their networks', share of slots."""
        counts, more = Counter[str](), 0
        for owner in map(self.known, conversations):
            names = [name for name in owner if name]
            if any(counts[name] >= share for name in names):
                more += 1
            else:
                counts.update(names)
        return more


def _owner(conversation: str, opened: object) -> Owner:
    if not isinstance(opened, ConversationOpened):
        return Owner(conversation)
    network = f"network {opened.network}" if opened.network else ""
    return Owner(f"person {opened.person}" if opened.person else conversation, network)
