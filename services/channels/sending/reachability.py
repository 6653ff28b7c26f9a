"""The links whose messages go to a chat, and that a channel lets no messages through to it any more."""

from __future__ import annotations

from bus.channel_events import SenderReachable
from bus.errors import BusError, Conflict
from bus.log.event_log import EventLog
from bus.stamping import new_link_event
from projections.people import Link, People
from projections.people_reader import PeopleReader

_TRIES = 5


def links_with(people: People, channel: str, account: str, chat: str) -> list[Link]:
    """The confirmed links whose messages go to a chat."""
    return [
        one
        for one in people.links.values()
        if (one.channel, one.account, one.chat, one.state) == (channel, account, chat, "linked")
    ]


async def mark_unreachable(event_log: EventLog, people: PeopleReader, channel: str, account: str, chat: str) -> None:
    """Write that messages to a chat are blocked, into each confirmed link with it.

    Raises:
        BusError: NATS is away, or others change the links all the time.
    """
    for _ in range(_TRIES):
        await people.caught_up()
        links = [one for one in links_with(people.people, channel, account, chat) if one.reachable]
        try:
            for link in links:
                await event_log.append_link(
                    new_link_event(SenderReachable(reachable=False), link=link.id), after=link.seq
                )
            return
        except Conflict:
            continue
    raise BusError(f"the links of a chat on {channel} were changed by others {_TRIES} times in a row")
