"""How much a stream holds, and how much it may."""

from __future__ import annotations

from msgspec import Struct


class StreamSize(Struct, frozen=True):
    """What the server tells of a stream."""

    name: str
    messages: int
    bytes: int
    limit: int
    """The most bytes that it may hold; -1: what the disk has."""
    refuses: bool
    """Whether a full stream takes no more messages; else it drops its oldest ones."""
    consumers: int = 0
    """Durable ones, and those of readers at work."""

    @property
    def share(self) -> float | None:
        """Share of the limit that is in use, 0 to 1; None without a limit."""
        return self.bytes / self.limit if self.limit > 0 else None
