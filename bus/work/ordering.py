"""Whose turn it is: one conversation's work in order, over all workers of a service.

A piece of work may begin when the one before it in its conversation is done. With one worker that is the order of its
line. With several, the log says what was before; that it is done is known from the other workers' words, or from the
consumer, below whose acknowledgement floor everything is done.
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

log = logging.getLogger(__name__)

_LOOK_AGAIN = 0.25


class Ordering:
    """Gives out the items of the lines when they may begin."""

    def __init__(self, event_log: EventLog, service: Service, peers: Peers, lines: WorkQueues) -> None:
        self._event_log = event_log
        self._service = service
        self._peers = peers
        self._lines = lines
        self._floor = 0
        self._careful_until = 0.0
        # A worker that died is silent for so long before its work comes to another one.
        self._patience = service.lease + 1.0
        self.waiting = 0
        """Lines that wait for another worker."""

    async def begin(self) -> None:
        """Look whether somebody, who may be dead, holds work already."""
        if await self._read_floor():
            self.beware()

    def beware(self) -> None:
        """There is another worker, even if none is known: for a while nothing is begun without looking."""
        self._careful_until = asyncio.get_running_loop().time() + self._patience

    async def next(self, conversation: str) -> WorkItem | None:
        """The conversation's oldest work, once it may begin; None where there is none."""
        while (item := self._lines.first(conversation)) is not None:
            self.waiting += 1
            try:
                await self._clear(item)
            except BusError as error:
                if not error.retryable:
                    raise
                log.warning("waiting for the log", extra={"why": error.detail})
                await asyncio.sleep(_LOOK_AGAIN)
                continue
            finally:
                self.waiting -= 1
            if self._lines.first(conversation) is item:
                break
        return self._lines.take(conversation)

    def is_done(self, item: WorkItem) -> bool:
        """Whether this worker knows that it is done."""
        return not item.again and self._peers.others.is_done(item.sequence)

    async def _clear(self, item: WorkItem) -> None:
        """Until what was before it is done, or nobody has it, or an older one has come here."""
        loop = asyncio.get_running_loop()
        if item.again or (self._peers.alone() and loop.time() >= self._careful_until):
            return
        conversation = item.event.conversation
        filters = [subjects.fact_in(conversation, kind) for kind in self._service.consumes]
        before = await self._event_log.last_sequence_before(filters, item.sequence)
        nobody_since: float | None = None
        while before is not None and not self._known_done(before):
            await self._read_floor()
            if self._known_done(before) or self._lines.first(conversation) is not item:
                return
            if self._peers.hold(before):
                nobody_since = None
            elif nobody_since is None:
                nobody_since = loop.time()
            elif loop.time() - nobody_since > self._patience:
                return  # whoever had it acknowledged it before this worker came
            await self._peers.news(_LOOK_AGAIN)

    def _known_done(self, sequence: int) -> bool:
        return sequence <= self._floor or self._peers.others.is_done(sequence)

    async def _read_floor(self) -> bool:
        """Read up to where all work is done; returns whether somebody holds some beyond it."""
        info = await self._event_log.consumer_info(streams.CONVERSATIONS, self._service.name)
        if info.ack_floor is not None:
            self._floor = max(self._floor, info.ack_floor.stream_seq)
        return bool(info.num_ack_pending)
