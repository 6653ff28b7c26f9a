"""Model files: known by their SHA-256, downloaded on first use, resumed where a download stopped.

Where nobody states the SHA-256 of a file, that of the first one that comes is written beside it, and no other file is
taken in its place afterwards.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bus.errors import ConfigurationError, EngineError

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes that are there, and all there will be, 0 where the server does not say."""

_PIECE = 1 << 20
_PATIENCE = 30.0
"""Seconds that a server may say nothing."""
_REPORT_EVERY = 5.0
"""Seconds between two lines in the log about one download."""
_LATER = {httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.TOO_MANY_REQUESTS}


@dataclass(frozen=True)
class ModelFile:
    path: str
    """Below the folder."""
    bytes: int = 0
    """0: not known beforehand."""
    sha256: str = ""
    """Empty: not known beforehand."""
    source: str = ""
    """Below the address it is downloaded from, where that is not `path`."""

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Model:
    """The files of one model in a repository of a hub, at one commit of it."""

    repository: str
    revision: str
    files: tuple[ModelFile, ...]

    def address(self, hub: str) -> str:
        """What its files are downloaded from.

        Args:
            hub: base URL, e.g. "https://huggingface.co".
        """
        return f"{hub.rstrip('/')}/{self.repository}/resolve/{self.revision}"


def missing_files(files: Sequence[ModelFile], folder: Path) -> list[ModelFile]:
    """Those that are not in the folder; looks at names and sizes only."""
    return [file for file in files if not _is_there(file, folder)]


def _is_there(file: ModelFile, folder: Path) -> bool:
    size = _size(folder / file.path)
    return size is not None and size == (file.bytes or size)


def verify(file: ModelFile, folder: Path) -> Path:
    """Where the file is. One without a known SHA-256 is known by what it is now.

    Raises:
        ConfigurationError: it is not there, or is another one than was published or came first; loading it could do
            anything.
    """
    path = folder / file.path
    note = path.with_name(f"{path.name}.sha256")
    try:
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        noted = note.read_text().split()[0] if not file.sha256 and note.exists() else ""
    except (OSError, IndexError) as error:
        raise ConfigurationError(f"the model {path} cannot be read: {error}") from error
    if file.sha256 and found != file.sha256:
        raise ConfigurationError(
            f"{path} is not the published file: its SHA-256 is {found}, expected {file.sha256}; "
            f"remove {path.resolve()}"
        )
    if noted and found != noted:
        raise ConfigurationError(
            f"{path} is not the file that was here first: its SHA-256 is {found}, {note.name} says {noted}; remove it, "
            f"and {note.name} too if it was replaced on purpose"
        )
    if not file.sha256 and not noted:
        try:
            note.write_text(f"{found}  {path.name}\n")  # as sha256sum writes and reads it
        except OSError as error:
            log.warning("cannot be noted", extra={"file": str(note), "why": error.strerror})
    return path


def fetch(files: Sequence[ModelFile], folder: Path, address: str, progress: Progress | None = None) -> None:
    """Download those that are absent. What an earlier try got of a file is kept and taken up.

    Args:
        address: without a slash at the end.
        progress: lines in the log, where none is given.
    Raises:
        EngineError: no network, or the server does not have it; says what can be done. `retryable` where trying again
            can help.
        ConfigurationError: the folder cannot be written, or what came is not what was published.
    """
    with httpx2.Client(follow_redirects=True, timeout=_PATIENCE) as client:
        for file in missing_files(files, folder):
            part = folder / f"{file.path}.part"
            try:
                part.parent.mkdir(parents=True, exist_ok=True)
                _download(client, file, f"{address}/{file.source or file.path}", part, progress or _Lines())
                part.replace(folder / file.path)
            except httpx2.HTTPError as error:
                raise EngineError(
                    f"{file.name} could not be downloaded from {httpx2.URL(address).host} ({_said(error)}); "
                    f"download it elsewhere and put it at {folder / file.path}",
                    retryable=_can_change(error),
                    code="download_failed",
                ) from error
            except OSError as error:
                raise ConfigurationError(f"{part} cannot be written: {error.strerror}") from error
            try:
                verify(file, folder)
            except ConfigurationError:
                (folder / file.path).unlink()
                raise


def _download(client: httpx2.Client, file: ModelFile, url: str, part: Path, progress: Progress) -> None:
    have = _size(part) or 0
    if file.bytes and have > file.bytes:
        part.unlink()
        have = 0
    if file.bytes and have == file.bytes:
        return
    with client.stream("GET", url, headers={"range": f"bytes={have}-"} if have else {}) as answer:
        if answer.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
            part.unlink()
        answer.raise_for_status()
        resumed = answer.status_code == httpx2.codes.PARTIAL_CONTENT
        have = have if resumed else 0
        whole = file.bytes or have + int(answer.headers.get("content-length", 0))
        with part.open("ab" if resumed else "wb") as opened:
            for piece in answer.iter_bytes(_PIECE):
                opened.write(piece)
                have += len(piece)
                progress(file.name, have, whole)


def _said(error: httpx2.HTTPError) -> str:
    if isinstance(error, httpx2.HTTPStatusError):
        return f"it answers {error.response.status_code}"
    return str(error) or type(error).__name__


def _can_change(error: httpx2.HTTPError) -> bool:
    """Whether the next try may do better: not where the server knows no such file."""
    if not isinstance(error, httpx2.HTTPStatusError):
        return True
    status = error.response.status_code
    return status >= 500 or status in _LATER


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


class _Lines:
    """A line in the log every few seconds: services have no terminal."""

    def __init__(self) -> None:
        self._said = time.monotonic() - _REPORT_EVERY

    def __call__(self, name: str, have: int, total: int) -> None:
        if time.monotonic() - self._said >= _REPORT_EVERY or have == total:
            self._said = time.monotonic()
            share = f"{100 * have // total} %" if total else f"{have >> 20} MiB"
            log.info("downloading", extra={"file": name, "done": share, "megabytes": total >> 20})


def print_progress(name: str, have: int, total: int) -> None:
    """Progress for a person: a line for each tenth of a file whose size is known."""
    tenth = 10 * have // total
    if tenth > 10 * max(have - _PIECE, 0) // total or have == total:
        print(f"— {name}: {have >> 20} of {total >> 20} MB", file=sys.stderr, flush=True)


def fingerprint(folder: Path, files: Sequence[ModelFile]) -> bytes:
    """What tells two models apart without reading gigabytes: sizes, and the content of what is small."""
    digest = hashlib.sha256()
    for file in files:
        path = folder / file.path
        size = path.stat().st_size
        digest.update(f"{file.path}:{size}".encode())
        if size < _PIECE:
            digest.update(path.read_bytes())
    return digest.digest()
