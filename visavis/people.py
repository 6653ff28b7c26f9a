"""`visavis erase` removes conversations and persons for good; `visavis person` writes what is known of one."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from contextlib import aclosing
from pathlib import Path

from bus import codec, subjects
from bus.errors import ConfigurationError, InvalidInput, NotFound, UndecodableEvent
from bus.events import ConversationOpened
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from projections.finding import find_conversation
from services.privacy.erasing import erase as erase_conversation
from services.privacy.erasing import receipts, record_receipt, request_erasure, total
from services.privacy.export import export_person
from services.privacy.person import erase_traces

_WAIT = 5.0
"""Seconds to wait for NATS."""
_PATIENCE = 3.0
"""Seconds that running gateways have to end calls in the conversation before its facts are removed."""


async def erase(settings: Settings, wanted: list[str], person: str | None, *, sure: bool) -> int:
    """Erase conversations, or all that is known of a person, and print the receipts; returns the exit status.

    Args:
        wanted: ids of conversations, or their beginnings.
        person: a person's id, or one of their conversations.
        sure: do not ask.
    Raises:
        InvalidInput: neither is given.
        NotFound: there is no such conversation or person.
        BusError: Visavis does not run, or this user may not erase.
    """
    if not wanted and person is None:
        raise InvalidInput("name the conversations to erase, or --person")
    async with connect(settings, name="erase", wait=_WAIT, update_streams=False) as event_log:
        conversations = [await find_conversation(event_log, one) for one in wanted]
        owner = None if person is None else await _person(event_log, person)
        if owner is not None:
            conversations += await _conversations_of(event_log, owner)
        what = f"{len(conversations)} conversations" + (" and all else of this person" if owner else "")
        if not sure and not await _is_confirmed(f"Erase {what} for good? Backups are not touched. [y/N] "):
            print("nothing was erased", file=sys.stderr)
            return 1
        for one in conversations:
            await request_erasure(event_log, one, "operator")
        await asyncio.sleep(_PATIENCE)
        for one in conversations:
            _print_receipt(one, await _erase_one(event_log, one))
        if owner is not None:
            _print_receipt("person", await erase_traces(event_log, owner))
    return 0


async def export(settings: Settings, wanted: str, target: Path) -> int:
    """Write all that is known of a person into a ZIP file; returns the exit status.

    Args:
        wanted: a person's id, or one of their conversations.
    Raises:
        NotFound: there is no such person.
        ConfigurationError: the file cannot be written.
        BusError: Visavis does not run.
    """
    async with connect(settings, name="export", wait=_WAIT, update_streams=False) as event_log:
        person = await _person(event_log, wanted)
        conversations = await _conversations_of(event_log, person)
        try:
            await export_person(event_log, person, conversations, target)
        except OSError as error:
            raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from error
    print(f"{target}: {len(conversations)} conversations")
    return 0


async def _erase_one(event_log: EventLog, conversation: str) -> Counter[str]:
    """Erase what a running gateway has not erased yet; returns all that was removed."""
    removed = await erase_conversation(event_log, conversation)
    await record_receipt(event_log, conversation, removed)
    return total(await receipts(event_log, conversation))


async def _is_confirmed(question: str) -> bool:
    return (await asyncio.to_thread(input, question)).strip().casefold() in ("y", "yes")


def _print_receipt(what: str, removed: Counter[str]) -> None:
    counts = ", ".join(f"{count} of {stream}" for stream, count in sorted(removed.items())) or "nothing was left"
    print(f"{what}: erased {counts}")


async def _person(event_log: EventLog, wanted: str) -> str:
    """The person who is meant.

    Raises:
        NotFound: there is none.
    """
    persons = await _persons(event_log)
    if wanted in persons.values():
        return wanted
    conversation = await find_conversation(event_log, wanted)
    if conversation not in persons:
        raise NotFound(f"conversation {conversation} is erased, or has no person")
    return persons[conversation]


async def _conversations_of(event_log: EventLog, person: str) -> list[str]:
    return [conversation for conversation, one in (await _persons(event_log)).items() if one == person]


async def _persons(event_log: EventLog) -> dict[str, str]:
    """The person of each conversation."""
    found: dict[str, str] = {}
    reading = event_log.read(streams.CONVERSATIONS, subjects.facts_of_kind(ConversationOpened))
    async with aclosing(reading) as records:
        async for record in records:
            try:
                event = codec.decode_event(record.data)
            except UndecodableEvent:
                continue
            if isinstance(event.body, ConversationOpened):
                found[event.conversation] = event.body.person
    return found
