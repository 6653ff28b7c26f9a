"""Files of models come whole or not at all, and a broken download goes on where it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bus.errors import EngineError
from services.tts.arriving import Arriving
from services.tts.engine import Synthesizer, Voice
from services.tts.weights import Weights, download, fingerprint
from tests.conftest import free_port
from tests.fakes import FakeSynthesizer

CONTENT = bytes(range(256)) * 20_000


class Hub(BaseHTTPRequestHandler):
    """Has one file; breaks off after `breaks_at` bytes once."""

    breaks_at: int | None = None
    asked: list[str | None]

    def do_GET(self) -> None:
        if self.path != "/model/resolve/main/onnx/model.onnx":
            return self.send_error(404)
        asked = self.headers["Range"]
        type(self).asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end, type(self).breaks_at = self.breaks_at, None
        self.wfile.write(CONTENT[start:end])
        return None

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the test's own output is enough."""


@pytest.fixture
def hub() -> Iterator[str]:
    Hub.asked, Hub.breaks_at = [], None
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


MODEL = Weights("model", "main", ("onnx/model.onnx",))


def test_what_is_missing_comes_and_is_not_fetched_again(hub: str, tmp_path: Path) -> None:
    assert MODEL.missing(tmp_path) == ["onnx/model.onnx"]
    MODEL.fetch(hub, tmp_path)
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT
    assert MODEL.missing(tmp_path) == []
    MODEL.fetch(hub, tmp_path)
    assert Hub.asked == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_download_that_broke_off_goes_on(hub: str, tmp_path: Path) -> None:
    Hub.breaks_at = 3_000_000
    with pytest.raises(EngineError) as caught:
        MODEL.fetch(hub, tmp_path)
    assert caught.value.retryable
    assert MODEL.missing(tmp_path) == ["onnx/model.onnx"]
    have = (tmp_path / "model.onnx.part").stat().st_size
    MODEL.fetch(hub, tmp_path)
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT
    assert Hub.asked == [None, f"bytes={have}-" if have else None]


def test_progress_is_told_up_to_the_end(hub: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    url = f"{hub}/model/resolve/main/onnx/model.onnx"
    download(url, tmp_path / "m", lambda have, whole: told.append((have, whole)))
    assert told == sorted(told)
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_without_a_network_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=rf"model.onnx cannot be downloaded .* put it at {tmp_path}") as caught:
        MODEL.fetch(f"http://127.0.0.1:{free_port()}", tmp_path)
    assert caught.value.retryable


def test_what_the_hub_does_not_have_is_not_asked_for_again(hub: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="answers 404") as caught:
        Weights("other", "main", ("x",)).fetch(hub, tmp_path)
    assert not caught.value.retryable


def test_another_model_has_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    before = fingerprint(tmp_path, ["a"])
    assert fingerprint(tmp_path, ["a"]) == before
    (tmp_path / "a").write_bytes(b"two")
    assert fingerprint(tmp_path, ["a"]) != before


def test_until_a_voice_has_arrived_another_one_speaks() -> None:
    meanwhile, wanted, there = FakeSynthesizer(), FakeSynthesizer(), threading.Event()
    tries: list[int] = []

    def make() -> Synthesizer:
        tries.append(1)
        if len(tries) == 1:
            raise EngineError("no network", retryable=True)
        there.wait(10)
        return wanted

    arriving = Arriving(make, meanwhile, "x", pauses=(0.0,))
    list(arriving.speak("a", Voice(), 1))
    there.set()
    assert arriving.settled.wait(10)
    list(arriving.speak("b", Voice(), 1))
    assert [text for text, *_ in meanwhile.asked] == ["a"]
    assert [text for text, *_ in wanted.asked] == ["b"]
    assert len(tries) == 2


def test_a_voice_that_cannot_come_leaves_the_other_one() -> None:
    def make() -> Synthesizer:
        raise EngineError("no such file", retryable=False)

    meanwhile = FakeSynthesizer()
    arriving = Arriving(make, meanwhile, "x")
    assert arriving.settled.wait(10)
    list(arriving.speak("a", Voice(), 1))
    assert arriving.voice_for(Voice("male")) == "fake/male"
    assert len(meanwhile.asked) == 1
