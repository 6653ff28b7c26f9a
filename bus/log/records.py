"""Messages of streams as they are read, conditions for publishing them, and acknowledgements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bus.log.headers import COPY, DELIVERIES


@dataclass(frozen=True)
class Record:
    """One message of a stream."""

    sequence: int
    subject: str
    data: bytes
    time: int
    """When the server stored it, by its clock: microseconds since 1970."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_copy(self) -> bool:
        """Whether it belongs to a conversation that was copied to this log."""
        return COPY in self.headers

    @property
    def deliveries(self) -> int:
        """How often the work item that gave it had been delivered; 1 where no work item gave it."""
        text = self.headers.get(DELIVERIES, "")
        return int(text) if text.isdecimal() else 1


@dataclass(frozen=True)
class Fence:
    """Condition of a publish: the newest message on a subject of the same stream is still this one."""

    subject: str
    sequence: int
    """0: there is no message."""


@dataclass(frozen=True)
class Published:
    """The server's acknowledgement of a published message."""

    sequence: int
    duplicate: bool
    """The message was stored before this call."""
