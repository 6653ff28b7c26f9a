"""Follows the log and sends the spans of each turn when it is over. Never in the way of anything: it only reads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan

from bus import clock, codec, subjects
from bus.errors import LogReplaced, UndecodableEvent, VisavisError
from bus.events import Event
from bus.log import streams
from bus.log.event_log import EventLog, Record
from bus.log.headers import INCOMING_TRACE
from bus.log.trace_context import is_trace_parent
from projections.replay.recent_turns import RecentTurn, RecentTurns
from projections.tracing.position import Position, read_position, write_position
from projections.tracing.spans import turn_spans

log = logging.getLogger(__name__)

QUIET = 60_000_000
"""Microseconds without a fact after which a turn is over."""
_LOOK = 5.0
_LONGEST_PAUSE = 60.0

Send = Callable[[Sequence[ReadableSpan]], bool]
"""Sends spans; blocks; returns whether they were taken."""


class SpanFollower:
    """Sends each turn once; a turn to which something is added after that is sent again whole, under the same ids.

    Args:
        path: of the file with the position.
        quiet: microseconds without a fact after which a turn is over.
        first_pause: seconds until spans that were not taken are sent again; doubles up to a minute.
        look: seconds between two looks for turns that have become quiet, while nothing new is stored.
    """

    def __init__(
        self, event_log: EventLog, send: Send, path: Path, *, quiet: int = QUIET, first_pause: float = 1.0,
        look: float = _LOOK,
    ) -> None:  # fmt: skip
        self._event_log = event_log
        self._send = send
        self._path = path
        self._first_pause = first_pause
        self._look = look
        self._turns = RecentTurns(quiet)
        self._incoming: dict[tuple[str, str], str] = {}
        self._position = Position()
        self._read = 0
        """Sequence of the newest record that was read."""
        self.sent = 0
        """Turns sent so far."""

    async def run(self, *, since: int | None, follow: bool) -> None:
        """Send what is new since the position in the file; without one, from now on.

        Args:
            since: microseconds since 1970: send what was stored from then on, whatever the file says.
            follow: go on until cancelled; otherwise end with the newest record, and with turns that may not be over.
        Raises:
            VisavisError: NATS is away, or without `follow` the collector.
        """
        await self._begin(since)
        while follow:
            try:
                await self._follow()
            except LogReplaced as error:
                log.warning("reading anew", extra={"why": error.detail})
                self._turns.clear()
                self._incoming.clear()
                self._position, self._read = Position(), 0
        await self._read_to_the_end()

    async def _begin(self, since: int | None) -> None:
        newest = await self._event_log.last_sequence(streams.CONVERSATIONS)
        found = read_position(self._path)
        if since is not None:
            found = Position(sequence=await self._sequence_at(since, newest))
        elif found is None:
            found = Position(sequence=newest)
        elif found.sequence > newest:
            log.warning("the log is another one; reading it from its beginning")
            found = Position()
        self._position, self._read = found, found.sequence
        write_position(self._path, found)

    async def _sequence_at(self, since: int, newest: int) -> int:
        """The newest sequence that was stored before a time."""
        reading = self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, since=since)
        async with aclosing(reading) as records:
            first = await anext(records, None)
        return newest if first is None else first.sequence - 1

    async def _follow(self) -> None:
        records = self._event_log.read(
            streams.CONVERSATIONS, subjects.ALL_FACTS, after=self._position.sequence, follow=True
        )
        async with aclosing(records):
            arriving: asyncio.Task[Record] | None = None
            try:
                while True:
                    arriving = arriving or asyncio.create_task(anext(records))
                    await asyncio.wait([arriving], timeout=self._look)
                    if arriving.done():
                        record = arriving.result()
                        arriving = None
                        self._add(record)
                        await self._send_quiet(record.time)
                    else:
                        await self._send_quiet(clock.now())
            finally:
                if arriving is not None:
                    arriving.cancel()
                    await asyncio.gather(arriving, return_exceptions=True)

    async def _read_to_the_end(self) -> None:
        reading = self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=self._position.sequence)
        async with aclosing(reading) as records:
            async for record in records:
                self._add(record)
                await self._send_quiet(record.time, patient=False)
        rest = list(self._turns)
        self._turns.clear()
        await self._send_turns(rest, patient=False)

    def _add(self, record: Record) -> None:
        self._read = record.sequence
        event = None if record.is_copy else _decoded(record)
        if event is None or event.turn is None or record.sequence <= self._position.sent.get(event.turn, 0):
            return
        incoming = record.headers.get(INCOMING_TRACE, "")
        if is_trace_parent(incoming):
            self._incoming[event.conversation, event.turn] = incoming
        self._turns.add(record.sequence, record.time, event)

    async def _send_quiet(self, now: int, *, patient: bool = True) -> None:
        quiet = self._turns.pop_quiet(now)
        if quiet:
            await self._send_turns(quiet, patient=patient)

    async def _send_turns(self, turns: list[RecentTurn], *, patient: bool) -> None:
        """Send turns and remember that.

        Args:
            patient: wait for a collector that is away.
        """
        spans: list[ReadableSpan] = []
        for one in turns:
            turn = one if one.is_whole else await self._whole(one)
            incoming = self._incoming.pop((one.conversation, one.id), "")
            spans += turn_spans(turn, incoming)
        if spans:
            await self._deliver(spans, patient=patient)
        self.sent += len(turns)
        sent = self._position.sent | {one.id: one.last_sequence for one in turns}
        began = min((one.first_sequence for one in self._turns), default=self._read + 1)
        self._position = Position(
            sequence=began - 1, sent={turn: newest for turn, newest in sent.items() if newest >= began}
        )
        write_position(self._path, self._position)

    async def _whole(self, part: RecentTurn) -> RecentTurn:
        """A turn with the facts that came before those that are known."""
        turn = RecentTurn(part.conversation, part.id, part.first_sequence)
        records = self._event_log.read(streams.CONVERSATIONS, subjects.facts_of(part.conversation))
        async with aclosing(records):
            async for record in records:
                if record.sequence > part.last_sequence:
                    break
                event = None if record.is_copy else _decoded(record)
                if event is not None and event.turn == part.id:
                    turn.add(record.sequence, record.time, event)
                    if is_trace_parent(record.headers.get(INCOMING_TRACE, "")):
                        self._incoming[part.conversation, part.id] = record.headers[INCOMING_TRACE]
        return turn if turn.facts else part

    async def _deliver(self, spans: Sequence[ReadableSpan], *, patient: bool) -> None:
        pause = self._first_pause
        while not await asyncio.to_thread(self._send, spans):
            if not patient:
                raise VisavisError("the collector did not take the spans; see above", code="not_sent")
            log.warning("the collector did not take the spans; trying again", extra={"in": f"{pause:g} s"})
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _decoded(record: Record) -> Event | None:
    try:
        return codec.decode_event(record.data)
    except UndecodableEvent:
        return None  # it becomes a dead letter
