"""The operator's key: a secret of the data folder. Who has it may see the conversations of all persons."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from bus.errors import ConfigurationError
from bus.settings import Settings

_FILE = "operator.key"
_SHORTEST = 32
"""Characters; a shorter one was not made here, or not written to its end."""


def operator_key(settings: Settings) -> str:
    """The key of this data folder, made at the first call; only the owner of its file can read it.

    Raises:
        ConfigurationError: the file cannot be read or written, or holds no key.
    """
    path = settings.data_folder / _FILE
    try:
        try:
            key = path.read_text().strip()
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            key = _make(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the operator's key in {path} cannot be read: {error}") from error
    if len(key) < _SHORTEST:
        raise ConfigurationError(f"{path} holds no key, of {_SHORTEST} characters or more; remove it for a new one")
    return key


def _make(path: Path) -> str:
    """Write a new key; where another process has written one meanwhile, that one counts."""
    descriptor, name = tempfile.mkstemp(prefix=_FILE, dir=path.parent)  # for the owner only
    made = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{secrets.token_urlsafe(_SHORTEST)}\n")
        with suppress(FileExistsError):
            path.hardlink_to(made)  # whole, or not at all
    finally:
        made.unlink()
    return path.read_text().strip()
