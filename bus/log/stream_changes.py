"""Compares two states of a stream to find whether it was replaced. Pure."""

from __future__ import annotations

from msgspec import Struct

_SAME_TIME = 1000
"""Microseconds; two clients round the server's nanoseconds differently."""


class Mark(Struct, frozen=True):
    """A message that was seen on a stream."""

    sequence: int
    time: int
    """When the server stored it, microseconds since 1970."""

    def is_at(self, time: int) -> bool:
        """Whether the message with this sequence, stored at a time, is this one."""
        return abs(self.time - time) <= _SAME_TIME


class StreamState(Struct, frozen=True):
    """What the server tells of a stream."""

    created: str
    first: int
    """Sequence of the oldest message; one more than `last` if there is none."""
    last: int
    """Sequence of the newest message, also if that was removed."""
    last_time: int
    """When the newest message was stored, microseconds since 1970."""


def replacement(name: str, before: StreamState | None, newest: Mark | None, now: StreamState, *, kept: bool) -> str:
    """Why a stream is another one than before, in one line; empty if it is the same as far as this tells.

    Args:
        before: its state when it was last looked at.
        newest: the newest message that was seen on it.
        kept: whether the stream keeps all messages, so that missing ones were not removed by its limits.
    """
    if before is not None and before.created != now.created:
        return f"stream {name} was made again"
    if newest is None:
        return ""
    if now.last < newest.sequence:
        return f"stream {name} ends at message {now.last}, and message {newest.sequence} has been read"
    if now.last == newest.sequence and now.first <= now.last and not newest.is_at(now.last_time):
        return f"message {newest.sequence} of stream {name} is another one than before"
    if kept and now.first > newest.sequence and (before is None or now.first != before.first):
        return f"stream {name} was emptied up to message {now.first - 1}"
    return ""
