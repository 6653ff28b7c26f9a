"""One thing that came in through a channel, as the inbox handles it."""

from __future__ import annotations

from dataclasses import dataclass

from bus.events import Origin
from bus.ids import derive_id
from services.channels.channel import Channel, Incoming


@dataclass(frozen=True, kw_only=True)
class Received:
    """Something that a person did in a channel, with its place in the inbox."""

    channel: Channel
    key: str
    """What it is in the inbox, and nothing else; all ids of what follows from it are derived from that."""
    incoming: Incoming
    origin: Origin
    stored_at: int
    """When it was stored, by the server's clock: microseconds since 1970."""
    redelivered: bool
    """It was given to a worker before, which may have handled it in whole or in part."""
    old: bool
    """It was stored so long ago that NATS may have forgotten the ids of what followed from it."""
    language: str = ""
    """BCP-47 tag of the person's app; empty: unknown."""

    @property
    def repeated(self) -> bool:
        """Whether it may have been handled before."""
        return self.redelivered or self.old

    def id(self, *position: str) -> str:
        """The id of what follows from it at this position."""
        return derive_id(self.key, *position)
