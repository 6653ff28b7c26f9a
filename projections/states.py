"""What a projection was at a moment of the log, read from the log: by subject, up to a sequence.

Nothing here publishes: a replay has no side effects (tests/test_import_rules.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import msgspec
from msgspec import Struct

from bus import codec, subjects
from bus.channel_events import DeliveryEvent, LinkEvent
from bus.errors import InvalidInput, NotFound, UndecodableEvent
from bus.events import CharacterCreated, Event
from bus.ids import shown_person
from bus.log import streams
from bus.log.event_log import EventLog, Record
from projections import characters, deliveries, people
from projections.conversation import Conversation, fold
from projections.moment import NOW, Moment
from projections.replay.build import TimelineBuilder
from projections.shown_persons import without_persons

_BY_STORE_TIME = 1
"""Microseconds; a message is stored after a moment if it is one later than that."""


async def sequence_at(event_log: EventLog, stream: str, subject: str, moment: Moment) -> int:
    """The last sequence of a stream at a moment. Of a time, the server finds it in its index; nothing is read through.

    Args:
        subject: all subjects of the stream.
    """
    end = await event_log.last_sequence(stream)
    if moment.sequence is not None:
        return min(end, moment.sequence)
    if moment.time is None:
        return end
    async with aclosing(event_log.read_batches(stream, subject, since=moment.time + _BY_STORE_TIME)) as batches:
        async for batch in batches:
            return min(end, batch[0].sequence - 1)
    return end


async def records_until(event_log: EventLog, stream: str, subject: str, end: int) -> AsyncIterator[Record]:
    """The messages of a subject up to a sequence."""
    if not end:
        return
    async with aclosing(event_log.read(stream, subject)) as records:
        async for record in records:
            if record.sequence > end:
                return
            yield record


async def _facts(event_log: EventLog, name: str, moment: Moment) -> AsyncIterator[tuple[int, Event]]:
    end = await sequence_at(event_log, streams.CONVERSATIONS, subjects.ALL_FACTS, moment)
    async for record in records_until(event_log, streams.CONVERSATIONS, subjects.facts_of(name), end):
        try:
            yield record.sequence, codec.decode_event(record.data)
        except UndecodableEvent:
            continue


async def conversation_at(event_log: EventLog, name: str, moment: Moment = NOW) -> Conversation:
    """A conversation folded from the log, as it is or as it was.

    Raises:
        NotFound: there is no event of the conversation, or none so early.
    """
    state = Conversation(id=name)
    async for sequence, event in _facts(event_log, name, moment):
        state = fold(state, sequence, event)
    if not state.seq:
        raise NotFound(_missing("event of conversation", name, moment))
    return state


async def _conversation(event_log: EventLog, name: str, moment: Moment) -> Any:
    return await conversation_at(event_log, name, moment)


async def _timeline(event_log: EventLog, name: str, moment: Moment) -> Any:
    builder = TimelineBuilder(name)
    async for sequence, event in _facts(event_log, name, moment):
        builder.add(sequence, event)
    if not builder.seq:
        raise NotFound(_missing("event of conversation", name, moment))
    return builder.timeline()


async def _people(event_log: EventLog, name: str, moment: Moment) -> Any:
    """All links; of a person or of one link where a name is given."""
    found = people.People()
    end = await sequence_at(event_log, streams.PEOPLE, subjects.ALL_LINKS, moment)
    async for record in records_until(event_log, streams.PEOPLE, subjects.ALL_LINKS, end):
        link: LinkEvent | None = _decoded(codec.decode_link_event, record)
        if link is not None:
            found.apply(record.sequence, link)
    chosen = {id_: one for id_, one in found.links.items() if name in ("", id_, one.person, shown_person(one.person))}
    return _chosen("link of", chosen, name, moment)


async def _characters(event_log: EventLog, name: str, moment: Moment) -> Any:
    found: dict[str, CharacterCreated] = {}
    end = await sequence_at(event_log, streams.CHARACTERS, subjects.ALL_CHARACTERS, moment)
    async for record in records_until(event_log, streams.CHARACTERS, subjects.ALL_CHARACTERS, end):
        event = _decoded(codec.decode_character_event, record)
        if event is not None:
            found = characters.fold(found, event)
    return _chosen("character", {id_: one for id_, one in found.items() if name in ("", id_)}, name, moment)


async def _deliveries(event_log: EventLog, name: str, moment: Moment) -> Any:
    found: dict[str, deliveries.Delivery | None] = {}
    end = await sequence_at(event_log, streams.DELIVERIES, subjects.ALL_DELIVERIES, moment)
    subject = subjects.delivery_on_any_channel(name) if name else subjects.ALL_DELIVERIES
    async for record in records_until(event_log, streams.DELIVERIES, subject, end):
        event: DeliveryEvent | None = _decoded(codec.decode_delivery_event, record)
        if event is not None:
            found[event.delivery] = deliveries.fold(found.get(event.delivery), record.sequence, event)
    return _chosen("delivery", {id_: one for id_, one in found.items() if one is not None}, name, moment)


def _decoded(decode: Callable[[bytes], Any], record: Record) -> Any:
    try:
        return decode(record.data)
    except UndecodableEvent:
        return None


def _chosen(what: str, found: dict[str, Any], name: str, moment: Moment) -> dict[str, Any]:
    if name and not found:
        raise NotFound(_missing(what, name, moment))
    return found


def _missing(what: str, name: str, moment: Moment) -> str:
    return f"there is no {what} {name!r}{'' if moment == NOW else ' so early'}"


class Projection(Struct, frozen=True):
    """Something that is folded from the log and can be shown as it was."""

    about: str
    needs_id: bool
    read: Callable[[EventLog, str, Moment], Awaitable[Any]]
    """Log, id or "", moment → a struct, or structs by id."""


PROJECTIONS = {
    "conversation": Projection("one conversation, with its turns", True, _conversation),
    "timeline": Projection("one conversation in time: steps, marks and latencies of each turn", True, _timeline),
    "people": Projection("the links with accounts on channels: all, of a person, or one", False, _people),
    "characters": Projection("the characters: all, or one", False, _characters),
    "deliveries": Projection("the messages that are sent through channels: all, or one", False, _deliveries),
}


async def state_at(event_log: EventLog, projection: str, name: str, moment: Moment = NOW) -> Any:
    """A projection as it is or was, as plain dicts and lists.

    Args:
        name: id of what is to be shown; "": all.
    Raises:
        InvalidInput: there is no such projection, or it needs an id.
        NotFound: there is nothing of that id, or was not at that moment.
    """
    found = PROJECTIONS.get(projection)
    if found is None:
        raise InvalidInput(f"expected one of {', '.join(PROJECTIONS)}, got {projection!r}")
    if found.needs_id and not name:
        raise InvalidInput(f"{projection}: which one? Its id is missing")
    return without_persons(msgspec.to_builtins(await found.read(event_log, name, moment)))
