"""The folder of the embedded server's log, and how a restored one takes its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

from bus.errors import ConfigurationError
from bus.log.store_folder import STORE

_WHOLE = f"{STORE}.restored"
"""A restored log that is complete, and has not taken the place of the log yet."""


def has_messages(folder: Path) -> bool:
    """Whether the store of an embedded server has more than built-in characters."""
    blocks: Iterable[Path] = folder.glob("jetstream/jetstream/*/streams/*/msgs/*.blk")
    return any(one.stat().st_size and one.parents[1].name != "CHARACTERS" for one in blocks)


def has_log(data: Path) -> bool:
    """Whether a data folder has a log of the embedded server, be it one that has yet to take its place."""
    return any((data / name / "jetstream").is_dir() for name in (STORE, _WHOLE))


def is_restore_cut_off(data: Path) -> bool:
    """Whether there is a complete restored log that has not taken its place."""
    return (data / _WHOLE).is_dir()


def put_in_place(data: Path, fresh: Path) -> Path | None:
    """Make a complete log the one of a data folder; returns where the one that was there is kept, if there was any.

    If this is cut off, `finish_restore` does the rest.
    """
    fresh.rename(data / _WHOLE)
    return finish_restore(data)


def finish_restore(data: Path) -> Path | None:
    """Put a complete restored log in its place; returns where the one that was there is kept, if there was any.

    Called with the data folder locked.

    Raises:
        ConfigurationError: a folder cannot be renamed; the next call goes on.
    """
    folder, kept = data / STORE, None
    try:
        if has_messages(folder):
            kept = _kept_beside(folder)
            folder.rename(kept)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        (data / _WHOLE).rename(folder)
    except OSError as error:
        raise ConfigurationError(f"{data / _WHOLE} cannot become {folder}: {error.strerror}") from error
    return kept


def _kept_beside(folder: Path) -> Path:
    """Where the log that is there is kept; one that an earlier restore has kept stays."""
    first = folder.with_name(f"{folder.name}.before-restore")
    names = chain([first], (first.with_name(f"{first.name}-{number}") for number in count(2)))
    return next(one for one in names if not one.exists())
