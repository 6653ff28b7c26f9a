"""What the routes answer that is no view of a projection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from bus.access_events import Scope
from services.improvements import Improvement


class NewId(Struct, frozen=True):
    id: str


class SentMessage(Struct, frozen=True):
    message: str
    turn: str


class RequestedCharacter(Struct, frozen=True):
    character: str


class CharacterAnswer(Struct, frozen=True):
    """A character as the page shows it."""

    id: str
    name: str
    tagline: str
    greeting: str
    accent: str
    language: str
    portrait: str
    """Address of its picture, relative to the page."""
    own: bool
    """Whether the person has made it."""


class Receipt(Struct, frozen=True):
    receipt: str
    """Address of the receipt, relative to the page."""


class Erasure(Struct, frozen=True):
    """The receipt of an erasure."""

    requested_at: int
    """Microseconds since 1970."""
    erased_at: int | None
    """None: it is not complete."""
    removed: Mapping[str, int] | None
    """Messages by stream."""


class PersonErased(Struct, frozen=True):
    receipts: tuple[str, ...]
    removed: Mapping[str, int]
    """Messages by stream, those of the conversations not counted."""


class IceServer(Struct, frozen=True, omit_defaults=True):
    """One for `RTCPeerConnection`, whose names these are."""

    urls: str
    username: str = ""
    credential: str = ""


class IceServers(Struct, frozen=True, rename={"ice_servers": "iceServers"}):
    ice_servers: tuple[IceServer, ...]


class SessionAnswer(Struct, frozen=True):
    """Who has signed in, with which rights."""

    access: Literal["local", "keys", "open"]
    signed_in: bool
    is_needed: bool
    """Whether nothing but this can be asked for without signing in."""
    name: str = ""
    scopes: tuple[Scope, ...] = ()


class TokenAnswer(Struct, frozen=True):
    token: str
    expires_at: int
    """Microseconds since 1970."""


class ModelDownload(Struct, frozen=True):
    """A model that a service is fetching."""

    model: str
    percent: int | None
    """None where the size is not known."""


class ServiceRow(Struct, frozen=True):
    """One service as the page shows it."""

    name: str
    engine: str
    words: str
    up: bool
    note: str
    downloads: tuple[ModelDownload, ...]
    gpu_fault: str


class MediaPortsTaken(Struct, frozen=True):
    taken: int
    of: int


class Building(Struct, frozen=True):
    """How far the read model is that is being built, in events of the log."""

    done: int
    all: int
    rate: float
    """Events a second."""
    seconds_left: float | None


class Status(Struct, frozen=True):
    """What runs, and what is in the way."""

    bus: Literal["up", "down"]
    services: tuple[ServiceRow, ...]
    suggestions: tuple[Improvement, ...]
    building: Building | None
    warnings: tuple[str, ...]
    faces_per_person: int
    channels: tuple[str, ...]
    media_ports: MediaPortsTaken | None
