"""The work items that one worker holds: a queue for each conversation, ordered by stream sequence. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Collection
from dataclasses import dataclass

from nats.aio.msg import Msg

from bus.events import Event
from bus.work.fenced_output import FencedOutput


@dataclass(eq=False)
class WorkItem:
    """One event that a service has to handle, as one worker holds it."""

    event: Event
    sequence: int
    """Of the event on `CONVERSATIONS`."""
    msg: Msg
    """The message to acknowledge; replaced where the server delivers the item again."""
    output: FencedOutput
    deliveries: int
    stored: int
    """When the server stored the message, microseconds since 1970."""
    requeued: bool = False
    """It is a dead letter that an operator requeued."""
    was_returned: bool = False
    """The worker that had it before gave it back without having begun."""
    begun: bool = False
    given_back: bool = False

    @property
    def repeated(self) -> bool:
        """Whether a worker may have begun on it before."""
        return self.requeued or (self.deliveries > 1 and not self.was_returned)


class WorkQueues:
    """One queue for each conversation that has work here."""

    def __init__(self) -> None:
        self.held: dict[int, WorkItem] = {}
        """Every item that has arrived and is not done, by sequence: the queued and the running ones."""
        self._queues: dict[str, list[tuple[int, int, WorkItem]]] = {}
        self._pushed = 0

    def __len__(self) -> int:
        """Number of open queues."""
        return len(self._queues)

    @property
    def conversations(self) -> Collection[str]:
        """Those with an open queue."""
        return self._queues.keys()

    def push(self, item: WorkItem) -> bool:
        """Queue an item; returns whether that opened its conversation's queue, which the caller then has to serve."""
        self.held[item.sequence] = item
        conversation = item.event.conversation
        opened = conversation not in self._queues
        self._pushed += 1
        heapq.heappush(self._queues.setdefault(conversation, []), (item.sequence, self._pushed, item))
        return opened

    def peek(self, conversation: str) -> WorkItem | None:
        """The oldest item in an open queue."""
        queue = self._queues[conversation]
        return queue[0][2] if queue else None

    def pop(self, conversation: str) -> WorkItem | None:
        """Remove the oldest item from an open queue and return it; an empty queue is closed and gives None."""
        if not self._queues[conversation]:
            del self._queues[conversation]
            return None
        return heapq.heappop(self._queues[conversation])[2]

    def give_back(self) -> list[WorkItem]:
        """Remove every item that is not begun, and return them, the oldest first."""
        waiting = [self.held.pop(sequence) for sequence in sorted(self.held) if not self.held[sequence].begun]
        for item in waiting:
            item.given_back = True
        for queue in self._queues.values():
            queue[:] = [one for one in queue if not one[2].given_back]
            heapq.heapify(queue)
        return waiting

    def release(self, item: WorkItem) -> None:
        """Remove an item from `held`."""
        if self.held.get(item.sequence) is item:
            del self.held[item.sequence]
