"""Messages of streams as they are read, conditions for publishing them, and acknowledgements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import Struct

from bus.log.headers import COPY, DELIVERIES

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class UnparsedHeaders(Mapping[str, str]):
    """The headers of a message, parsed where one is asked for: most readers never do."""

    __slots__ = ("_block",)

    def __init__(self, block: bytes) -> None:
        self._block = block

    def _parsed(self) -> dict[str, str]:
        pairs = (line.partition(b":") for line in self._block.split(b"\r\n")[1:] if line)
        return {name.strip().decode(): value.strip().decode("utf-8", "replace") for name, _, value in pairs}

    def __getitem__(self, name: str) -> str:
        return self._parsed()[name]

    def __contains__(self, name: object) -> bool:
        return str(name).encode() in self._block and name in self._parsed()

    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed())

    def __len__(self) -> int:
        return len(self._parsed())


def _number(text: str, otherwise: int) -> int:
    """The number of a header, at most 18 digits of it."""
    return int(text) if text.isdecimal() and len(text) <= 18 else otherwise


class Record(Struct, frozen=True, gc=False):
    """One message of a stream."""

    sequence: int
    subject: str
    data: bytes
    time: int
    """When the server stored it, by its clock: microseconds since 1970."""
    headers: Mapping[str, str] = NO_HEADERS

    @property
    def is_copy(self) -> bool:
        """Whether it belongs to a conversation that was copied to this log."""
        return COPY in self.headers

    @property
    def stored(self) -> int:
        """When it was stored, microseconds since 1970; of a copy, when its original was, on its own log."""
        return _number(self.headers.get(COPY, ""), self.time)

    @property
    def deliveries(self) -> int:
        """How often the work item that gave it had been delivered; 1 where no work item gave it."""
        return _number(self.headers.get(DELIVERIES, ""), 1)


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
