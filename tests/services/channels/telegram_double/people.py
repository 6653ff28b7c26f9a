"""Who uses Telegram, what they are sent, and what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

FaultKind: TypeAlias = Literal[
    "429",
    "500",
    "502",
    "401",
    "403",
    "deactivated",
    "voice_forbidden",
    "entities",
    "cut_before",
    "cut_after",
    "slow",
    "redirect",
]
"""What goes wrong: a refusal; 502: a page of a proxy; cut_before: the connection is cut and nothing was taken;
cut_after: taken, the answer is lost; slow: taken, the answer comes `seconds` later; redirect: to another
server."""


@dataclass(frozen=True)
class Fault:
    kind: FaultKind
    retry_after: int = 1
    seconds: float = 0.0
    location: str = ""
    """Where a redirect leads to."""
    taken: bool = False
    """Of 500 and 502: the message reached the person all the same."""


@dataclass
class Person:
    """Somebody who uses Telegram."""

    id: int
    first_name: str
    username: str = ""
    language_code: str = "en"
    started: bool = True
    """Has written to the bot, which may not begin."""
    blocked: bool = False
    deactivated: bool = False
    voice_forbidden: bool = False


@dataclass(frozen=True)
class Sent:
    """A message that reached a person."""

    message_id: int
    chat: int
    kind: Literal["text", "voice", "video_note", "document"]
    text: str = ""
    """As the person reads it, without marks."""
    html: str = ""
    media: bytes = b""
    filename: str = ""
    duration: int = 0
    reply_to: int = 0
    silent: bool = False
    at: float = 0.0
    """Seconds since 1970."""


@dataclass(frozen=True)
class Call:
    """A call of the bot, whatever came of it."""

    method: str
    arguments: Mapping[str, Any]
