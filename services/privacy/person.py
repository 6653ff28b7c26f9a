"""Erases what is known of a person beside their conversations: links with channels, what was received and sent through
them, and the characters that they made."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import aclosing, suppress

from bus import codec, subjects
from bus.channel_events import DeliveryQueued, LinkEvent, Unlinked
from bus.errors import NotFound, UndecodableEvent
from bus.events import CharacterCreated, CharacterRemoved
from bus.ids import derive_id
from bus.log import streams
from bus.log.event_log import EventLog, Record
from bus.stamping import new_link_event
from projections.people import Link, fold_link
from services.characters import current_characters, remove_character

_INBOX_SERVICE = "inbox"
"""Name of the consumer that handles what channels sent."""


async def erase_traces(event_log: EventLog, person: str) -> Counter[str]:
    """Remove all that is on the log of a person but for their conversations; returns the messages by stream.

    May be called again at any time: it goes on with what is left.

    Raises:
        BusError: NATS is away, or this user may not delete messages.
    """
    removed: Counter[str] = Counter()
    histories = await _links(event_log)
    own = _links_of(person, histories)
    links = [link for link, _ in own.values()]
    for stream, records in (
        (streams.INBOX, await updates_from(event_log, links)),
        (streams.DELIVERIES, await deliveries_to(event_log, links)),
    ):
        for record in records:
            removed[stream] += await event_log.delete_message(stream, record.sequence)
    # The links last: by them the rest is found, should this end in between.
    for link, known in own.values():
        if link.state != "ended":
            event = new_link_event(Unlinked(by="page"), link=link.id, event_id=derive_id(link.id, "erased"))
            await event_log.append_link(event, after=link.seq)
        elif link.seq == known[-1]:
            known = known[:-1]  # it says only that the link is over
        for sequence in known:
            removed[streams.PEOPLE] += await event_log.delete_message(streams.PEOPLE, sequence)
    return removed + await _erase_characters(event_log, person)


async def links_of(event_log: EventLog, person: str) -> list[Link]:
    """All links of a person, those that are over too."""
    return [link for link, _ in _links_of(person, await _links(event_log)).values()]


async def _links(event_log: EventLog) -> dict[str, tuple[Link | None, list[int], set[str]]]:
    """Of each link its last state, the sequences of its events, and the persons in them."""
    found: dict[str, tuple[Link | None, list[int], set[str]]] = {}
    async with aclosing(event_log.read(streams.PEOPLE, subjects.ALL_LINKS)) as records:
        async for record in records:
            try:
                event: LinkEvent = codec.decode_link_event(record.data)
            except UndecodableEvent:
                continue
            link, known, persons = found.get(event.link, (None, [], set()))
            named = getattr(event.body, "person", "")
            found[event.link] = fold_link(link, record.sequence, event), [*known, record.sequence], persons | {named}
    return found


def _links_of(
    person: str, histories: dict[str, tuple[Link | None, list[int], set[str]]]
) -> dict[str, tuple[Link, list[int]]]:
    """The links of a person, and those that their accounts asked for."""
    own = {id_: (link, known) for id_, (link, known, persons) in histories.items() if link and person in persons}
    senders = {key for link, _ in own.values() if link.sender for key in link.senders}
    asked = {
        id_: (link, known)
        for id_, (link, known, persons) in histories.items()
        if link is not None and not persons - {""} and senders.intersection(link.senders)
    }
    return own | asked


async def updates_from(event_log: EventLog, links: Iterable[Link]) -> list[Record]:
    """What these accounts sent, as channels told it, once it has been handled."""
    found: list[Record] = []
    patterns = {
        subjects.inbox_of(channel, account): re.compile(b"|".join(_token_pattern(one) for one in ids))
        for (channel, account), ids in _ids_by_account(links).items()
    }
    if not patterns:
        return found
    handled = await event_log.handled_up_to(streams.INBOX, _INBOX_SERVICE)
    for subject, pattern in patterns.items():
        async with aclosing(event_log.read(streams.INBOX, subject)) as records:
            async for record in records:
                if record.sequence <= handled and pattern.search(record.data):
                    found.append(record)
    return found


def _ids_by_account(links: Iterable[Link]) -> dict[tuple[str, str], set[str]]:
    """By channel and our account there, what the persons of these links are called."""
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for link in links:
        for channel, account, sender in link.senders:
            if sender and account:
                ids[channel, account] |= {sender, link.chat or sender}
    return ids


def _token_pattern(value: str) -> bytes:
    """Finds an id that is not a part of a longer one."""
    return rb"(?<![0-9A-Za-z])" + re.escape(value.encode()) + rb"(?![0-9A-Za-z])"


async def deliveries_to(event_log: EventLog, links: Iterable[Link]) -> list[Record]:
    """All events of the messages that were sent to these accounts."""
    chats = {(link.channel, link.account, link.chat) for link in links if link.chat}
    found: list[Record] = []
    own: set[str] = set()
    async with aclosing(event_log.read(streams.DELIVERIES, subjects.ALL_DELIVERIES)) as records:
        async for record in records:
            try:
                event = codec.decode_delivery_event(record.data)
            except UndecodableEvent:
                continue
            body = event.body
            if isinstance(body, DeliveryQueued) and (event.channel, body.account, body.chat) in chats:
                own.add(record.subject)
            if record.subject in own:
                found.append(record)
    return found


async def _erase_characters(event_log: EventLog, person: str) -> Counter[str]:
    """Remove the characters that a person made: the facts, the portraits and the drawn idle loops."""
    removed: Counter[str] = Counter()
    for character in await _characters_of(event_log, person):
        with suppress(NotFound):  # it was removed before; its facts are still there
            await remove_character(event_log, character)
        for stream, subject in (
            (streams.IDLE, subjects.idle_frames(character)),
            (streams.IDLE, subjects.face_clips_of(character)),
            (streams.FRAMES, subjects.earlier_idle_frames(character)),
            (streams.CHARACTERS, subjects.facts_of_character(character)),
        ):
            async with aclosing(event_log.read(stream, subject)) as records:
                doomed = [record.sequence async for record in records if not subjects.is_removal(record.subject)]
            for sequence in doomed:
                removed[stream] += await event_log.delete_message(stream, sequence)
    return removed


async def _characters_of(event_log: EventLog, person: str) -> list[str]:
    """Ids of all characters that a person ever made."""
    found: dict[str, None] = {}
    async with aclosing(event_log.read(streams.CHARACTERS, subjects.ALL_CHARACTERS)) as records:
        async for record in records:
            try:
                event = codec.decode_character_event(record.data)
            except UndecodableEvent:
                continue
            if not isinstance(event.body, CharacterRemoved) and event.body.owner == person:
                found[event.character] = None
    return list(found)


async def characters_of(event_log: EventLog, person: str) -> dict[str, CharacterCreated]:
    """The characters that a person has, by id."""
    return {id_: one for id_, one in (await current_characters(event_log)).items() if one.owner == person}
