"""Model files: taken up where a download stopped, never loaded unless they are what was published."""

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
"""Nobody says what it must be."""


class Publisher(BaseHTTPRequestHandler):
    """Serves DATA and notes what was asked for; understands `Range` as its server is told."""

    def do_GET(self) -> None:
        told: Any = self.server
        if not self.path.endswith("/base/model.bin"):
            return self.send_error(404)
        wanted = self.headers.get("range")
        told.asked.append(wanted)
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and told.ranges else 0
        if first >= len(DATA):
            return self.send_error(416)
        self.send_response(206 if first else 200)
        self.send_header("content-length", str(len(DATA) - first))
        self.end_headers()
        end, told.breaks_at = told.breaks_at, None
        self.wfile.write(DATA[first:end])
        return None

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def published(*, ranges: bool = True, breaks_at: int | None = None) -> Iterator[tuple[str, list[str | None]]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        server.asked, server.ranges, server.breaks_at = [], ranges, breaks_at  # type: ignore[attr-defined]
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
    assert verify(FILE, tmp_path).read_bytes() == DATA
    assert missing_files([FILE], tmp_path) == []
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
    assert verify(FILE, tmp_path).read_bytes() == DATA
    assert not part.exists()


def test_a_file_that_is_not_the_published_one_is_neither_kept_nor_loaded(tmp_path: Path) -> None:
    other = ModelFile("base/model.bin", len(DATA), "0" * 64)
    with published() as (address, _), pytest.raises(ConfigurationError, match=r"not the published file.*expected 000"):
        fetch([other], tmp_path, address, quiet)
    assert missing_files([other], tmp_path) == [other]


def test_a_part_that_is_too_long_is_begun_anew(tmp_path: Path) -> None:
    part = tmp_path / "base" / "model.bin.part"
    part.parent.mkdir()
    part.write_bytes(DATA + b"more")
    with published() as (address, asked):
        fetch([FILE], tmp_path, address, quiet)
        assert asked == [None]
    assert verify(FILE, tmp_path).read_bytes() == DATA


def test_a_connection_that_breaks_is_worth_another_try_which_goes_on_where_it_was(tmp_path: Path) -> None:
    with published(breaks_at=2_000_000) as (address, asked):
        with pytest.raises(EngineError) as raised:
            fetch([UNKNOWN], tmp_path, address, quiet)
        assert raised.value.retryable
        assert missing_files([UNKNOWN], tmp_path) == [UNKNOWN]
        have = (tmp_path / "model.bin.part").stat().st_size
        fetch([UNKNOWN], tmp_path, address, quiet)
        assert asked == [None, f"bytes={have}-" if have else None]
    assert (tmp_path / "model.bin").read_bytes() == DATA


def test_a_part_that_the_server_cannot_go_on_with_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "model.bin.part").write_bytes(DATA + b"more")
    with published() as (address, _):
        with pytest.raises(EngineError, match="416"):
            fetch([UNKNOWN], tmp_path, address, quiet)
        fetch([UNKNOWN], tmp_path, address, quiet)
    assert (tmp_path / "model.bin").read_bytes() == DATA


def test_what_the_server_does_not_have_is_not_asked_for_again(tmp_path: Path) -> None:
    with published() as (address, _), pytest.raises(EngineError, match="it answers 404") as raised:
        fetch([ModelFile("other.bin")], tmp_path, address, quiet)
    assert not raised.value.retryable


def test_of_a_file_that_nobody_states_the_sum_of_the_first_one_is_kept_to(tmp_path: Path) -> None:
    with published() as (address, _):
        fetch([UNKNOWN], tmp_path, address)
        note = tmp_path / "model.bin.sha256"
        assert note.read_text() == f"{FILE.sha256}  model.bin\n"
        assert verify(UNKNOWN, tmp_path).read_bytes() == DATA
        (tmp_path / "model.bin").write_bytes(DATA[:-1] + b"x")
        with pytest.raises(ConfigurationError, match=r"not the file that was here first.*model\.bin\.sha256 says"):
            verify(UNKNOWN, tmp_path)
        # Nor is another one taken from the server.
        note.write_text(f"{'0' * 64}  model.bin\n")
        (tmp_path / "model.bin").unlink()
        with pytest.raises(ConfigurationError, match="not the file that was here first"):
            fetch([UNKNOWN], tmp_path, address)
        assert missing_files([UNKNOWN], tmp_path) == [UNKNOWN]


def test_a_file_put_there_by_hand_is_noted_too_even_where_the_note_cannot_be_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "model.bin").write_bytes(b"by hand")
    verify(UNKNOWN, tmp_path)
    assert (tmp_path / "model.bin.sha256").exists()
    (tmp_path / "a").write_bytes(b"by hand")
    (tmp_path / "a.sha256").symlink_to(tmp_path / "nowhere" / "a.sha256")
    assert verify(ModelFile("a"), tmp_path) == tmp_path / "a"
    assert "cannot be noted" in caplog.messages


def test_a_model_on_a_hub_is_asked_for_at_its_commit() -> None:
    assert Model("o/n", "c0ffee", ()).address("http://hub/") == "http://hub/o/n/resolve/c0ffee"


def test_another_model_has_another_fingerprint(tmp_path: Path) -> None:
    file = ModelFile("a")
    (tmp_path / "a").write_bytes(b"one")
    before = fingerprint(tmp_path, [file])
    assert fingerprint(tmp_path, [file]) == before
    (tmp_path / "a").write_bytes(b"two")
    assert fingerprint(tmp_path, [file]) != before


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
        verify(FILE, tmp_path)


def test_progress_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    total = 100 << 20
    for have in range(1 << 20, total + 1, 1 << 20):
        print_progress("model.bin", have, total)
    assert len(capsys.readouterr().err.splitlines()) == 10
