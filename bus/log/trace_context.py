"""Trace ids and span ids of W3C Trace Context, derived from the ids of turns and events.

Because they are derived, spans can be made from the log alone, at any time and any number of times, and agree with the
headers that its messages carry. Ids of ours end in random or hashed hexadecimal digits, which are taken as they are: a
person who knows a turn finds its trace, and it costs publishing next to nothing. Other ids are hashed.
"""

from __future__ import annotations

import hashlib
import re

from bus.events import Event
from bus.log.headers import DELIVERIES, TRACE_PARENT

_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_ENDS_IN_DIGITS = re.compile(r"[a-z]?[0-9a-f]{32}").fullmatch


def trace_id(conversation: str, turn: str | None) -> str:
    """The id of a turn's trace, 32 hexadecimal digits; of its conversation's where there is no turn."""
    return _digits(turn or conversation, 32)


def span_id(event: str) -> str:
    """The id of the span that an event stands for, 16 hexadecimal digits."""
    return _digits(event, 16)


def turn_span_id(turn: str) -> str:
    """The id of the span of a whole turn, the root of its trace."""
    return _digits(f"turn/{turn}/", 16)


def trace_parent(event: Event) -> str:
    """The header `traceparent` of an event: what works on it has the event's span for its parent."""
    return f"00-{trace_id(event.conversation, event.turn)}-{span_id(event.id)}-01"


def is_trace_parent(text: str) -> bool:
    """Whether a text from outside is a `traceparent` that can be passed on."""
    return _TRACE_PARENT.fullmatch(text) is not None and not text.startswith("ff")


def event_headers(event: Event, deliveries: int = 1) -> dict[str, str]:
    """The headers of an event, or of media that belong to it.

    Args:
        deliveries: how often the work item that gave it was delivered.
    """
    headers = {TRACE_PARENT: trace_parent(event)}
    if deliveries > 1:
        headers[DELIVERIES] = str(deliveries)
    return headers


def _digits(value: str, size: int) -> str:
    """The last hexadecimal digits of an id that ends in 32 of them; of another, those of its hash."""
    # The standard forbids zeros alone, which happens once in 10^19 times.
    if _ENDS_IN_DIGITS(value) is not None:
        return value[-size:]
    return hashlib.blake2b(value.encode(), digest_size=size // 2).hexdigest()
