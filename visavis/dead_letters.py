"""`visavis dead`: lists, shows, requeues and drops dead letters, the messages that a service has given up."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import msgspec

from bus.errors import InvalidInput, UndecodableEvent
from bus.log import dead_letters
from bus.log.dead_letters import StoredDeadLetter
from bus.log.event_log import EventLog, connect
from bus.process.discovery import discover
from bus.settings import Settings
from projections.moment import local_time
from projections.printable import json_lines, json_text, printable, printable_lines
from projections.shown_persons import without_persons

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for the server."""
_SHOWN_BYTES = 200
_PROCESS_OF = dict.fromkeys(("inbox", "welcome", "channel-commands", "sender"), "channels")
"""Workers that do not announce themselves, and the service in whose process they run."""


@dataclass(frozen=True)
class Selection:
    """The dead letters that a command is for: by number, of one service, or all."""

    numbers: Sequence[int] = ()
    service: str | None = None


async def show_list(settings: Settings, service: str | None, *, as_json: bool, wait: float = CONNECT_TIMEOUT) -> int:
    """Print one line for each dead letter; returns the exit status.

    Args:
        wait: seconds for the connection to the server.
    Raises:
        BusError: there is no server.
    """
    async with connect(settings, name="dead", wait=wait, update_streams=False) as event_log:
        found = 0
        async for one in dead_letters.read_all(event_log, service):
            print(_json(one) if as_json else summary_line(one), flush=True)
            found += 1
    if not found:
        _print_error(f"no dead letters{f' of {service}' if service else ''}")
    return 0


async def show(settings: Settings, number: int, *, as_json: bool, wait: float = CONNECT_TIMEOUT) -> int:
    """Print all fields of one dead letter, and its event; returns the exit status.

    Raises:
        NotFound: there is no dead letter of this number.
    """
    async with connect(settings, name="dead", wait=wait, update_streams=False) as event_log:
        one = await dead_letters.get(event_log, number)
    print(_json(one, event=True) if as_json else details(one))
    return 0


async def requeue(settings: Settings, selection: Selection, *, force: bool, wait: float = CONNECT_TIMEOUT) -> int:
    """Deliver the dead letters to their services again; returns the exit status, 1 where one was refused.

    Raises:
        NotFound: there is no dead letter of one of the numbers; then none is requeued.
    """
    async with connect(settings, name="dead", wait=wait, update_streams=False) as event_log:
        requeuer = dead_letters.Requeuer(event_log, force=force)
        services: set[str] = set()
        refused = 0
        async for one in _read(event_log, selection):
            try:
                await requeuer.requeue(one)
            except InvalidInput as error:
                refused += 1
                _print_error(f"error: not put back: {error.detail}")
                continue
            services.add(one.service)
            print(f"put back: {_brief(one)}")
        if not services and not refused:
            _print_error("no dead letters, nothing was put back")
        if services:
            running = {service.name for service in await discover(event_log)}
            for service in sorted(services):
                if _PROCESS_OF.get(service, service) in running:
                    continue
                _print_error(f"no worker of {service} is running; it waits for one")
    return int(refused > 0)


async def drop(settings: Settings, selection: Selection, *, wait: float = CONNECT_TIMEOUT) -> int:
    """Delete the dead letters; returns the exit status.

    Raises:
        NotFound: there is no dead letter of one of the numbers; then none is deleted.
    """
    async with connect(settings, name="dead", wait=wait, update_streams=False) as event_log:
        dropped = 0
        async for one in _read(event_log, selection):
            await dead_letters.drop(event_log, one)
            print(f"dropped: {_brief(one)}")
            dropped += 1
        if not dropped:
            _print_error("no dead letters, nothing was dropped")
    return 0


async def _read(event_log: EventLog, selection: Selection) -> AsyncIterator[StoredDeadLetter]:
    if not selection.numbers:
        async for one in dead_letters.read_all(event_log, selection.service):
            yield one
        return
    # All are read first, so that a wrong number raises before anything is done.
    for one in [await dead_letters.get(event_log, number) for number in dict.fromkeys(selection.numbers)]:
        yield one


# Output


def summary_line(one: StoredDeadLetter) -> str:
    """A dead letter in one line: number, when, service, code, conversation or channel, why."""
    letter = one.letter
    if letter is None:
        return f"{one.number:>4}  {'':19}  {one.service:8}  ? {len(one.data)} B that are no dead letter"
    detail = printable(" ".join(letter.detail.split()))
    return f"{one.number:>4}  {local_time(letter.at)}  {one.service:8}  {letter.code:16}  {one.place}  {detail}"


def details(one: StoredDeadLetter) -> str:
    """All fields of a dead letter and its event, one line each."""
    letter = one.letter
    rows: list[tuple[str, object]] = [("number", one.number), ("service", one.service)]
    if letter is not None:
        rows += [
            ("given up", local_time(letter.at)),
            ("code", letter.code),
            ("detail", printable(letter.detail)),
            ("tries", letter.deliveries),
            ("message", f"{letter.stream} {letter.sequence} on {letter.subject}"),
            ("conversation", one.conversation),
        ]
    try:
        content = one.content()
        if isinstance(content, bytes):
            rows.append(("update", _readable(content)))
        else:
            rows.append(("event", json_lines(without_persons(msgspec.to_builtins(content)))))
    except UndecodableEvent as error:
        rows.append(("event", f"none that this version knows: {printable(error.detail)}"))
        rows.append(("bytes", _cut(one.data if letter is None else letter.data)))
    return "\n".join(f"{name:13} {value}".rstrip() for name, value in rows)


def _readable(update: bytes) -> str:
    """An update of a channel: nearly all send JSON."""
    try:
        return printable_lines(msgspec.json.format(update, indent=2).decode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _cut(update)


def _cut(data: bytes) -> str:
    return f"{data[:_SHOWN_BYTES]!r}{' …' if len(data) > _SHOWN_BYTES else ''}"


def _json(one: StoredDeadLetter, *, event: bool = False) -> str:
    about: dict[str, object] = {"number": one.number, "service": one.service, "conversation": one.conversation}
    if one.letter is not None:
        about |= msgspec.to_builtins(one.letter)
        del about["data"]
    try:
        content = one.content()
        if event and isinstance(content, bytes):
            about["data"] = content  # as base64
        elif event:
            about["event"] = without_persons(msgspec.to_builtins(content))
    except UndecodableEvent as error:
        about["undecodable"] = error.detail
        if event:
            about["data"] = one.data if one.letter is None else one.letter.data  # as base64
    return json_text(about)


def _brief(one: StoredDeadLetter) -> str:
    about = f", conversation {one.conversation}" if one.conversation else f", {one.place}" if one.place else ""
    return f"{one.number} ({one.service}{about})"


def _print_error(text: str) -> None:
    print(text, file=sys.stderr)
