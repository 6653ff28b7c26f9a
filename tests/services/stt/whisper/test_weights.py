"""Models by size, from a folder, and of a repository on a hub that the test runs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants
from msgspec import structs
from msgspec.structs import replace

from bus.errors import ConfigurationError, EngineError
from bus.settings import Settings
from services.models.fetching import folder_of
from services.models.progress import DOWNLOADS
from services.stt.whisper import weights
from services.stt.whisper.weights import CTRANSLATE2, TRANSFORMERS
from tests.conftest import free_port
from tests.services.models.sources import DATA, model, publisher

COMMIT = "c" * 40
REPOSITORY = "somebody/faster-whisper-dialect"
FILES = {"model.bin": b"weights" * 1000, "tokenizer.json": b"{}", "config.json": b"{}", "README.md": b"not wanted"}


class Hub(BaseHTTPRequestHandler):
    """A Hugging Face hub with one repository."""

    requested: list[str] = []  # noqa: RUF012 - of the running test
    notes: list[str] = []  # noqa: RUF012 - of the running test
    """What the process said of its downloads while it sent a file."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.requested.append(path)
        if path.startswith(f"/api/models/{REPOSITORY}"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            tree = [{"type": "file", "path": s["rfilename"], "size": s["size"], "oid": "1" * 40} for s in siblings]
            body = {"id": REPOSITORY, "sha": COMMIT, "siblings": siblings}
            self._answer(json.dumps(tree if "/tree/" in path else body).encode())
        elif path.startswith(f"/{REPOSITORY}/resolve/{COMMIT}/"):
            self.notes.append(DOWNLOADS.note())
            self._answer(FILES[path.rsplit("/", 1)[1]])
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_HEAD = do_GET

    def _answer(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None: ...


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Hub.requested.clear()
    Hub.notes.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(hub: str, tmp_path: Path) -> Settings:
    return Settings(models=str(tmp_path), model_hub=hub)


def test_a_repository_is_fetched_once_without_unneeded_files(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "services.stt")
    assert weights.why_unavailable(REPOSITORY, CTRANSLATE2, settings) is None
    assert Hub.requested == []  # whether it can be had is seen when it is fetched
    folder = weights.fetch(REPOSITORY, CTRANSLATE2, settings)
    assert (folder / "model.bin").read_bytes() == FILES["model.bin"]
    assert not (folder / "README.md").exists()
    assert folder.is_relative_to(tmp_path)
    assert [record.message for record in caplog.records] == ["downloading the model, once", "downloaded"]
    requests = len(Hub.requested)
    assert weights.fetch(REPOSITORY, CTRANSLATE2, settings) == folder
    off = replace(settings, model_downloads="off")
    assert weights.why_unavailable(REPOSITORY, CTRANSLATE2, off) is None
    assert weights.fetch(REPOSITORY, CTRANSLATE2, off) == folder
    assert len(Hub.requested) == requests


def test_the_download_of_a_repository_is_shown(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "services.models")
    weights.fetch(REPOSITORY, CTRANSLATE2, settings)
    assert all(note.startswith(f"fetching {REPOSITORY}, ") for note in Hub.notes)
    assert len(Hub.notes) >= 3
    assert DOWNLOADS.current() == ()
    assert [record.__dict__["file"] for record in caplog.records if record.message == "downloading"]


def test_files_of_a_repository_that_change_later_are_refused(settings: Settings) -> None:
    folder = weights.fetch(REPOSITORY, CTRANSLATE2, settings)
    (folder / "config.json").resolve().write_bytes(b"{ }")
    with pytest.raises(ConfigurationError, match=r"config\.json is not the file that was here first"):
        weights.fetch(REPOSITORY, CTRANSLATE2, settings)


def test_a_repository_that_does_not_exist_is_not_worth_another_try_and_an_absent_hub_is(settings: Settings) -> None:
    with pytest.raises(EngineError, match="nobody/nothing cannot be downloaded") as raised:
        weights.fetch("nobody/nothing", CTRANSLATE2, settings)
    assert not raised.value.retryable
    away = replace(settings, model_hub=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(EngineError, match="faster-whisper-dialect") as raised:
        weights.fetch(REPOSITORY, CTRANSLATE2, away)
    assert raised.value.retryable


def test_with_downloads_off_a_missing_model_is_unavailable(tmp_path: Path) -> None:
    off = Settings(models=str(tmp_path), model_downloads="off")
    assert weights.why_unavailable("base", CTRANSLATE2, off) == (
        f"its model whisper-base is not in {tmp_path / 'whisper-base'}, and VISAVIS_MODEL_DOWNLOADS is off"
    )
    why = weights.why_unavailable(REPOSITORY, TRANSFORMERS, off)
    assert why == f"its model {REPOSITORY} is not on this machine, and VISAVIS_MODEL_DOWNLOADS is off"
    for name in ("base", REPOSITORY):
        with pytest.raises(EngineError, match="VISAVIS_MODEL_DOWNLOADS is off"):
            weights.fetch(name, CTRANSLATE2, off)


def test_a_size_is_fetched_as_the_catalogue_says_and_verified(tmp_path: Path) -> None:
    settings = Settings(models=str(tmp_path))
    with publisher() as (address, _):
        row = model(f"{address}/model.bin")
        format = dataclasses.replace(CTRANSLATE2, sizes={"base": row})
        assert weights.why_unavailable("base", format, settings) is None
        assert weights.find_local("base", format, settings) is None
        assert weights.fetch("base", format, settings) == folder_of(row, settings)
    assert weights.find_local("base", format, settings) == folder_of(row, settings)
    (folder_of(row, settings) / "model.bin").write_bytes(DATA[:-1] + b"x")
    off = structs.replace(settings, model_downloads="off")
    with pytest.raises(ConfigurationError, match="not the published file"):
        weights.fetch("base", format, off)


@pytest.mark.parametrize("format", [CTRANSLATE2, TRANSFORMERS])
def test_every_size_of_the_catalogue_has_the_required_files(format: weights.WeightFormat) -> None:
    for row in format.sizes.values():
        assert set(format.required) <= {file.path for file in row.files}


def test_a_folder_is_used_unverified_and_its_missing_files_are_named(counting_folder: Path) -> None:
    off = Settings(model_downloads="off")
    assert weights.fetch(str(counting_folder), CTRANSLATE2, off) == counting_folder
    assert weights.why_unavailable(str(counting_folder), CTRANSLATE2, off) is None
    lack = weights.why_unavailable(str(counting_folder), TRANSFORMERS, off)
    assert lack is not None
    assert lack.endswith("has no model.safetensors")


def test_an_unknown_size_is_named_with_the_known_ones() -> None:
    why = weights.why_unavailable("huge", CTRANSLATE2, Settings())
    assert why is not None
    assert why.startswith("VISAVIS_STT_MODEL must be a folder, owner/name or one of tiny, ")
    assert why.endswith("got 'huge'")
