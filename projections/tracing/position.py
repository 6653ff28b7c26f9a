"""How far the log has been made into spans, kept in a file."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from bus.errors import VisavisError


class Position(Struct, kw_only=True):
    """What has been sent."""

    sequence: int = 0
    """All turns that were over before this sequence have been sent, and no open one began before."""
    sent: dict[str, int] = {}
    """Turns that were sent and have facts after `sequence`, each with the sequence of its newest fact then."""


def read_position(path: Path) -> Position | None:
    """The position in a file; None where there is no file, or none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Position)
    except (OSError, msgspec.MsgspecError):
        return None


def write_position(path: Path, position: Position) -> None:
    """Put a position into a file, whole or not at all.

    Raises:
        VisavisError: it cannot be written.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(msgspec.json.encode(position))
        fresh.replace(path)
    except OSError as error:
        raise VisavisError(f"{path} cannot be written: {error.strerror}", code="not_written") from error
