"""Model files: taken up where a download stopped, never loaded unless they are what was published."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bus.errors import ConfigurationError, EngineError
from services.downloads import ModelFile, absent, check, fetch, to_stderr

DATA = bytes(range(256)) * 9000
FILE = ModelFile("base/model.bin", len(DATA), hashlib.sha256(DATA).hexdigest())


class Publisher(BaseHTTPRequestHandler):
    """Serves DATA and notes what was asked for; understands `Range` as its server is told."""

    def do_GET(self) -> None:
        wanted = self.headers.get("range")
        self.server.asked.append(wanted)  # type: ignore[attr-defined]
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0  # type: ignore[attr-defined]
        self.send_response(206 if first else 200)
        self.send_header("content-length", str(len(DATA) - first))
        self.end_headers()
        self.wfile.write(DATA[first:])

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def published(*, ranges: bool = True) -> Iterator[tuple[str, list[str | None]]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        server.asked, server.ranges = [], ranges  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", server.asked  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def quiet(name: str, have: int, total: int) -> None:
    pass


def test_a_file_is_downloaded_once_and_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with published() as (address, asked):
        fetch([FILE], tmp_path, address, lambda *news: told.append(news))
        fetch([FILE], tmp_path, address, lambda *news: told.append(news))
        assert asked == [None]
    assert check(FILE, tmp_path).read_bytes() == DATA
    assert absent([FILE], tmp_path) == []
    assert told[-1] == ("model.bin", len(DATA), len(DATA))
    assert [have for _, have, _ in told] == sorted(have for _, have, _ in told)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_stopped_is_taken_up(tmp_path: Path, ranges: bool) -> None:
    part = tmp_path / "base" / "model.bin.part"
    part.parent.mkdir()
    part.write_bytes(DATA[:1000])
    with published(ranges=ranges) as (address, asked):
        fetch([FILE], tmp_path, address, quiet)
        assert asked == ["bytes=1000-"]
    assert check(FILE, tmp_path).read_bytes() == DATA
    assert not part.exists()


def test_a_file_that_is_not_the_published_one_is_neither_kept_nor_loaded(tmp_path: Path) -> None:
    other = ModelFile("base/model.bin", len(DATA), "0" * 64)
    with published() as (address, _), pytest.raises(ConfigurationError, match=r"not the published file.*expected 000"):
        fetch([other], tmp_path, address, quiet)
    assert absent([other], tmp_path) == [other]


def test_a_part_that_is_too_long_is_begun_anew(tmp_path: Path) -> None:
    part = tmp_path / "base" / "model.bin.part"
    part.parent.mkdir()
    part.write_bytes(DATA + b"more")
    with published() as (address, asked):
        fetch([FILE], tmp_path, address, quiet)
        assert asked == [None]
    assert check(FILE, tmp_path).read_bytes() == DATA


def test_without_a_network_the_person_is_told_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        fetch([FILE], tmp_path, "http://127.0.0.1:9", quiet)
    assert raised.value.retryable
    assert f"put it at {tmp_path / 'base' / 'model.bin'}" in raised.value.detail
    assert "127.0.0.1" in raised.value.detail


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("in the way")
    with published() as (address, _), pytest.raises(ConfigurationError, match="cannot be written"):
        fetch([FILE], tmp_path, address, quiet)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"model\.bin cannot be read"):
        check(FILE, tmp_path)


def test_progress_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    total = 100 << 20
    for have in range(1 << 20, total + 1, 1 << 20):
        to_stderr("model.bin", have, total)
    assert len(capsys.readouterr().err.splitlines()) == 10
