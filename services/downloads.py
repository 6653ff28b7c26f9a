"""Downloads model files on first use, resumes interrupted downloads and verifies SHA-256 checksums.

A file without a published checksum is trusted on first use: its SHA-256 is written beside it, and a file with another
checksum is refused afterwards.
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

ProgressCallback = Callable[[str, int, int], None]
"""Called with the file's name, the bytes downloaded and the total, 0 if unknown."""

_CHUNK = 1 << 20
_TIMEOUT = 30.0
"""Seconds without data from a server."""
_REPORT_EVERY = 5.0
"""Seconds between two log lines about one download."""
_RETRYABLE = {httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.TOO_MANY_REQUESTS}


@dataclass(frozen=True)
class ModelFile:
    path: str
    """Relative to the model folder."""
    bytes: int = 0
    """0 if unknown."""
    sha256: str = ""
    """Empty if unknown."""
    source: str = ""
    """Relative to the base URL, if different from `path`."""

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Model:
    """The files of one model in a repository of a hub, at one commit."""

    repository: str
    revision: str
    files: tuple[ModelFile, ...]

    def base_url(self, hub: str) -> str:
        """The base URL of its files.

        Args:
            hub: base URL, e.g. "https://huggingface.co".
        """
        return f"{hub.rstrip('/')}/{self.repository}/resolve/{self.revision}"


def missing_files(files: Sequence[ModelFile], folder: Path) -> list[ModelFile]:
    """The files that are not in the folder; compares names and sizes only."""
    return [file for file in files if not _is_present(file, folder)]


def _is_present(file: ModelFile, folder: Path) -> bool:
    size = _size(folder / file.path)
    return size is not None and size == (file.bytes or size)


def verify(file: ModelFile, folder: Path) -> Path:
    """The path of the file, after its SHA-256 has been verified or, if unknown, recorded.

    Raises:
        ConfigurationError: the file is missing, or its SHA-256 differs from the published or the recorded one: loading
            it could be dangerous.
    """
    path = folder / file.path
    record = path.with_name(f"{path.name}.sha256")
    try:
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        recorded = record.read_text().split()[0] if not file.sha256 and record.exists() else ""
    except (OSError, IndexError) as error:
        raise ConfigurationError(f"the model {path} cannot be read: {error}") from error
    if file.sha256 and found != file.sha256:
        raise ConfigurationError(
            f"{path} is not the published file: its SHA-256 is {found}, expected {file.sha256}; "
            f"remove {path.resolve()}"
        )
    if recorded and found != recorded:
        raise ConfigurationError(
            f"{path} is not the file that was here first: its SHA-256 is {found}, {record.name} says {recorded}; "
            f"remove it, and {record.name} too if it was replaced on purpose"
        )
    if not file.sha256 and not recorded:
        try:
            record.write_text(f"{found}  {path.name}\n")  # the format of sha256sum
        except OSError as error:
            log.warning("checksum cannot be recorded", extra={"file": str(record), "why": error.strerror})
    return path


def fetch(files: Sequence[ModelFile], folder: Path, base_url: str, progress: ProgressCallback | None = None) -> None:
    """Download the missing files. An interrupted download is resumed.

    Args:
        base_url: without a trailing slash.
        progress: by default log lines.
    Raises:
        EngineError: no network, or the server does not have the file; says what to do. `retryable` if trying again can
            help.
        ConfigurationError: the folder cannot be written, or the SHA-256 of a file is wrong.
    """
    with httpx2.Client(follow_redirects=True, timeout=_TIMEOUT) as client:
        for file in missing_files(files, folder):
            part = folder / f"{file.path}.part"
            try:
                part.parent.mkdir(parents=True, exist_ok=True)
                _download(client, file, f"{base_url}/{file.source or file.path}", part, progress or _LogProgress())
                part.replace(folder / file.path)
            except httpx2.HTTPError as error:
                raise EngineError(
                    f"{file.name} could not be downloaded from {httpx2.URL(base_url).host} ({_reason(error)}); "
                    f"download it elsewhere and put it at {folder / file.path}",
                    retryable=_is_retryable(error),
                    code="download_failed",
                ) from error
            except OSError as error:
                raise ConfigurationError(f"{part} cannot be written: {error.strerror}") from error
            try:
                verify(file, folder)
            except ConfigurationError:
                (folder / file.path).unlink()
                raise


def _download(client: httpx2.Client, file: ModelFile, url: str, part: Path, progress: ProgressCallback) -> None:
    done = _size(part) or 0
    if file.bytes and done > file.bytes:
        part.unlink()
        done = 0
    if file.bytes and done == file.bytes:
        return
    with client.stream("GET", url, headers={"range": f"bytes={done}-"} if done else {}) as response:
        if response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
            part.unlink()
        response.raise_for_status()
        resumed = response.status_code == httpx2.codes.PARTIAL_CONTENT
        done = done if resumed else 0
        total = file.bytes or done + int(response.headers.get("content-length", 0))
        with part.open("ab" if resumed else "wb") as opened:
            for chunk in response.iter_bytes(_CHUNK):
                opened.write(chunk)
                done += len(chunk)
                progress(file.name, done, total)


def _reason(error: httpx2.HTTPError) -> str:
    if isinstance(error, httpx2.HTTPStatusError):
        return f"it answers {error.response.status_code}"
    return str(error) or type(error).__name__


def _is_retryable(error: httpx2.HTTPError) -> bool:
    """Whether trying again may help; not if the server does not have the file."""
    if not isinstance(error, httpx2.HTTPStatusError):
        return True
    status = error.response.status_code
    return status >= 500 or status in _RETRYABLE


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


class _LogProgress:
    """Logs the progress every few seconds: services have no terminal."""

    def __init__(self) -> None:
        self._reported_at = time.monotonic() - _REPORT_EVERY

    def __call__(self, name: str, done: int, total: int) -> None:
        if time.monotonic() - self._reported_at >= _REPORT_EVERY or done == total:
            self._reported_at = time.monotonic()
            share = f"{100 * done // total} %" if total else f"{done >> 20} MiB"
            log.info("downloading", extra={"file": name, "done": share, "megabytes": total >> 20})


def print_progress(name: str, done: int, total: int) -> None:
    """Prints a line to standard error for each tenth of a file of known size."""
    tenth = 10 * done // total
    if tenth > 10 * max(done - _CHUNK, 0) // total or done == total:
        print(f"— {name}: {done >> 20} of {total >> 20} MB", file=sys.stderr, flush=True)


def fingerprint(folder: Path, files: Sequence[ModelFile]) -> bytes:
    """Distinguishes models without reading gigabytes: a hash of all sizes and of the content of small files."""
    digest = hashlib.sha256()
    for file in files:
        path = folder / file.path
        size = path.stat().st_size
        digest.update(f"{file.path}:{size}".encode())
        if size < _CHUNK:
            digest.update(path.read_bytes())
    return digest.digest()
