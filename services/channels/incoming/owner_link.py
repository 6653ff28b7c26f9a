"""Links the sender of a channel that only the owner can write to, without a code: who may write there is that person.

The person is one of the channel's own; by a link token of the page it becomes the person of the page.
"""

from __future__ import annotations

import logging

from bus import clock
from bus.channel_events import Linked, LinkEvent, PairingRequested
from bus.errors import Conflict
from bus.ids import derive_id, new_id
from bus.log.event_log import EventLog
from bus.stamping import new_link_event
from projections.people import Link, People
from projections.people_reader import PeopleReader

log = logging.getLogger(__name__)


async def link_owner(event_log: EventLog, reader: PeopleReader, *, channel: str, account: str, sender: str) -> Link:
    """Make sure that this sender is linked, and return its link; safe to call from many processes at once.

    Args:
        reader: one that runs.
    """
    while True:
        await reader.caught_up()
        found = reader.people.link_of(channel, account, sender)
        if found is not None:
            return found
        link, after = _unfinished(reader.people, channel, account, sender)
        bodies: list[PairingRequested | Linked] = [Linked(person=new_id("h"))]
        if not after:
            asked = PairingRequested(
                channel=channel, account=account, sender=sender, chat=sender, name=channel, expires_at=clock.now()
            )
            bodies.insert(0, asked)
        try:
            for body in bodies:
                event = new_link_event(body, link=link, event_id=_event_id(link, body))
                after = await event_log.append_link(event, after=after)
        except Conflict:
            continue  # another process does the same
        log.info("linked the owner", extra={"channel": channel})


def is_owner_link(event: LinkEvent) -> bool:
    """Whether an event is of `link_owner`, so that nobody waits for a word about it."""
    return isinstance(event.body, Linked) and event.id == _event_id(event.link, event.body)


def _event_id(link: str, body: PairingRequested | Linked) -> str:
    return derive_id(link, type(body).__name__)


def _unfinished(people: People, channel: str, account: str, sender: str) -> tuple[str, int]:
    """Id and newest sequence of the first link of this sender that is not over, 0: not begun."""
    number = 0
    while True:
        link = derive_id("owner", channel, account, sender, number)
        found = people.links.get(link)
        if found is None or found.state == "requested":
            return link, 0 if found is None else found.seq
        number += 1
