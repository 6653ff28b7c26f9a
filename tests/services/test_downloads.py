"""Downloads of model files: resumed after an interruption, refused with a wrong checksum."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bus.errors import ConfigurationError, EngineError
from services.downloads import Model, ModelFile, fetch, fingerprint, missing_files, print_progress, verify

DATA = bytes(range(256)) * 9000
FILE = ModelFile("base/model.bin", len(DATA), hashlib.sha256(DATA).hexdigest())
UNKNOWN = ModelFile("model.bin", source="base/model.bin")
"""A file without a published checksum."""


class Publisher(BaseHTTPRequestHandler):
    """Serves DATA and records the Range headers; its server's `ranges` decides whether it supports them."""

    def do_GET(self) -> None:
        server: Any = self.server
        if not self.path.endswith("/base/model.bin"):
            return self.send_error(404)
        requested = self.headers.get("range")
        server.requests.append(requested)
        first = int(requested.removeprefix("bytes=").rstrip("-")) if requested and server.ranges else 0
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
def published(*, ranges: bool = True, breaks_at: int | None = None) -> Iterator[tuple[str, list[str | None]]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        server.requests, server.ranges, server.breaks_at = [], ranges, breaks_at  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", server.requests  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def quiet(name: str, done: int, total: int) -> None:
    pass


def test_a_file_is_downloaded_once_with_progress(tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    with published() as (address, requests):
        fetch([FILE], tmp_path, address, lambda *report: reports.append(report))
        fetch([FILE], tmp_path, address, lambda *report: reports.append(report))
        assert requests == [None]
    assert verify(FILE, tmp_path).read_bytes() == DATA
    assert missing_files([FILE], tmp_path) == []
    assert reports[-1] == ("model.bin", len(DATA), len(DATA))
    assert [done for _, done, _ in reports] == sorted(done for _, done, _ in reports)


@pytest.mark.parametrize("ranges", [True, False])
def test_an_interrupted_download_is_resumed(tmp_path: Path, ranges: bool) -> None:
    part = tmp_path / "base" / "model.bin.part"
    part.parent.mkdir()
    part.write_bytes(DATA[:1000])
    with published(ranges=ranges) as (address, requests):
        fetch([FILE], tmp_path, address, quiet)
        assert requests == ["bytes=1000-"]
    assert verify(FILE, tmp_path).read_bytes() == DATA
    assert not part.exists()


def test_a_downloaded_file_with_a_wrong_checksum_is_deleted(tmp_path: Path) -> None:
    other = ModelFile("base/model.bin", len(DATA), "0" * 64)
    with published() as (address, _), pytest.raises(ConfigurationError, match=r"not the published file.*expected 000"):
        fetch([other], tmp_path, address, quiet)
    assert missing_files([other], tmp_path) == [other]


def test_a_part_that_is_too_long_is_downloaded_again(tmp_path: Path) -> None:
    part = tmp_path / "base" / "model.bin.part"
    part.parent.mkdir()
    part.write_bytes(DATA + b"more")
    with published() as (address, requests):
        fetch([FILE], tmp_path, address, quiet)
        assert requests == [None]
    assert verify(FILE, tmp_path).read_bytes() == DATA


def test_a_broken_connection_is_retryable_and_the_retry_resumes(tmp_path: Path) -> None:
    with published(breaks_at=2_000_000) as (address, requests):
        with pytest.raises(EngineError) as raised:
            fetch([UNKNOWN], tmp_path, address, quiet)
        assert raised.value.retryable
        assert missing_files([UNKNOWN], tmp_path) == [UNKNOWN]
        done = (tmp_path / "model.bin.part").stat().st_size
        fetch([UNKNOWN], tmp_path, address, quiet)
        assert requests == [None, f"bytes={done}-" if done else None]
    assert (tmp_path / "model.bin").read_bytes() == DATA


def test_a_part_that_the_server_cannot_resume_is_downloaded_again(tmp_path: Path) -> None:
    (tmp_path / "model.bin.part").write_bytes(DATA + b"more")
    with published() as (address, _):
        with pytest.raises(EngineError, match="416"):
            fetch([UNKNOWN], tmp_path, address, quiet)
        fetch([UNKNOWN], tmp_path, address, quiet)
    assert (tmp_path / "model.bin").read_bytes() == DATA


def test_a_file_that_the_server_does_not_have_is_not_retryable(tmp_path: Path) -> None:
    with published() as (address, _), pytest.raises(EngineError, match="it answers 404") as raised:
        fetch([ModelFile("other.bin")], tmp_path, address, quiet)
    assert not raised.value.retryable


def test_a_file_without_a_published_checksum_is_trusted_on_first_use(tmp_path: Path) -> None:
    with published() as (address, _):
        fetch([UNKNOWN], tmp_path, address)
        record = tmp_path / "model.bin.sha256"
        assert record.read_text() == f"{FILE.sha256}  model.bin\n"
        assert verify(UNKNOWN, tmp_path).read_bytes() == DATA
        (tmp_path / "model.bin").write_bytes(DATA[:-1] + b"x")
        with pytest.raises(ConfigurationError, match=r"not the file that was here first.*model\.bin\.sha256 says"):
            verify(UNKNOWN, tmp_path)
        # Another one from the server is refused too.
        record.write_text(f"{'0' * 64}  model.bin\n")
        (tmp_path / "model.bin").unlink()
        with pytest.raises(ConfigurationError, match="not the file that was here first"):
            fetch([UNKNOWN], tmp_path, address)
        assert missing_files([UNKNOWN], tmp_path) == [UNKNOWN]


def test_the_checksum_of_a_file_put_there_by_hand_is_recorded_if_possible(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "model.bin").write_bytes(b"by hand")
    verify(UNKNOWN, tmp_path)
    assert (tmp_path / "model.bin.sha256").exists()
    (tmp_path / "a").write_bytes(b"by hand")
    (tmp_path / "a.sha256").symlink_to(tmp_path / "nowhere" / "a.sha256")
    assert verify(ModelFile("a"), tmp_path) == tmp_path / "a"
    assert "checksum cannot be recorded" in caplog.messages


def test_a_models_base_url_contains_its_commit() -> None:
    assert Model("o/n", "c0ffee", ()).base_url("http://hub/") == "http://hub/o/n/resolve/c0ffee"


def test_different_models_have_different_fingerprints(tmp_path: Path) -> None:
    file = ModelFile("a")
    (tmp_path / "a").write_bytes(b"one")
    before = fingerprint(tmp_path, [file])
    assert fingerprint(tmp_path, [file]) == before
    (tmp_path / "a").write_bytes(b"two")
    assert fingerprint(tmp_path, [file]) != before


def test_without_a_network_the_error_says_where_to_put_the_file(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        fetch([FILE], tmp_path, "http://127.0.0.1:9", quiet)
    assert raised.value.retryable
    assert f"put it at {tmp_path / 'base' / 'model.bin'}" in raised.value.detail
    assert "127.0.0.1" in raised.value.detail


def test_the_error_names_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("in the way")
    with published() as (address, _), pytest.raises(ConfigurationError, match="cannot be written"):
        fetch([FILE], tmp_path, address, quiet)


def test_the_error_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"model\.bin cannot be read"):
        verify(FILE, tmp_path)


def test_progress_prints_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    total = 100 << 20
    for done in range(1 << 20, total + 1, 1 << 20):
        print_progress("model.bin", done, total)
    assert len(capsys.readouterr().err.splitlines()) == 10
