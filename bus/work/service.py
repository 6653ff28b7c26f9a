"""What a service is: a name, the facts it takes, and one async generator from an event to what follows.

The runner (`bus.work.runner`) does the rest: who, when, why, ids, acknowledgement, redelivery, interruption.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from bus.errors import VisavisError
from bus.events import (
    AudioIn,
    AudioOut,
    Body,
    CharacterEvent,
    CharacterFact,
    Event,
    FrameBatch,
    IdleBatch,
    LiveBody,
    LiveEvent,
    MediaT,
)
from bus.process.metrics import GaugeReading


class CharacterOutput(NamedTuple):
    """A fact about a character, for the characters' own stream."""

    character: str
    body: CharacterFact


class AssetOutput(NamedTuple):
    """Something to be stored under a name, or removed from there."""

    name: str
    data: bytes | None
    """None: it goes."""


Output: TypeAlias = Body | CharacterOutput | LiveBody | AudioIn | AudioOut | FrameBatch | IdleBatch | AssetOutput
"""What a handler may yield. A fact is stamped and appended to its conversation or its character, live bodies and media
are published, assets stored."""


class Reader(Protocol):
    """What a handler may read of the log."""

    def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncIterator[MediaT]:
        """The media on a subject from the first message to the final one, as they come.

        Raises:
            StreamStalled: nothing came for `timeout` seconds and the final one is missing.
        """
        ...

    async def facts(self, conversation: str, *, after: int = 0) -> list[tuple[int, Event]]:
        """The facts on record in a conversation with their stream sequences, those after a sequence only."""
        ...

    async def last_fact(self, conversation: str, kind: type[Body]) -> Event | None:
        """The newest fact of a kind in a conversation."""
        ...

    async def last_live(self, subject: str) -> LiveEvent | None:
        """The newest live event on a subject, if there is one that is less than an hour old."""
        ...

    def live(self, kind: type[LiveBody]) -> AsyncIterator[LiveEvent]:
        """Live events of a kind in all conversations, from now on, as they are published. Those that come while NATS is
        away are missed."""
        ...

    async def last_media(self, kind: type[MediaT], subject: str) -> MediaT | None:
        """The newest media on a subject, if it is of that kind."""
        ...

    async def character_facts(self) -> list[CharacterEvent]:
        """All facts about characters, the oldest first."""
        ...

    async def asset(self, name: str) -> bytes:
        """What is stored under a name.

        Raises:
            NotFound: nothing is.
        """
        ...


class Handler(Protocol):
    """The work of a service on one event. Never reads a clock nor makes a random id.

    An item may come twice (its worker died): the same outputs are then yielded again and the bus drops the doubles. Of
    pictures others may be left out than before, where the machine is slower or faster.
    """

    def __call__(self, event: Event, reader: Reader) -> AsyncIterator[Output]: ...


def _no_facts(event: Event, error: VisavisError) -> Iterable[Body]:
    return ()


def _no_readings() -> Iterable[GaugeReading]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Service:
    """One of the parts that Visavis is made of."""

    name: str
    consumes: tuple[type[Body], ...]
    handle: Handler
    engine: str
    """Name of the engine in use, for discovery and `doctor`."""
    on_failure: Callable[[Event, VisavisError], Iterable[Body]] = field(default=_no_facts)
    """What the person should see when a piece of work is given up."""
    background: Callable[[Reader], AsyncIterator[Output]] | None = None
    """What to do without being asked, from the start on; yields the media that come of it, if any."""
    readings: Callable[[], Iterable[GaugeReading]] = field(default=_no_readings)
    """Asked, in a thread, each time somebody looks at the metrics."""
    concurrency: int = 8
    """Pieces of work under way at once; those of one conversation go one after the other."""
    lease: float = 5.0
    """Seconds after which a piece of work whose worker says nothing goes to another one."""
