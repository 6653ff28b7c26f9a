"""The facts about characters are followed, and read again only where that is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bus.events import CharacterRemoved
from bus.log import character_facts, streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.stamping import new_character_event
from services.render.builtin_characters import BUILTIN_CHARACTERS

ADA = BUILTIN_CHARACTERS["ada"]


@pytest.fixture
async def another_log(settings: Settings, event_log: EventLog) -> AsyncIterator[EventLog]:
    """The same log, as another process has it."""
    async with connect(settings, name="other") as connected:
        yield connected


async def names(event_log: EventLog, *, fresh: bool = True) -> list[str]:
    return [fact.character for fact in await event_log.character_facts(fresh=fresh)]


async def test_they_are_read_by_one_consumer_however_often_they_are_asked_for(
    event_log: EventLog, another_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    async def note() -> None:
        async for subject, _ in another_log.subscribe_core(f"$JS.API.CONSUMER.CREATE.{streams.CHARACTERS}.>"):
            made.append(subject)

    noting = asyncio.create_task(note())
    await asyncio.sleep(0.1)
    assert await names(event_log) == []
    await event_log.append_character(new_character_event(ADA, character="ada"))
    assert await names(event_log, fresh=False) == ["ada"], "what this process has written it knows"
    await another_log.append_character(new_character_event(ADA, character="eve"))
    assert await names(event_log) == ["ada", "eve"]
    first = await event_log.character_facts()
    assert await event_log.character_facts() is first
    assert len(made) == 1

    sequence = await another_log.append_character(new_character_event(CharacterRemoved(), character="eve"))
    await another_log.delete_message(streams.CHARACTERS, sequence)
    monkeypatch.setattr(character_facts, "_PATIENCE", 0.1)
    assert await names(another_log) == ["ada", "eve"], "the newest message will never come"
    noting.cancel()
    with suppress(asyncio.CancelledError):
        await noting


async def test_on_another_log_the_earlier_characters_are_gone(event_log: EventLog, another_log: EventLog) -> None:
    for name in ("ada", "eve"):
        await event_log.append_character(new_character_event(ADA, character=name))
    assert await names(event_log) == ["ada", "eve"]
    await another_log.js.delete_stream(streams.CHARACTERS)
    await streams.ensure_streams(another_log.js, another_log.settings, update=True)
    await another_log.append_character(new_character_event(ADA, character="zoe"))
    assert await names(event_log) == ["zoe"]
