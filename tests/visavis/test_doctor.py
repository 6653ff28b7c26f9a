"""What is here, what would be used and why, and what is in the way: each in one line with what to do."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.log.event_log import EventLog
from bus.process.discovery import announce
from bus.settings import Settings
from tests.conftest import free_port
from visavis import doctor as doctor_module
from visavis import doctor_checks as checks
from visavis.doctor import doctor, language_model, line, nats, verdict
from visavis.doctor_checks import Finding, failure, ok, warning

QUIET = Settings(stt_port=0, dialogue_port=0, tts_port=0, render_port=0)
"""No ports but those that a test names."""


def states(findings: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.about, finding.state) for finding in findings]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


# How it is told


def test_a_line_has_a_mark_what_it_is_about_and_what_to_do() -> None:
    assert line(ok("python", "3.11"), color=False) == "✓ python       3.11"
    assert line(warning("disk", "1 GB", "free some"), color=False) == "! disk         1 GB\n               → free some"
    assert line(failure("nats", "away", "start it"), color=True).startswith("\x1b[31m✗\x1b[0m nats         away\n")


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([ok("a", "b")], "Ready: `visavis up` can start."),
        ([ok("a", "b"), warning("a", "b", "c")], "Ready, with 1 remark: `visavis up` can start."),
        ([warning("a", "b", "c")] * 2, "Ready, with 2 remarks: `visavis up` can start."),
        ([failure("a", "b", "c"), warning("a", "b", "c")], "1 thing stops `visavis up`."),
        ([failure("a", "b", "c")] * 2, "2 things stop `visavis up`."),
    ],
)
def test_the_report_ends_in_one_sentence(findings: list[Finding], said: str) -> None:
    assert verdict(findings) == said


# What is installed


def test_this_python_and_these_packages_are_good() -> None:
    assert states(checks.python()) == [("python", "ok")]
    assert [finding.about for finding in checks.packages()] == ["packages"]


def test_an_old_python_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "OLDEST_PYTHON", (99, 0))
    assert states(checks.python()) == [("python", "failure")]


def test_packages_that_differ_from_their_pins_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, extra = ["msgspec==0.0.1", "no-such-thing==1.0"], ["nope==2.0; extra == 'x'", "pytest==0.1; extra == 'dev'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda name: plain + extra)
    (found,) = checks.packages()
    assert found.state == "warning"
    parts = found.said.split("; ")
    assert [part.split()[0] for part in parts] == ["msgspec", "no-such-thing", "pytest"]
    assert parts[0].endswith(", wanted 0.0.1")
    assert parts[1] == "no-such-thing is missing"


def test_a_project_that_is_not_installed_stops_it() -> None:
    assert [finding.state for finding in checks.packages("no-such-project")] == ["failure"]


@pytest.mark.parametrize(
    ("text", "state"),
    [("echo 'nats-server: v2.15.1'", "ok"), ("echo 'nats-server: v2.9.0'", "failure"), ("exit 1", "failure")],
)
def test_the_nats_server_has_to_run_and_be_new_enough(
    path: Path, monkeypatch: pytest.MonkeyPatch, text: str, state: str
) -> None:
    monkeypatch.setenv("NATS_SERVER_BIN", str(script(path, "my-nats", text)))
    assert states(checks.programs(Settings()))[0] == ("nats-server", state)


def test_with_a_server_elsewhere_none_is_needed_here() -> None:
    assert "nats-server" not in dict(states(checks.programs(Settings(nats_url="nats://example:4222"))))


def test_without_flite_the_other_voice_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for found, said in ((object(), "eSpeak NG speaks"), (None, "nor eSpeak NG")):
        monkeypatch.setattr("importlib.util.find_spec", lambda name, found=found: found)
        flite = next(finding for finding in checks.programs(Settings(nats_url="x")) if finding.about == "flite")
        assert flite.state == "warning"
        assert said in flite.said
    script(path, "flite", "exit 0")
    assert ("flite", "ok") in states(checks.programs(Settings(nats_url="x")))


def test_the_page_is_there_or_can_be_built(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def page() -> str:
        return dict(states(checks.programs(Settings(nats_url="x"))))["page"]

    monkeypatch.setattr(checks, "PAGE", tmp_path / "index.html")
    assert page() == "failure"
    script(path, "node", "echo v18.1.0")
    assert page() == "failure"
    script(path, "node", "echo v20.1.0")
    assert page() == "warning"
    (tmp_path / "index.html").write_text("")
    assert page() == "ok"


def test_a_gpu_is_named(path: Path) -> None:
    def gpu() -> str:
        return next(finding.said for finding in checks.programs(Settings(nats_url="x")) if finding.about == "gpu")

    assert gpu().startswith("none")
    script(path, "nvidia-smi", "echo 'NVIDIA H200, 143771 MiB'")
    assert gpu() == "NVIDIA H200, 143771 MiB"


# What would be used


def test_each_service_tells_its_engine_and_why() -> None:
    found = {finding.about: finding for finding in checks.engines(Settings())}
    assert list(found) == ["stt", "dialogue", "tts", "render"]
    assert found["dialogue"].said == (
        "companion (not openai: VISAVIS_LLM_URL is not set; the best that can run here)"
    )


def test_an_engine_that_cannot_be_had_stops_it_and_names_the_setting() -> None:
    finding = checks.engine_of("dialogue", Settings(dialogue_engine="openai"))
    assert finding.state == "failure"
    assert "VISAVIS_LLM_URL" in finding.said
    assert "VISAVIS_DIALOGUE_ENGINE" in finding.remedy


def test_a_service_that_does_not_load_is_a_line_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError("libfoo.so is missing")

    monkeypatch.setattr("importlib.import_module", broken)
    finding = checks.engine_of("render", Settings())
    assert (finding.state, finding.said) == ("failure", "the service cannot be loaded: libfoo.so is missing")


# Ports, folder, disk


def test_a_taken_port_is_told_with_who_has_it(taken: int, tmp_path: Path) -> None:
    settings = replace(QUIET, port=taken, nats_port=free_port(), data=str(tmp_path / "data"))
    first, second = checks.ports(settings)
    assert (first.state, second.state) == ("failure", "ok")
    assert f"(process {os.getpid()})" in first.said
    assert "VISAVIS_PORT" in first.remedy


def test_the_ports_of_health_are_looked_at_too(taken: int, tmp_path: Path) -> None:
    free = free_port()
    settings = replace(QUIET, nats_url="nats://x", data=str(tmp_path), stt_port=free, render_port=taken)
    _, stt, render = checks.ports(settings)
    assert (stt.about, stt.state, stt.said) == (f"port {free}", "ok", "free on 127.0.0.1, for health of stt")
    assert render.state == "failure"
    assert "VISAVIS_RENDER_PORT" in render.remedy


def test_a_port_taken_by_the_visavis_that_runs_is_fine(taken: int, tmp_path: Path) -> None:
    settings = replace(QUIET, port=taken, nats_url="nats://x", data=str(tmp_path))
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        (found,) = checks.ports(settings)
    assert (found.state, found.said) == ("ok", "taken by the Visavis that runs here (process 4711)")
    assert next(checks.ports(settings)).state == "failure"


def test_nobody_is_named_where_nobody_listens() -> None:
    assert checks.user_of(free_port()) is None


def test_a_folder_that_can_be_made_is_good_and_leaves_no_trace(tmp_path: Path) -> None:
    assert states(checks.data_folder(Settings(data=str(tmp_path / "a" / "b"))))[0] == ("data folder", "ok")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_stops_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (found,) = checks.data_folder(Settings(data=str(tmp_path / "file" / "data")))
    assert (found.state, found.about) == ("failure", "data folder")


@pytest.mark.parametrize(("free", "state"), [(1 << 20, "failure"), (4 << 30, "warning"), (100 << 30, "ok")])
def test_the_disk_has_to_hold_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(200 << 30, 0, free))
    assert states(checks.data_folder(Settings(data=str(tmp_path))))[1] == ("disk", state)


# NATS


async def test_a_server_tells_its_version_its_streams_and_its_services(event_log: EventLog, settings: Settings) -> None:
    async with announce(event_log, "dialogue", "companion"):
        found = await nats(settings)
    assert [(finding.about, finding.state) for finding in found] == [
        ("nats", "ok"), ("streams", "ok"), ("services", "ok"), ("dead letters", "ok")
    ]  # fmt: skip
    assert re.fullmatch(r"2\.\d+\.\d+ at nats://127\.0\.0\.1:\d+", found[0].said)
    assert found[1].said.startswith("last sequences: CONVERSATIONS 0, AUDIO 0")
    assert found[2].said == "dialogue (companion)"
    await event_log.js.publish("dead.CONVERSATIONS.tts", b"x")
    remark = (await nats(settings))[3]
    assert (remark.state, remark.said) == ("warning", "1: work that was given up")


async def test_a_server_that_is_not_there_stops_it_only_where_it_was_named() -> None:
    port = free_port()
    (embedded,) = await nats(Settings(nats_port=port))
    (named,) = await nats(Settings(nats_url=f"nats://user:secret@127.0.0.1:{port}"))
    assert (embedded.state, named.state) == ("ok", "failure")
    assert "secret" not in named.said


async def test_something_else_on_the_port_is_no_server(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "PATIENCE", 0.2)
    (found,) = await nats(Settings(nats_port=taken))
    assert (found.state, found.said) == ("failure", f"what listens at nats://127.0.0.1:{taken} is no NATS server")


# The language model


@pytest.fixture
async def endpoint() -> AsyncIterator[str]:
    """An endpoint with two models; its address has a password in it."""
    body = b'{"data": [{"id": "llama3.2"}, {"id": "qwen3"}]}'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://user:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def test_a_language_model_is_asked_for_what_it_has(endpoint: str) -> None:
    (picked,) = await language_model(Settings(llm_url=endpoint))
    (named,) = await language_model(Settings(llm_url=endpoint, llm_model="qwen3"))
    (absent,) = await language_model(Settings(llm_url=endpoint, llm_model="gpt"))
    assert [picked.state, named.state, absent.state] == ["ok", "ok", "warning"]
    assert picked.said.startswith("llama3.2 at 127.0.0.1")
    assert absent.said == "gpt is not listed, only llama3.2, qwen3"
    assert "secret" not in picked.said


async def test_a_language_model_that_is_away_is_a_remark_and_a_wrong_address_stops_it() -> None:
    (away,) = await language_model(Settings(llm_url=f"http://127.0.0.1:{free_port()}/v1"))
    (wrong,) = await language_model(Settings(llm_url="localhost:11434"))
    assert (away.state, wrong.state) == ("warning", "failure")
    assert await language_model(Settings()) == []


async def test_the_whole_report_ends_with_a_verdict_and_a_status(
    event_log: EventLog, settings: Settings, taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Settings(nats_url=settings.nats_url, data=settings.data, port=free_port())
    assert await doctor(good, color=False) == int("✗" in (out := capsys.readouterr().out))
    for about in ("python", "packages", "flite", "dialogue", "disk", "port", "nats"):
        assert f" {about}" in out
    assert await doctor(Settings(nats_url=settings.nats_url, data=settings.data, port=taken), color=False) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("`visavis up`.")
