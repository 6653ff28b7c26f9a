"""What `visavis top` knows at one moment. Encoded as JSON it is the command's output for programs."""

from __future__ import annotations

from msgspec import Struct

from bus.log.stream_size import StreamSize


class Gpu(Struct, frozen=True, kw_only=True):
    """One GPU of the machine that a worker runs on."""

    name: str
    utilisation: float | None = None
    """Share of the time in which it was busy, 0 to 1."""
    memory_used: int | None = None
    """Bytes."""
    memory_total: int | None = None


class Worker(Struct, frozen=True, kw_only=True):
    """One process."""

    id: str
    host: str
    pid: str
    engine: str
    """Which engine serves, and in place of which other one."""
    note: str
    ready: bool
    memory: int | None
    """Resident bytes, helper processes included."""
    cpu: float | None
    """Cores in use since the snapshot before; None in the first one."""
    held: int = 0
    done: int = 0
    failed: int = 0
    interrupted: int = 0
    retries: int = 0
    redeliveries: int = 0
    mean_seconds: float | None = None
    """Of a try; None before the first one."""
    gpus: tuple[Gpu, ...] = ()


class Service(Struct, frozen=True, kw_only=True):
    """A service with all its workers."""

    name: str
    workers: tuple[Worker, ...]
    """None: nothing of that name answers, and its work waits."""
    waiting: int | None
    """Items that no worker has taken; None: it takes no work from the log."""
    dead_letters: int


class TurnInFlight(Struct, frozen=True, kw_only=True):
    """A turn that is not over."""

    conversation: str
    turn: str
    character: str
    channel: str
    step: str
    """See `projections.replay.timeline`."""
    service: str
    """That has to do it."""
    index: int | None
    """Of the sentence."""
    since: int
    """Microseconds since 1970."""


class Latency(Struct, frozen=True, kw_only=True):
    """One measure of the turns of the last minutes, in milliseconds; see `projections.replay.measures`."""

    measure: str
    p50: float
    p95: float
    turns: int


class Failure(Struct, frozen=True, kw_only=True):
    """Something that went wrong."""

    at: int
    """Microseconds since 1970."""
    conversation: str
    service: str
    what: str
    """Its code, or "taken over"."""
    detail: str


class Snapshot(Struct, frozen=True, kw_only=True):
    """The whole system."""

    at: int
    """When it was asked, microseconds since 1970."""
    nats_away_since: int | None
    """None: NATS answers. Else the rest is as it was then."""
    services: tuple[Service, ...] = ()
    streams: tuple[StreamSize, ...] = ()
    turns: tuple[TurnInFlight, ...] = ()
    """The one that has waited longest first."""
    latencies: tuple[Latency, ...] = ()
    sessions: int | None = None
    """Open WebRTC sessions; None: no gateway answers."""
    dead_letters: int = 0
    failures: tuple[Failure, ...] = ()
    """The newest first."""
