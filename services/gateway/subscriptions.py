"""The news of one conversation, as the gateway's reader of the log passes them on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bus.cancellation import raise_if_cancelled
from bus.dropped import drop
from bus.events import Event, LiveEvent
from projections.conversation import Conversation
from projections.view import Changes

_UNREAD = 2000
"""News that a subscriber may leave unread; one that falls further behind is cut off and has to reconnect."""


@dataclass(frozen=True)
class FoldedFact:
    """A fact with its stream sequence and what it changed in the conversation."""

    sequence: int
    event: Event
    changes: Changes


News: TypeAlias = FoldedFact | LiveEvent


@dataclass(eq=False)
class Subscription:
    """A bounded queue of the news of one conversation."""

    conversation: str
    unread: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(_UNREAD))
    cut_off: bool = False

    def put(self, news: News) -> None:
        if self.unread.full():
            if not self.cut_off:
                drop("subscriptions", conversation=self.conversation)
            self.cut_off = True
        else:
            self.unread.put_nowait(news)

    def cut(self) -> None:
        """End the news after those that are unread."""
        self.cut_off = True
        if self.unread.empty():
            self.unread.put_nowait(None)  # wakes the reader

    async def news(self, *, timeout: float | None = None) -> AsyncIterator[News | None]:
        """News as they arrive; None after every `timeout` seconds without any. Ends once the queue overflowed, or the
        log was replaced."""
        while not (self.cut_off and self.unread.empty()):
            raise_if_cancelled()  # what the reader did with the last one may have swallowed it
            try:
                async with asyncio.timeout(timeout):
                    yield await self.unread.get()
            except TimeoutError:
                yield None


@dataclass(eq=False)
class SubscribedConversation:
    """A conversation with subscriptions, folded once for all of them."""

    state: Conversation
    subscriptions: set[Subscription] = field(default_factory=set)
