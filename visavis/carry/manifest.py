"""The first member of the file of a conversation: what is in it, and the checksum of each other member."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from bus.errors import InvalidInput
from bus.events import ConversationId
from visavis.carry.contents import Missing

FORMAT = 1
"""Of the file. Raise it when a program that knows the older one only would misread it."""
KIND: Literal["visavis conversation"] = "visavis conversation"


class Member(Struct, frozen=True, kw_only=True):
    """One member of the file."""

    bytes: int
    sha256: str
    subject: str = ""
    """Of the messages in it; empty: it holds something else."""
    messages: int = 0
    asset: str = ""
    """Name of the asset that it is; empty: it is none."""


class Manifest(Struct, frozen=True, kw_only=True):
    """What is in the file."""

    kind: Literal["visavis conversation"] = KIND
    format: int = FORMAT
    program: str
    """That wrote it, with its version."""
    conversation: ConversationId
    facts: int
    undecodable: int
    """Of the facts, those that the program did not know."""
    messages: int
    """Of sound and pictures."""
    start: int
    """Time of the first event, microseconds since 1970; 0 where there is none."""
    end: int
    redacted: bool = False
    missing: tuple[Missing, ...] = ()
    members: dict[str, Member]


class _Version(Struct):
    kind: str = ""
    format: int = 0
    program: str = ""


def decode_manifest(data: bytes) -> Manifest:
    """The manifest of a file.

    Raises:
        InvalidInput: it is of another kind of file, of a newer format, or damaged.
    """
    try:
        version = msgspec.json.decode(data, type=_Version)
        if version.kind != KIND:
            raise InvalidInput("it holds no conversation of Visavis")
        if version.format > FORMAT:
            raise InvalidInput(
                f"it is of format {version.format}, and this program reads up to {FORMAT}: written by "
                f"{version.program[:60]}, it needs a newer Visavis"
            )
        return msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"its manifest is damaged: {error}") from error
