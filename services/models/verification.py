"""Checks model files against their SHA-256 before anything loads them.

Where nobody publishes the SHA-256 of a file, that of the first one that comes is written beside it, and no other file
is accepted in its place afterwards.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from bus.errors import ConfigurationError
from services.models.files import ModelFile

log = logging.getLogger(__name__)

_SMALL = 1 << 20
"""Bytes up to which a fingerprint includes the content of a file."""


def missing_files(files: Sequence[ModelFile], folder: Path) -> list[ModelFile]:
    """The files that the folder lacks; looks at names and sizes only."""
    return [file for file in files if not _is_present(file, folder)]


def _is_present(file: ModelFile, folder: Path) -> bool:
    try:
        size = (folder / file.path).stat().st_size
    except OSError:
        return False
    return size == (file.bytes or size)


def verify(file: ModelFile, folder: Path) -> Path:
    """The path of the file, whose SHA-256 is right.

    Raises:
        ConfigurationError: it is missing, or is another file than was published or came first; loading it could do
            anything.
    """
    path = folder / file.path
    recorded_hash = path.with_name(f"{path.name}.sha256")
    try:
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        is_recorded = not file.sha256 and recorded_hash.exists()
        recorded = recorded_hash.read_text().split()[0] if is_recorded else ""
    except (OSError, IndexError) as error:
        raise ConfigurationError(f"the model {path} cannot be read: {error}") from error
    if file.sha256 and found != file.sha256:
        raise ConfigurationError(
            f"{path} is not the published file: its SHA-256 is {found}, expected {file.sha256}; remove {path.resolve()}"
        )
    if recorded and found != recorded:
        raise ConfigurationError(
            f"{path} is not the file that was here first: its SHA-256 is {found}, {recorded_hash.name} says "
            f"{recorded}; remove it, and {recorded_hash.name} too if it was replaced on purpose"
        )
    if not file.sha256 and not recorded:
        try:
            recorded_hash.write_text(f"{found}  {path.name}\n")  # as sha256sum writes and reads it
        except OSError as error:
            extra = {"file": str(recorded_hash), "why": error.strerror}
            log.warning("the SHA-256 of a model file cannot be recorded", extra=extra)
    return path


def fingerprint(folder: Path, files: Sequence[ModelFile]) -> bytes:
    """A hash that tells two models apart without reading gigabytes: of sizes, and of the content of small files."""
    digest = hashlib.sha256()
    for file in files:
        path = folder / file.path
        size = path.stat().st_size
        digest.update(f"{file.path}:{size}".encode())
        if size < _SMALL:
            digest.update(path.read_bytes())
    return digest.digest()
