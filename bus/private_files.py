"""Secrets in files that only their owner can read, made where they are missing, and the folder that they lie in."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from bus.errors import ConfigurationError

SHORTEST = 32
"""Characters of a secret; a shorter one was not made here, or not written to its end."""


def secret_in(path: Path, what: str) -> str:
    """The secret in a file, made at the first call; only the owner of the file can read it.

    Args:
        what: it is, for error messages.
    Raises:
        ConfigurationError: the file cannot be read or written, or holds no secret.
    """
    try:
        try:
            secret = path.read_text().strip()
        except FileNotFoundError:
            make_private_folder(path.parent)
            secret = _make(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{what} in {path} cannot be read: {error}") from error
    if len(secret) < SHORTEST:
        raise ConfigurationError(f"{path} holds no key, of {SHORTEST} characters or more; remove it for a new one")
    return secret


def make_private_folder(folder: Path) -> None:
    """Make a folder that its owner alone can enter, or make it so, and the files in it, which earlier versions let all
    read. What belongs to another user stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, most in ((folder, 0o700), *((one, 0o600) for one in folder.iterdir())):
        with suppress(PermissionError, FileNotFoundError):
            mode = path.lstat().st_mode
            if (stat.S_ISREG(mode) or path is folder) and stat.S_IMODE(mode) & ~most:
                path.chmod(most)


def _make(path: Path) -> str:
    """Write a new secret; where another process has written one meanwhile, that one counts."""
    descriptor, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # for the owner only
    made = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{secrets.token_urlsafe(SHORTEST)}\n")
        with suppress(FileExistsError):
            path.hardlink_to(made)  # whole, or not at all
    finally:
        made.unlink()
    return path.read_text().strip()
