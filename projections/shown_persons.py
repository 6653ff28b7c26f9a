"""Takes out of what is shown who persons are, ids of earlier versions having been cookies, and where they are. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from bus.events import ConversationOpened, Event, FaceRequested
from bus.ids import shown_person

_FIELDS = ("person", "owner")


def without_persons(value: Any) -> Any:
    """Built-in values, such as of JSON, in which each person is as `shown_person` has it, and in no network."""
    match value:
        case dict():
            return {
                name: shown_person(one) if name in _FIELDS and isinstance(one, str) else without_persons(one)
                for name, one in value.items()
                if name != "network"
            }
        case list() | tuple():
            return [without_persons(one) for one in value]
    return value


def without_person(event: Event) -> Event:
    """An event as a page gets it: whose it is, is known to who asks, and no script needs to read it."""
    match event.body:
        case ConversationOpened() as opened:
            return msgspec.structs.replace(event, body=msgspec.structs.replace(opened, person="", network=""))
        case FaceRequested() as requested:
            return msgspec.structs.replace(event, body=msgspec.structs.replace(requested, owner=""))
    return event
