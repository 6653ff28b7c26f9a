"""`visavis keys`: the keys with which people and programs sign in, on the log as hashes."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from bus import clock, codec, subjects
from bus.access_events import AccessFact, KeyCreated, KeyRevoked, Scope, SessionsEnded
from bus.errors import InvalidInput, NotFound, UndecodableEvent
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.process.operator_key import operator_key
from bus.settings import Settings
from bus.stamping import new_access_event
from projections.access import Access, Key
from projections.moment import local_time
from projections.printable import json_lines, printable
from services.key_secrets import new_key

CONNECT_TIMEOUT = 5.0
LONGEST_NAME = 80
MOST_DAYS = 36_500
_DAY = 86_400_000_000


async def create(settings: Settings, name: str, scopes: tuple[Scope, ...], *, days: int | None = None) -> int:
    """Make a key and print it; returns the exit status.

    Raises:
        InvalidInput: the name or the days cannot be.
        BusError: NATS is away.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"a name has 1 to {LONGEST_NAME} characters that can be shown")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise InvalidInput(f"--days must be 1 to {MOST_DAYS}, got {days}")
    id_, key, digest = new_key()
    expires_at = None if days is None else clock.now() + days * _DAY
    body = KeyCreated(name=name.strip(), scopes=tuple(dict.fromkeys(scopes)), hash=digest, expires_at=expires_at)
    async with _log(settings) as (event_log, access):
        await _append(event_log, access, id_, body)
    print(key)
    print(f"{id_} for {name.strip()}: keep it, it is not shown again", file=sys.stderr)
    return 0


async def revoke(settings: Settings, wanted: str) -> int:
    """End a key; returns the exit status.

    Args:
        wanted: its id or its name.
    Raises:
        NotFound: there is no such key that holds.
        InvalidInput: several have this name.
    """
    async with _log(settings) as (event_log, access):
        found = [one for one in access.keys.values() if wanted in (one.id, one.name) and one.revoked_at is None]
        if not found:
            raise NotFound(f"no key {printable(wanted)!r}; `visavis keys` lists them")
        if len(found) > 1:
            ids = ", ".join(one.id for one in found)
            raise InvalidInput(f"several keys are called {printable(wanted)!r}: name one of {ids}")
        await _append(event_log, access, found[0].id, KeyRevoked())
    print(f"revoked {found[0].id} of {printable(found[0].name)}")
    return 0


async def sign_out(settings: Settings, holder: str) -> int:
    """End all cookies of a person, or all sessions of a key; returns the exit status."""
    subjects.token(holder, "holder")
    async with _log(settings) as (event_log, access):
        await _append(event_log, access, holder, SessionsEnded())
    print(f"signed out {holder}")
    return 0


async def show_list(settings: Settings, *, as_json: bool) -> int:
    """Print the keys, the newest last; returns the exit status."""
    async with _log(settings) as (_, access):
        keys = sorted(access.keys.values(), key=lambda one: one.created_at)
    if as_json:
        print(json_lines([_row(one) for one in keys]))
        return 0
    for one in keys:
        state = _state(one)
        used = f"used {local_time(one.used_at)}" if one.used_at else "never used"
        print(f"{one.id}  {state:8}  {'+'.join(one.scopes):13}  {used:24}  {printable(one.name)}")
    if not keys:
        print("no keys; `visavis keys create NAME` makes one", file=sys.stderr)
    return 0


def show_operator_key(settings: Settings) -> int:
    """Print the operator's key; returns the exit status."""
    print(operator_key(settings))
    return 0


def _row(key: Key) -> dict[str, Any]:
    return {
        "id": key.id, "name": key.name, "scopes": key.scopes, "state": _state(key), "created_at": key.created_at,
        "expires_at": key.expires_at, "used_at": key.used_at, "revoked_at": key.revoked_at,
    }  # fmt: skip


def _state(key: Key) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "holds" if key.holds(clock.now()) else "expired"


@asynccontextmanager
async def _log(settings: Settings) -> AsyncIterator[tuple[EventLog, Access]]:
    """The log, and what it says of access now."""
    async with connect(settings, name="keys", wait=CONNECT_TIMEOUT, update_streams=False) as event_log:
        access = Access()
        async with aclosing(event_log.read(streams.ACCESS, subjects.ALL_ACCESS)) as records:
            async for record in records:
                try:
                    access.apply(record.sequence, codec.decode_access_event(record.data))
                except UndecodableEvent:
                    continue
        yield event_log, access


async def _append(event_log: EventLog, access: Access, holder: str, body: AccessFact) -> None:
    await event_log.append_access(new_access_event(body, holder=holder), after=access.newest.get(holder, 0))
