"""Orders the work of one conversation across all workers of a service.

A work item may start once the item before it in its conversation is done. A worker that is alone follows its own queue.
Where there are others, the log says which item comes before, and that one counts as done once a peer has announced it
or the consumer's acknowledgement floor has passed it.
"""

from __future__ import annotations

import asyncio
import logging

from bus import subjects
from bus.errors import BusError
from bus.log import streams
from bus.log.event_log import EventLog
from bus.work.peers import Peers
from bus.work.queues import WorkItem, WorkQueues
from bus.work.service import Service
from bus.work.unfinished import UnfinishedWork

log = logging.getLogger(__name__)

_POLL = 0.25
_POLL_UNFINISHED = 0.5


class Ordering:
    """Gives out the items of the queues when they may start.

    Args:
        unfinished: work of before a power cut, which comes first.
    """

    def __init__(
        self, event_log: EventLog, service: Service, peers: Peers, queues: WorkQueues, unfinished: UnfinishedWork
    ) -> None:
        self._event_log = event_log
        self._service = service
        self._peers = peers
        self._queues = queues
        self._unfinished = unfinished
        self._ack_floor = 0
        self._assume_peers_until = 0.0
        # The work of a dead worker is delivered to another one after the lease.
        self._silence_limit = service.lease + 1.0
        self.waiting = 0
        """Conversations that wait for another worker."""

    async def start(self) -> None:
        """Check whether another worker, possibly a dead one, holds work already."""
        if await self._read_ack_floor():
            self.assume_peers()

    def assume_peers(self) -> None:
        """There is another worker, even if it sends nothing: check the log before each item for a while."""
        self._assume_peers_until = asyncio.get_running_loop().time() + self._silence_limit

    async def next_item(self, conversation: str) -> WorkItem | None:
        """Take the oldest item from the conversation's queue, once it may start; None if the queue is empty."""
        while (item := self._queues.peek(conversation)) is not None:
            self.waiting += 1
            try:
                await self._wait_for_predecessor(item)
            except BusError as error:
                if not error.retryable:
                    raise
                log.warning("waiting for the log", extra={"why": error.detail})
                await asyncio.sleep(_POLL)
                continue
            finally:
                self.waiting -= 1
            if self._queues.peek(conversation) is item:
                break
        return self._queues.pop(conversation)

    def is_done(self, item: WorkItem) -> bool:
        """Whether this worker knows that an item is done."""
        return not item.requeued and self._peers.state.is_done(item.sequence)

    async def _wait_for_predecessor(self, item: WorkItem) -> None:
        """Return when the item before this one is done or held by no worker, or when an older item arrives here."""
        loop = asyncio.get_running_loop()
        while await self._unfinished.precedes(item):
            await asyncio.sleep(_POLL_UNFINISHED)
            if self._queues.peek(item.event.conversation) is not item:
                return
        if item.requeued or (self._peers.alone() and loop.time() >= self._assume_peers_until):
            return
        conversation = item.event.conversation
        filters = [subjects.fact_in(conversation, kind) for kind in self._service.consumes]
        predecessor = await self._event_log.last_sequence_before(filters, item.sequence)
        unheld_since: float | None = None
        while predecessor is not None and not self._known_done(predecessor):
            await self._read_ack_floor()
            if self._known_done(predecessor) or self._queues.peek(conversation) is not item:
                return
            if self._peers.any_holds(predecessor):
                unheld_since = None
            elif unheld_since is None:
                unheld_since = loop.time()
            elif loop.time() - unheld_since > self._silence_limit:
                return  # it was acknowledged before this worker came
            await self._peers.wait_for_change(_POLL)

    def _known_done(self, sequence: int) -> bool:
        return sequence <= self._ack_floor or self._peers.state.is_done(sequence)

    async def _read_ack_floor(self) -> bool:
        """Update the acknowledgement floor; returns whether any worker holds items beyond it."""
        info = await self._event_log.consumer_info(streams.CONVERSATIONS, self._service.name)
        if info.ack_floor is not None:
            self._ack_floor = max(self._ack_floor, info.ack_floor.stream_seq)
        return bool(info.num_ack_pending)
