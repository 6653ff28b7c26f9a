"""Where pieces of work wait: one line for each conversation, the oldest first. Pure."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from nats.aio.msg import Msg

from bus.events import Event
from bus.work.fenced_output import FencedOutput


@dataclass(eq=False)
class WorkItem:
    """A piece of work that a worker holds."""

    event: Event
    sequence: int
    """Of the event on `CONVERSATIONS`."""
    msg: Msg
    """What is to be acknowledged; a newer one where the server delivered it again."""
    attempt: FencedOutput
    deliveries: int
    stored: int
    """When the server stored it, microseconds since 1970."""
    again: bool = False
    """Put back by hand after it had failed."""


class WorkQueues:
    """The work of one worker, by conversation."""

    def __init__(self) -> None:
        self.held: dict[int, WorkItem] = {}
        """All that has come and is not done, by sequence."""
        self._waiting: dict[str, list[tuple[int, int, WorkItem]]] = {}
        self._joined = 0

    def __len__(self) -> int:
        """Conversations that have work here."""
        return len(self._waiting)

    def join(self, item: WorkItem) -> bool:
        """Wait for one's turn; whether this opened the conversation's line, which somebody has to serve then."""
        self.held[item.sequence] = item
        conversation = item.event.conversation
        opened = conversation not in self._waiting
        self._joined += 1
        heapq.heappush(self._waiting.setdefault(conversation, []), (item.sequence, self._joined, item))
        return opened

    def first(self, conversation: str) -> WorkItem | None:
        """Whose turn it is."""
        waiting = self._waiting[conversation]
        return waiting[0][2] if waiting else None

    def take(self, conversation: str) -> WorkItem | None:
        """Whose turn it is, now out of the line; where nobody waits, None, and the line is closed."""
        if not self._waiting[conversation]:
            del self._waiting[conversation]
            return None
        return heapq.heappop(self._waiting[conversation])[2]

    def leave(self, item: WorkItem) -> None:
        """It is not held any more."""
        if self.held.get(item.sequence) is item:
            del self.held[item.sequence]
