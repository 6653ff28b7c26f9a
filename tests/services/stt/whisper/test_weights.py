"""Where a model comes from: a folder, the cache, a hub on this machine that the test runs."""

from __future__ import annotations

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
from services.stt.whisper import pins
from services.stt.whisper import weights as weights
from services.stt.whisper.pins import Pin
from services.stt.whisper.weights import CTRANSLATE2, TRANSFORMERS
from tests.conftest import free_port

COMMIT = "c" * 40
FILES = {"model.bin": b"weights" * 1000, "tokenizer.json": b"{}", "config.json": b"{}", "README.md": b"not wanted"}


class Hub(BaseHTTPRequestHandler):
    """One model, Systran/faster-whisper-tiny, as the hub serves it."""

    asked: list[str] = []  # noqa: RUF012 - of the test that runs

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.asked.append(path)
        root = "Systran/faster-whisper-tiny"
        if path.startswith(f"/api/models/{root}"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            tree = [{"type": "file", "path": s["rfilename"], "size": s["size"], "oid": "1" * 40} for s in siblings]
            body = {"id": root, "sha": COMMIT, "siblings": siblings}
            self._answer(json.dumps(tree if "/tree/" in path else body).encode())
        elif path.startswith(f"/{root}/resolve/{COMMIT}/"):
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
    pin = Pin(COMMIT, {"model.bin": hashlib.sha256(FILES["model.bin"]).hexdigest()})
    monkeypatch.setitem(pins.CTRANSLATE2, "Systran/faster-whisper-tiny", pin)
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Hub.asked.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_model_is_fetched_once_with_what_is_needed_of_it(
    hub: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "services.stt")
    assert weights.missing("tiny", CTRANSLATE2, tmp_path, hub) is None
    assert weights.local("tiny", CTRANSLATE2, tmp_path) is None
    folder = weights.fetch("tiny", CTRANSLATE2, tmp_path, hub)
    assert (folder / "model.bin").read_bytes() == FILES["model.bin"]
    assert not (folder / "README.md").exists()
    assert [record.message for record in caplog.records] == ["downloading the model, once", "downloaded"]
    asked = len(Hub.asked)
    assert weights.fetch("tiny", CTRANSLATE2, tmp_path, hub) == weights.local("tiny", CTRANSLATE2, tmp_path) == folder
    assert weights.missing("tiny", CTRANSLATE2, tmp_path, hub) is None
    assert len(Hub.asked) == asked


def test_it_is_the_pinned_commit_that_is_asked_for(hub: str, tmp_path: Path) -> None:
    weights.fetch("tiny", CTRANSLATE2, tmp_path, hub)
    assert Hub.asked
    assert all(COMMIT in path for path in Hub.asked)


def test_weights_that_are_not_the_published_ones_and_files_that_changed_are_refused(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = weights.fetch("tiny", CTRANSLATE2, tmp_path, hub)
    (folder / "config.json").resolve().write_bytes(b"{ }")
    with pytest.raises(ConfigurationError, match=r"config\.json is not the file that was here first"):
        weights.fetch("tiny", CTRANSLATE2, tmp_path, hub)
    other = Pin(COMMIT, {"model.bin": "0" * 64})
    monkeypatch.setitem(pins.CTRANSLATE2, "Systran/faster-whisper-tiny", other)
    with pytest.raises(ConfigurationError, match=r"model\.bin is not the published file"):
        weights.fetch("tiny", CTRANSLATE2, tmp_path / "anew", hub)


@pytest.mark.parametrize("form", [CTRANSLATE2, TRANSFORMERS])
def test_every_size_is_pinned_to_a_commit(form: weights.Form) -> None:
    assert set(form.repositories.values()) == set(form.pins)
    for pin in form.pins.values():
        assert len(pin.revision) == 40
        assert all(len(digest) == 64 for digest in pin.sha256.values())


def test_a_long_download_says_how_far_it_is(
    hub: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_SAY_EVERY", 0)
    caplog.set_level(logging.INFO, "services.stt")
    weights.fetch("tiny", CTRANSLATE2, tmp_path, hub)
    said = [record.__dict__["percent"] for record in caplog.records if record.message == "downloading"]
    assert said
    assert all(0 <= percent <= 100 for percent in said)


def test_a_hub_that_does_not_know_the_model_and_one_that_is_away_are_told_apart_in_words(
    hub: str, tmp_path: Path
) -> None:
    unknown = weights.missing("nobody/nothing", CTRANSLATE2, tmp_path, hub)
    assert unknown is not None
    assert "nobody/nothing" in unknown
    assert "404" in unknown
    away = weights.missing("tiny", CTRANSLATE2, tmp_path, f"http://127.0.0.1:{free_port()}")
    assert away is not None
    assert "not on this machine" in away
    with pytest.raises(EngineError, match="faster-whisper-tiny"):
        weights.fetch("tiny", CTRANSLATE2, tmp_path, f"http://127.0.0.1:{free_port()}")


def test_a_folder_is_taken_as_it_is_and_says_what_it_lacks(counting_folder: Path, tmp_path: Path) -> None:
    assert weights.fetch(str(counting_folder), CTRANSLATE2) == counting_folder
    assert weights.missing(str(counting_folder), CTRANSLATE2) is None
    lack = weights.missing(str(counting_folder), TRANSFORMERS)
    assert lack is not None
    assert lack.endswith("has no model.safetensors")


def test_a_name_that_is_no_model_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigurationError, match=r"VISAVIS_STT_MODEL .*'huge'"):
        weights.repository("huge", CTRANSLATE2)
    assert weights.repository("turbo", TRANSFORMERS) == "openai/whisper-large-v3-turbo"
