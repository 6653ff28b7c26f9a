"""Models from a folder, from the cache, and from a hub that the test runs."""

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

from bus.errors import ConfigurationError, EngineError
from services.stt.whisper import weights
from services.stt.whisper.pins import PinnedRevision
from services.stt.whisper.weights import CTRANSLATE2, TRANSFORMERS
from tests.conftest import free_port

COMMIT = "c" * 40
REPOSITORY = "Systran/faster-whisper-tiny"
FILES = {"model.bin": b"weights" * 1000, "tokenizer.json": b"{}", "config.json": b"{}", "README.md": b"not wanted"}


def pinned(sha256: str) -> weights.WeightFormat:
    """The CTranslate2 format with the hub's model pinned to its commit and a checksum of model.bin."""
    return dataclasses.replace(CTRANSLATE2, pins={REPOSITORY: PinnedRevision(COMMIT, {"model.bin": sha256})})


HUB_FORMAT = pinned(hashlib.sha256(FILES["model.bin"]).hexdigest())


class Hub(BaseHTTPRequestHandler):
    """A Hugging Face hub with one model, Systran/faster-whisper-tiny."""

    requested: list[str] = []  # noqa: RUF012 - of the running test

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.requested.append(path)
        if path.startswith(f"/api/models/{REPOSITORY}"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            tree = [{"type": "file", "path": s["rfilename"], "size": s["size"], "oid": "1" * 40} for s in siblings]
            body = {"id": REPOSITORY, "sha": COMMIT, "siblings": siblings}
            self._answer(json.dumps(tree if "/tree/" in path else body).encode())
        elif path.startswith(f"/{REPOSITORY}/resolve/{COMMIT}/"):
            self._answer(FILES[path.rsplit("/", 1)[1]])
        else:
            self.send_error(404)

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
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_model_is_fetched_once_without_unneeded_files(
    hub: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "services.stt")
    assert weights.why_unavailable("tiny", HUB_FORMAT, tmp_path, hub) is None
    assert weights.find_local("tiny", HUB_FORMAT, tmp_path) is None
    folder = weights.fetch("tiny", HUB_FORMAT, tmp_path, hub)
    assert (folder / "model.bin").read_bytes() == FILES["model.bin"]
    assert not (folder / "README.md").exists()
    assert [record.message for record in caplog.records] == ["downloading the model, once", "downloaded"]
    requests = len(Hub.requested)
    assert weights.fetch("tiny", HUB_FORMAT, tmp_path, hub) == folder
    assert weights.find_local("tiny", HUB_FORMAT, tmp_path) == folder
    assert weights.why_unavailable("tiny", HUB_FORMAT, tmp_path, hub) is None
    assert len(Hub.requested) == requests


def test_the_pinned_commit_is_requested(hub: str, tmp_path: Path) -> None:
    weights.fetch("tiny", HUB_FORMAT, tmp_path, hub)
    assert Hub.requested
    assert all(COMMIT in path for path in Hub.requested)


def test_weights_with_another_checksum_and_changed_files_are_refused(hub: str, tmp_path: Path) -> None:
    folder = weights.fetch("tiny", HUB_FORMAT, tmp_path, hub)
    (folder / "config.json").resolve().write_bytes(b"{ }")
    with pytest.raises(ConfigurationError, match=r"config\.json is not the file that was here first"):
        weights.fetch("tiny", HUB_FORMAT, tmp_path, hub)
    with pytest.raises(ConfigurationError, match=r"model\.bin is not the published file"):
        weights.fetch("tiny", pinned("0" * 64), tmp_path / "anew", hub)


@pytest.mark.parametrize("format", [CTRANSLATE2, TRANSFORMERS])
def test_every_size_is_pinned_to_a_commit(format: weights.WeightFormat) -> None:
    assert set(format.repositories.values()) == set(format.pins)
    for pin in format.pins.values():
        assert len(pin.revision) == 40
        assert all(len(digest) == 64 for digest in pin.sha256.values())


def test_a_long_download_logs_its_progress(hub: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "services.stt")
    weights.fetch("tiny", HUB_FORMAT, tmp_path, hub, report_every=0)
    logged = [record.__dict__["percent"] for record in caplog.records if record.message == "downloading"]
    assert logged
    assert all(0 <= percent <= 100 for percent in logged)


def test_an_unknown_model_and_an_unreachable_hub_have_different_messages(hub: str, tmp_path: Path) -> None:
    unknown = weights.why_unavailable("nobody/nothing", CTRANSLATE2, tmp_path, hub)
    assert unknown is not None
    assert "nobody/nothing" in unknown
    assert "404" in unknown
    unreachable = weights.why_unavailable("tiny", HUB_FORMAT, tmp_path, f"http://127.0.0.1:{free_port()}")
    assert unreachable is not None
    assert "not on this machine" in unreachable
    with pytest.raises(EngineError, match="faster-whisper-tiny"):
        weights.fetch("tiny", HUB_FORMAT, tmp_path, f"http://127.0.0.1:{free_port()}")


def test_a_folder_is_used_unverified_and_its_missing_files_are_named(counting_folder: Path, tmp_path: Path) -> None:
    assert weights.fetch(str(counting_folder), CTRANSLATE2) == counting_folder
    assert weights.why_unavailable(str(counting_folder), CTRANSLATE2) is None
    lack = weights.why_unavailable(str(counting_folder), TRANSFORMERS)
    assert lack is not None
    assert lack.endswith("has no model.safetensors")


def test_an_unknown_size_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"VISAVIS_STT_MODEL .*'huge'"):
        weights.repository_of("huge", CTRANSLATE2)
    assert weights.repository_of("turbo", TRANSFORMERS) == "openai/whisper-large-v3-turbo"
