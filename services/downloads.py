"""Model files: known by their SHA-256, downloaded on first use, resumed where it stopped."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bus.errors import ConfigurationError, EngineError

Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes that are there, and all there will be."""

_PIECE = 1 << 20


@dataclass(frozen=True)
class ModelFile:
    path: str
    """Below the folder, and below the address it is downloaded from."""
    bytes: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def absent(files: Sequence[ModelFile], folder: Path) -> list[ModelFile]:
    """Those that are not in the folder; looks at names and sizes only."""
    return [file for file in files if _size(folder / file.path) != file.bytes]


def check(file: ModelFile, folder: Path) -> Path:
    """Where the file is.

    Raises:
        ConfigurationError: it is not there, or is not what was published; loading it could do anything.
    """
    path = folder / file.path
    try:
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise ConfigurationError(f"the model {path} cannot be read: {error.strerror}") from error
    if found != file.sha256:
        raise ConfigurationError(
            f"{path} is not the published file: its SHA-256 is {found}, expected {file.sha256}; remove it"
        )
    return path


def fetch(files: Sequence[ModelFile], folder: Path, address: str, progress: Progress) -> None:
    """Download those that are absent. What an earlier try got of a file is kept and taken up.

    Args:
        address: without a slash at the end.
    Raises:
        EngineError: no network, or the server does not have it; says what can be done. Worth trying again.
        ConfigurationError: the folder cannot be written, or what came is not what was published.
    """
    with httpx2.Client(follow_redirects=True, timeout=httpx2.Timeout(30.0)) as client:
        for file in absent(files, folder):
            part = folder / f"{file.path}.part"
            try:
                part.parent.mkdir(parents=True, exist_ok=True)
                _download(client, file, f"{address}/{file.path}", part, progress)
            except httpx2.HTTPError as error:
                raise EngineError(
                    f"{file.name} could not be downloaded from {httpx2.URL(address).host} ({error or type(error)}); "
                    f"download it elsewhere and put it at {folder / file.path}",
                    retryable=True,
                ) from error
            except OSError as error:
                raise ConfigurationError(f"{part} cannot be written: {error.strerror}") from error
            part.replace(folder / file.path)
            try:
                check(file, folder)
            except ConfigurationError:
                (folder / file.path).unlink()
                raise


def _download(client: httpx2.Client, file: ModelFile, url: str, part: Path, progress: Progress) -> None:
    have = _size(part) or 0
    if have > file.bytes:
        part.unlink()
        have = 0
    if have == file.bytes:
        return
    with client.stream("GET", url, headers={"range": f"bytes={have}-"} if have else {}) as answer:
        answer.raise_for_status()
        resumed = answer.status_code == httpx2.codes.PARTIAL_CONTENT
        have = have if resumed else 0
        with part.open("ab" if resumed else "wb") as opened:
            for piece in answer.iter_bytes(_PIECE):
                opened.write(piece)
                have += len(piece)
                progress(file.name, have, file.bytes)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def to_stderr(name: str, have: int, total: int) -> None:
    """Progress for a person: a line for each tenth of a file."""
    tenth = 10 * have // total
    if tenth > 10 * max(have - _PIECE, 0) // total or have == total:
        print(f"— {name}: {have >> 20} of {total >> 20} MB", file=sys.stderr, flush=True)
