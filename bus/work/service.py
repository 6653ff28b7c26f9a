"""The definition of a service: its name, the facts it consumes, and an async generator from an event to its outputs.

The runner (`bus.work.runner`) does the rest: scheduling, ids, causes and times, acknowledgement, redelivery,
interruption.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from bus.channel_events import DeliveryQueued
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
    """A fact about a character, which goes to the stream `CHARACTERS`."""

    character: str
    body: CharacterFact


class AssetOutput(NamedTuple):
    """An asset to store or to remove."""

    name: str
    data: bytes | None
    """None: remove it."""


class DeliveryOutput(NamedTuple):
    """A message to be sent through a channel; it goes to the stream `DELIVERIES`, once for each id."""

    channel: str
    delivery: str
    """Derived from what caused it."""
    body: DeliveryQueued


Output: TypeAlias = (
    Body | CharacterOutput | DeliveryOutput | LiveBody | AudioIn | AudioOut | FrameBatch | IdleBatch | AssetOutput
)
"""What a handler may yield. Facts get an id, a time and a cause and are appended to the conversation or the character;
live bodies, media and messages for channels are published; assets are stored."""


class Reader(Protocol):
    """What a handler may read from the log."""

    def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncIterator[MediaT]:
        """The media on a subject as they arrive, from the first message to the final one.

        Raises:
            StreamStalled: no message arrived for `timeout` seconds, and the final one is missing.
            BusError: the stream has as many readers as NATS allows; it helps to try again.
        """
        ...

    async def facts(self, conversation: str, *, after: int = 0) -> list[tuple[int, Event]]:
        """The facts of a conversation after a sequence, each with its stream sequence."""
        ...

    def follow_facts(self, event: Event) -> AsyncIterator[tuple[int, Event]]:
        """The facts of a conversation after one of its events, each with its stream sequence, as they are stored; for
        ever."""
        ...

    async def last_fact(self, conversation: str, kind: type[Body]) -> Event | None:
        """The newest fact of a kind in a conversation."""
        ...

    async def queued_delivery(self, channel: str, delivery: str) -> DeliveryQueued | None:
        """The message for a channel that was queued under this id."""
        ...

    async def last_live(self, subject: str) -> LiveEvent | None:
        """The newest live event on a subject; None if there is none within the last hour."""
        ...

    async def live_age(self, subject: str) -> float | None:
        """Seconds since the newest live event on a subject was stored, by the log's own clock; None as above, and where
        NATS has just started, after some seconds in which those who tell it again and again could have done so."""
        ...

    def live(self, kind: type[LiveBody]) -> AsyncIterator[LiveEvent]:
        """Live events of a kind in all conversations, as they are published from now on. Those published while NATS is
        away are missed."""
        ...

    async def last_media(self, kind: type[MediaT], subject: str) -> MediaT | None:
        """The newest media message on a subject, if it is of that kind."""
        ...

    async def counts(self, stream: str, subject: str) -> Mapping[str, int]:
        """Number of messages that a stream stores on each of the subjects that match one with wildcards."""
        ...

    async def character_facts(self, *, fresh: bool = True) -> Sequence[CharacterEvent]:
        """All facts about characters, the oldest first; the same object as long as nothing was added.

        Args:
            fresh: with all that are stored now, which takes a question to the server; otherwise what has arrived here.
        """
        ...

    async def asset(self, name: str) -> bytes:
        """The bytes of an asset.

        Raises:
            NotFound: there is no asset of that name.
        """
        ...


class Handler(Protocol):
    """Handles one event for a service. Never reads a clock and never makes a random id.

    An event may be handled twice, if its first worker died: the handler then yields the same outputs again, and
    duplicates are dropped. Which pictures are left out may differ, where the machine is slower or faster.
    """

    def __call__(self, event: Event, reader: Reader) -> AsyncIterator[Output]: ...


def _no_facts(event: Event, error: VisavisError) -> Iterable[Body | DeliveryOutput]:
    return ()


def _no_readings() -> Iterable[GaugeReading]:
    return ()


def _at_once(event: Event) -> float:
    return 0.0


def _nothing() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service of Visavis."""

    name: str
    consumes: tuple[type[Body], ...]
    handle: Handler
    engine: str
    """Name of the engine that was chosen, for discovery and `doctor`."""
    serving: Callable[[], str] = field(default=str)
    """Name of the engine that serves now, where that may be another one: the chosen one is still loaded; "": it is."""
    on_failure: Callable[[Event, VisavisError], Iterable[Body | DeliveryOutput]] = field(default=_no_facts)
    """Facts or messages that show the person that handling an event failed for good."""
    interruptible: bool = True
    """False: the handler goes on where the person interrupts the turn, and reads that on the log itself."""
    publishes_facts: bool = True
    """False: it publishes messages for channels only, which are queued once by their ids. Facts that its events caused
    are then the work of other services, and no sign that another worker has begun."""
    is_finished: Callable[[Event, Sequence[Event], Reader], Awaitable[bool]] | None = None
    """Whether the log has all that an event leads to, its media included, by the later facts of its conversation. Asked
    at the start for items that are acknowledged: a power cut may have taken outputs. None: it is not asked."""
    media: tuple[str, ...] = ()
    """First tokens of the subjects of media that the handler goes on with where another worker has begun: whoever takes
    an item over claims them before the handler reads what is there, so that nothing is added to it meanwhile."""
    background: Callable[[Reader], AsyncIterator[Output]] | None = None
    """Runs beside the handlers from the start on; the media and assets that it yields are stored."""
    readings: Callable[[], Iterable[GaugeReading]] = field(default=_no_readings)
    """Gauges of the machine; called in a thread each time that the metrics are read."""
    note: Callable[[], str] = field(default=str)
    """What a person should know about its state now, such as a download, in one line; for discovery."""
    metadata: Callable[[], Mapping[str, str]] = field(default=dict)
    """What else it tells of itself now; for discovery."""
    why_restart: Callable[[], str | None] = field(default=_nothing)
    """Why its process should end as soon as nobody is served, as one sentence, so that it is started again; None: it
    should not."""
    forget: Callable[[], None] = field(default=_nothing)
    """Empties its caches of what it read: the log was replaced by another one."""
    needed_after: Callable[[Event], float] = field(default=_at_once)
    """Seconds after its arrival at which the outputs of an item are needed: who waits is served in that order."""
    ahead: int = 0
    """Conversations whose items are fetched beyond those that are handled, so that what is needed first can begin
    first; where there are other workers, as many as are handled at the most."""
    concurrency: int = 8
    """Work items handled at once; those of one conversation go one after the other."""
    lease: float = 5.0
    """Seconds after which an item is delivered to another worker, if its worker does not extend the lease."""
    backoff: tuple[float, ...] = (0.2, 1.0, 3.0, 10.0)
    """Seconds between a failed try and the next one; the last value repeats."""
