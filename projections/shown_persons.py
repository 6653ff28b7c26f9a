"""Takes the ids of persons out of what is shown: those of earlier versions were the value of a cookie. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from bus.events import ConversationOpened, Event, FaceRequested
from bus.ids import shown_person

_FIELDS = ("person", "owner")


def without_persons(value: Any) -> Any:
    """Built-in values, such as of JSON, in which each person is as `shown_person` has it."""
    match value:
        case dict():
            return {
                name: shown_person(one) if name in _FIELDS and isinstance(one, str) else without_persons(one)
                for name, one in value.items()
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
