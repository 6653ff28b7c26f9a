"""`visavis verify`: makes the decisions of past conversations again, and says which differ."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bus import subjects
from bus.errors import NotFound
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from projections.__main__ import gateway_file
from projections.characters import fold_all
from projections.finding import find_conversation
from projections.moment import NOW, Moment
from projections.printable import json_text, printable
from projections.read_model import ReadModel
from visavis.carry.archive import load
from visavis.carry.archive_file import is_file_name
from visavis.terminal import painted
from visavis.verify.decisions import Decision
from visavis.verify.verify import verify

_WAIT = 5.0
"""Seconds to wait for the server."""
_MARKS = {"equal": "=", "differs": "≠", "not_recorded": "?"}
_COLORS = {"equal": "32", "differs": "31", "not_recorded": "90"}


@dataclass(frozen=True)
class Options:
    """What is verified, and how it is printed."""

    what: str | None = None
    """A conversation, or a file with one; None: those since a time."""
    since: Moment | None = None
    as_json: bool = False
    color: bool = False
    brief: bool = False
    """Only what differs or is not recorded."""


async def run(settings: Settings, options: Options) -> int:
    """Verify and print; returns 1 if anything differs.

    Raises:
        NotFound: there is no such conversation.
        InvalidInput: the file is none of a conversation.
        BusError: there is no server.
    """
    counts: Counter[str] = Counter()
    if options.what is not None and is_file_name(options.what):
        name, decisions = await asyncio.to_thread(_of_file, Path(options.what))
        counts.update(_print(name, decisions, options))
    else:
        async for name, decisions in _of_log(settings, options):
            counts.update(_print(name, decisions, options))
    if not options.as_json:
        print(f"{counts['equal']} equal, {counts['differs']} differ, {counts['not_recorded']} not recorded")
    return 1 if counts["differs"] else 0


def _of_file(path: Path) -> tuple[str, list[Decision]]:
    with load(path) as archive:
        facts = [(seq, event) for seq, _, event in archive.events()]
        return archive.conversation, verify(facts, characters=archive.characters, redacted=archive.redacted)


async def _of_log(settings: Settings, options: Options) -> AsyncIterator[tuple[str, list[Decision]]]:
    async with connect(settings, name="verify", wait=_WAIT, update_streams=False) as event_log:
        characters = fold_all(await event_log.character_facts())
        if options.what is not None:
            names = [await find_conversation(event_log, options.what)]
        else:
            names = await since(event_log, options.since or NOW)
        try:
            model = ReadModel(gateway_file(settings), read_only=True)
        except NotFound:
            model = None  # there is nothing stored to compare with
        try:
            for name in names:
                facts = await event_log.facts(name)
                stored = None if model is None else model.conversation(name)
                yield name, verify(facts, characters=characters, stored=stored)
        finally:
            if model is not None:
                model.close()


async def since(event_log: EventLog, begin: Moment) -> list[str]:
    """The conversations of which something was stored since a time or a sequence, in the order of their first fact."""
    found: dict[str, None] = {}
    after, since = max(0, (begin.sequence or 0) - 1), begin.time or 0
    read = event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=after, since=since)
    async with aclosing(read) as records:
        async for record in records:
            found.setdefault(record.subject.split(".")[1])
    return list(found)


def _print(name: str, decisions: Sequence[Decision], options: Options) -> Counter[str]:
    if options.as_json:
        for one in decisions:
            print(json_text({"conversation": name, **msgspec.to_builtins(one)}))
    else:
        print(name)
        for one in decisions:
            if one.outcome != "equal" or not options.brief:
                print(line(one, color=options.color))
    sys.stdout.flush()
    return Counter(one.outcome for one in decisions)


def line(decision: Decision, *, color: bool = False) -> str:
    """A decision as one line."""
    told = decision.recorded
    if decision.outcome == "differs":
        told = f"was: {decision.recorded} — now: {decision.replayed}"
    elif decision.outcome == "not_recorded":
        told = "; ".join(part for part in (decision.recorded, f"not recorded: {decision.reason}") if part)
    text = f"{decision.seq:>8}  {_MARKS[decision.outcome]} {decision.kind:<12}  {told}"
    return painted(printable(text), _COLORS[decision.outcome], color=color)
