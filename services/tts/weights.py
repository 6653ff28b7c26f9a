"""Files of models: where they are, and how they get there."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bus.errors import EngineError

log = logging.getLogger(__name__)

_PIECE = 1 << 20
_PATIENCE = 30.0
"""Seconds that a server may say nothing."""
_REPORT_EVERY = 5.0
"""Seconds between two lines about the progress."""


@dataclass(frozen=True)
class Weights:
    """The files of one model in a repository of a hub."""

    repository: str
    revision: str
    files: tuple[str, ...]
    """Paths in the repository; on disk they lie flat in one folder."""

    def missing(self, folder: Path) -> list[str]:
        """Names of the files that are not in the folder."""
        return [path for path in self.files if not (folder / Path(path).name).is_file()]

    def fetch(self, hub: str, folder: Path) -> None:
        """Download what is missing; goes on where an earlier try broke off.

        Args:
            hub: base URL, e.g. "https://huggingface.co".
        Raises:
            EngineError: there is no network, the hub has no such file, or the disk is full.
        """
        for path in self.missing(folder):
            url = f"{hub.rstrip('/')}/{self.repository}/resolve/{self.revision}/{path}"
            download(url, folder / Path(path).name)


def download(url: str, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """A file from the web, in its place only when it is whole.

    Args:
        progress: called with the bytes that are there and of the whole.
    Raises:
        EngineError: it did not come; what came is kept for the next try. `retryable` where trying again can help.
    """
    part = target.with_name(f"{target.name}.part")
    say = progress or _Progress(target.name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with (
            httpx2.Client(follow_redirects=True, timeout=_PATIENCE) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
                part.unlink()
                raise EngineError(f"{target.name}: what was there did not fit, it is begun anew", retryable=True)
            if response.status_code >= 400:
                raise EngineError(f"{url} answers {response.status_code}", code="weights_missing")
            goes_on = response.status_code == httpx2.codes.PARTIAL_CONTENT
            have = have if goes_on else 0
            whole = have + int(response.headers.get("content-length", 0))
            with part.open("ab" if goes_on else "wb") as file:
                for piece in response.iter_bytes(_PIECE):
                    file.write(piece)
                    have += len(piece)
                    say(have, whole)
        if whole and have != whole:
            raise EngineError(f"{target.name}: expected {whole} bytes, got {have}", retryable=True)
        part.replace(target)
    except httpx2.HTTPError as error:
        detail = f"{target.name} cannot be downloaded from {url} ({type(error).__name__}: {error}); put it at {target}"
        raise EngineError(detail, retryable=True, code="weights_missing") from error
    except OSError as error:
        raise EngineError(f"{target} cannot be written: {error.strerror}", code="weights_missing") from error


class _Progress:
    """A line in the log every few seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._said = time.monotonic() - _REPORT_EVERY

    def __call__(self, have: int, whole: int) -> None:
        if time.monotonic() - self._said >= _REPORT_EVERY or have == whole:
            self._said = time.monotonic()
            share = f"{100 * have // whole} %" if whole else f"{have >> 20} MiB"
            log.info("downloading", extra={"file": self._name, "done": share, "megabytes": whole >> 20})


def fingerprint(folder: Path, files: Sequence[str]) -> bytes:
    """What tells two models apart without reading gigabytes: sizes, and the content of what is small."""
    digest = hashlib.sha256()
    for name in files:
        path = folder / Path(name).name
        size = path.stat().st_size
        digest.update(f"{name}:{size}".encode())
        if size < _PIECE:
            digest.update(path.read_bytes())
    return digest.digest()
