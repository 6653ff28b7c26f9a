"""`visavis dead`: work that was given up; look at it, put it back, or drop it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from bus.errors import InvalidInput, UndecodableEvent
from bus.log import dead_letters
from bus.log.dead_letters import StoredDeadLetter
from bus.log.event_log import EventLog, connect
from bus.process.discovery import discover
from bus.settings import Settings

WAIT = 5.0
"""Seconds to wait for the server."""
_SHOWN_BYTES = 200


@dataclass(frozen=True)
class Choice:
    """Which dead letters are meant: some by number, or all of a service, or all."""

    numbers: Sequence[int] = ()
    service: str | None = None


async def show_list(settings: Settings, service: str | None, *, as_json: bool) -> int:
    """One line for each on standard output; returns the exit status."""
    async with connect(settings, name="dead", wait=WAIT, update_streams=False) as event_log:
        found = 0
        async for one in dead_letters.read_all(event_log, service):
            print(_json(one) if as_json else line(one), flush=True)
            found += 1
    if not found:
        _say(f"no dead letters{f' of {service}' if service else ''}")
    return 0


async def show(settings: Settings, number: int, *, as_json: bool) -> int:
    """Everything about one; returns the exit status.

    Raises:
        NotFound: there is none of this number.
    """
    async with connect(settings, name="dead", wait=WAIT, update_streams=False) as event_log:
        one = await dead_letters.get(event_log, number)
    print(_json(one, event=True) if as_json else page(one))
    return 0


async def requeue(settings: Settings, choice: Choice, *, force: bool) -> int:
    """Give them to their services again; returns the exit status, 1 where one was refused.

    Raises:
        NotFound: there is none of a number; then nothing was done.
    """
    async with connect(settings, name="dead", wait=WAIT, update_streams=False) as event_log:
        requeuer = dead_letters.Requeuer(event_log, force=force)
        services: set[str] = set()
        refused = 0
        async for one in _chosen(event_log, choice):
            try:
                await requeuer.requeue(one)
            except InvalidInput as error:
                refused += 1
                _say(f"error: not put back: {error.detail}")
                continue
            services.add(one.service)
            print(f"put back: {_brief(one)}")
        if not services and not refused:
            _say("no dead letters, nothing was put back")
        if services:
            running = {service.name for service in await discover(event_log)}
            for service in sorted(services - running):
                _say(f"no worker of {service} is running; it waits for one")
    return int(refused > 0)


async def drop(settings: Settings, choice: Choice) -> int:
    """Remove them for good; returns the exit status.

    Raises:
        NotFound: there is none of a number; then nothing was done.
    """
    async with connect(settings, name="dead", wait=WAIT, update_streams=False) as event_log:
        dropped = 0
        async for one in _chosen(event_log, choice):
            await dead_letters.drop(event_log, one)
            print(f"dropped: {_brief(one)}")
            dropped += 1
        if not dropped:
            _say("no dead letters, nothing was dropped")
    return 0


async def _chosen(event_log: EventLog, choice: Choice) -> AsyncIterator[StoredDeadLetter]:
    if not choice.numbers:
        async for one in dead_letters.read_all(event_log, choice.service):
            yield one
        return
    # All are looked for first: a wrong number among them stops it before anything is done.
    for one in [await dead_letters.get(event_log, number) for number in dict.fromkeys(choice.numbers)]:
        yield one


# How one is told


def line(one: StoredDeadLetter) -> str:
    """A dead letter in one line: number, when, service, code, conversation, why."""
    letter = one.letter
    if letter is None:
        return f"{one.number:>4}  {'':19}  {one.service:8}  ? {len(one.data)} B that are no dead letter"
    detail = " ".join(letter.detail.split())
    return f"{one.number:>4}  {_when(letter.at)}  {one.service:8}  {letter.code:16}  {one.conversation}  {detail}"


def page(one: StoredDeadLetter) -> str:
    """All fields of a dead letter, and the event in it."""
    letter = one.letter
    rows: list[tuple[str, object]] = [("number", one.number), ("service", one.service)]
    if letter is not None:
        rows += [
            ("given up", _when(letter.at)),
            ("code", letter.code),
            ("detail", letter.detail),
            ("tries", letter.deliveries),
            ("message", f"{letter.stream} {letter.sequence} on {letter.subject}"),
            ("conversation", one.conversation),
        ]
    try:
        event = msgspec.json.format(msgspec.json.encode(one.event()), indent=2).decode()
        rows.append(("event", event))
    except UndecodableEvent as error:
        data = one.data if letter is None else letter.data
        more = " …" if len(data) > _SHOWN_BYTES else ""
        rows.append(("event", f"none that this version knows: {error.detail}"))
        rows.append(("bytes", f"{data[:_SHOWN_BYTES]!r}{more}"))
    return "\n".join(f"{name:13} {value}".rstrip() for name, value in rows)


def _json(one: StoredDeadLetter, *, event: bool = False) -> str:
    about: dict[str, object] = {"number": one.number, "service": one.service, "conversation": one.conversation}
    if one.letter is not None:
        about |= msgspec.to_builtins(one.letter)
        del about["data"]
    try:
        found = one.event()
        about |= {"event": msgspec.to_builtins(found)} if event else {}
    except UndecodableEvent as error:
        about["undecodable"] = error.detail
        if event:
            about["data"] = one.data if one.letter is None else one.letter.data  # as base64
    return msgspec.json.encode(about).decode()


def _brief(one: StoredDeadLetter) -> str:
    whose = f", conversation {one.conversation}" if one.conversation else ""
    return f"{one.number} ({one.service}{whose})"


def _when(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1_000_000).astimezone():%Y-%m-%d %H:%M:%S}"


def _say(words: str) -> None:
    print(words, file=sys.stderr)
