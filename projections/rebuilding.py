"""Folds the whole log into a file, with progress, and compares a read model with the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing
from itertools import zip_longest
from pathlib import Path

import msgspec
from msgspec import Struct

from bus import codec, subjects
from bus.errors import UndecodableEvent
from bus.log import streams
from bus.log.event_log import EventLog
from projections.conversation import Conversation, Turn
from projections.read_model import ReadModel
from projections.read_model_builder import ReadModelBuilder

PROGRESS_EVERY = 0.5
"""Seconds between two reports."""


class Progress(Struct, frozen=True):
    """How far a build is."""

    done: int
    """Sequence of the last event folded."""
    all: int
    """Sequence of the last event to fold."""
    rate: float
    """Events a second, since this process began."""

    @property
    def seconds_left(self) -> float | None:
        """Until it is done, if it goes on like this; None: that cannot be told yet."""
        return (self.all - self.done) / self.rate if self.rate else None

    def __str__(self) -> str:
        left = f", {self.seconds_left:.0f} s left" if self.seconds_left is not None else ""
        return f"{self.done:,} of {self.all:,} events, {self.rate:,.0f} a second{left}"


async def build(
    event_log: EventLog,
    path: Path,
    *,
    until: int | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Fold the log into a new file; one that a killed process has left is continued. Returns how far it came.

    Args:
        until: the last sequence to fold; None: the newest one at the end, so that little is missing.
        report: called twice a second.
    Raises:
        VisavisError: the file cannot be written, or NATS is away.
    """
    builder = ReadModelBuilder(path)
    try:
        if not builder.is_indexing:
            await _restart_on_another_log(event_log, builder)
        began, first, told = time.perf_counter(), builder.position, 0.0
        progress = Progress(first, first, 0.0)
        while not builder.is_indexing:
            end = await event_log.last_sequence(streams.CONVERSATIONS)
            end = end if until is None else min(until, end)
            if builder.position >= end:
                break
            reading = event_log.read_batches(streams.CONVERSATIONS, subjects.ALL_FACTS, after=builder.position)
            async with aclosing(reading) as batches:
                async for batch in batches:
                    builder.add(batch if batch[-1].sequence <= end else [one for one in batch if one.sequence <= end])
                    now = time.perf_counter()
                    progress = Progress(builder.position, end, (builder.position - first) / (now - began))
                    if now - told > PROGRESS_EVERY:
                        told = now
                        builder.commit()  # what a killed process has done twice is half a second's work
                        report(progress)
                    if batch[-1].sequence >= end:
                        break
            if until is not None:
                break
        builder.finish()
        rate = (builder.position - first) / max(time.perf_counter() - began, 1e-9)
        progress = Progress(builder.position, max(progress.all, builder.position), rate)
        report(progress)
        return progress
    finally:
        builder.close()


async def _restart_on_another_log(event_log: EventLog, builder: ReadModelBuilder) -> None:
    """Empty a file that was begun, if its last event is not on this log."""
    if not builder.position:
        return
    reading = event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=builder.position - 1)
    async with aclosing(reading) as records:
        first = await anext(records, None)
    same = first is not None and first.sequence == builder.position
    if same and first is not None and builder.last_event:
        try:
            same = codec.decode_event(first.data).id == builder.last_event
        except UndecodableEvent:
            same = False
    if not same:
        builder.restart()


def compare(live: ReadModel, fresh: ReadModel) -> str | None:
    """The first difference between a stored read model and one folded from the log, in words; None: they are equal."""
    if live.position > fresh.position:
        return f"{live.path} is at {live.position}, the log ends at {fresh.position}: it is another log"
    stored, folded = dict(live.digests()), dict(fresh.digests())
    for name in sorted(stored.keys() | folded.keys()):
        if stored.get(name) != folded.get(name):
            difference = describe_difference(live.conversation(name), fresh.conversation(name))
            return f"conversation {name}: {difference}"
    return None


def describe_difference(live: Conversation | None, fresh: Conversation | None) -> str:
    """The first difference between a stored conversation and the one folded from the log, in words."""
    if live is None or fresh is None:
        return "is not in the read model" if live is None else "is not in the log"
    for number, (stored, folded) in enumerate(zip_longest(live.turns, fresh.turns), 1):
        if stored != folded:
            return f"turn {number}: stored {_json(stored)}, from the log {_json(folded)}"
    for field in msgspec.structs.fields(Conversation):
        stored_value, folded_value = getattr(live, field.name), getattr(fresh, field.name)
        if stored_value != folded_value:
            return f"{field.name}: stored {stored_value!r}, from the log {folded_value!r}"
    return "its search index"


def _json(turn: Turn | None) -> str:
    return "nothing" if turn is None else msgspec.json.encode(turn).decode()
