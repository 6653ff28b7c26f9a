"""Makes events: a body with its id and the present time."""

from __future__ import annotations

from typing import cast

from bus import clock
from bus.access_events import AccessEvent, AccessFact
from bus.channel_events import DeliveryBody, DeliveryEvent, DeliveryFact, LinkBody, LinkEvent, LinkFact
from bus.events import Body, CharacterEvent, CharacterFact, Event, Fact, Live, LiveBody, LiveEvent
from bus.ids import new_id


def new_event(
    body: Body,
    *,
    conversation: str,
    event_id: str | None = None,
    turn: str | None = None,
    cause: str | None = None,
    after: int = 0,
) -> Event:
    """An event of a conversation.

    Args:
        event_id: a derived id, where publishing the event again must do nothing; otherwise a random one.
        cause: id of the event that caused this one.
        after: when that was. The clock of another machine may be a little ahead, and nothing comes before its cause;
            where it is far ahead, its time is not taken over.
    """
    now = clock.now()
    return Event(
        id=event_id or new_id("e"),
        at=max(now, min(after, now + clock.TOLERANCE)),
        conversation=conversation,
        turn=turn,
        cause=cause,
        body=cast("Fact", body),
    )


def new_character_event(body: CharacterFact, *, character: str, event_id: str | None = None) -> CharacterEvent:
    """An event of a character; with a random id unless it is given one."""
    return CharacterEvent(id=event_id or new_id("e"), at=clock.now(), character=character, body=body)


def new_live_event(body: LiveBody, *, conversation: str) -> LiveEvent:
    """A live event of a conversation."""
    return LiveEvent(at=clock.now(), conversation=conversation, body=cast("Live", body))


def new_link_event(body: LinkBody, *, link: str, event_id: str | None = None) -> LinkEvent:
    """An event of a link; with a random id unless it is given one."""
    return LinkEvent(id=event_id or new_id("e"), at=clock.now(), link=link, body=cast("LinkFact", body))


def new_access_event(body: AccessFact, *, holder: str) -> AccessEvent:
    """An event of a key or of a person's cookies, with a random id."""
    return AccessEvent(id=new_id("e"), at=clock.now(), holder=holder, body=body)


def new_delivery_event(
    body: DeliveryBody, *, channel: str, delivery: str, event_id: str | None = None
) -> DeliveryEvent:
    """An event of a delivery; with a random id unless it is given one."""
    fact = cast("DeliveryFact", body)
    return DeliveryEvent(id=event_id or new_id("e"), at=clock.now(), channel=channel, delivery=delivery, body=fact)
