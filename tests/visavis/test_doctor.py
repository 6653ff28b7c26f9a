"""The checks of `visavis doctor`: each gives one line, with a remedy where it is not ok."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import socket
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.log.event_log import EventLog
from bus.process.discovery import announce
from bus.settings import Settings
from tests.conftest import free_port
from visavis import doctor_checks as checks
from visavis.doctor import (
    check_channels,
    check_language_model,
    check_nats,
    check_tools,
    doctor,
    format_result,
    summary,
)
from visavis.doctor_checks import CheckResult, failure, ok, warning

QUIET = Settings(stt_port=0, dialogue_port=0, tts_port=0, render_port=0)
"""No ports but those that a test sets."""


def states(results: Iterator[CheckResult]) -> list[tuple[str, str]]:
    return [(result.subject, result.state) for result in results]


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
    """An empty folder, the only one in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


# The report


def test_a_line_has_a_mark_a_subject_a_message_and_a_remedy() -> None:
    assert format_result(ok("python", "3.11"), color=False) == "✓ python       3.11"
    remark, error = warning("disk", "1 GB", "free some"), failure("nats", "away", "start it")
    assert format_result(remark, color=False) == "! disk         1 GB\n               → free some"
    assert format_result(error, color=True).startswith("\x1b[31m✗\x1b[0m nats         away\n")


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([ok("a", "b")], "Ready: `visavis up` can start."),
        ([ok("a", "b"), warning("a", "b", "c")], "Ready, with 1 remark: `visavis up` can start."),
        ([warning("a", "b", "c")] * 2, "Ready, with 2 remarks: `visavis up` can start."),
        ([failure("a", "b", "c"), warning("a", "b", "c")], "1 thing stops `visavis up`."),
        ([failure("a", "b", "c")] * 2, "2 things stop `visavis up`."),
    ],
)
def test_the_report_ends_in_one_sentence(results: list[CheckResult], sentence: str) -> None:
    assert summary(results) == sentence


# What is installed


def test_this_python_and_these_packages_are_ok() -> None:
    assert states(checks.python()) == [("python", "ok")]
    assert [result.subject for result in checks.packages()] == ["packages"]


def test_an_old_python_is_a_failure() -> None:
    assert states(checks.python(oldest=(99, 0))) == [("python", "failure")]


def test_packages_that_differ_from_their_pins_are_named() -> None:
    plain, extra = ["msgspec==0.0.1", "no-such-thing==1.0"], ["nope==2.0; extra == 'x'", "pytest==0.1; extra == 'dev'"]
    (found,) = checks.packages(requires=lambda name: plain + extra)
    assert found.state == "warning"
    parts = found.message.split("; ")
    assert [part.split()[0] for part in parts] == ["msgspec", "no-such-thing", "pytest"]
    assert parts[0].endswith(", wanted 0.0.1")
    assert parts[1] == "no-such-thing is missing"


def test_pins_for_other_versions_of_python_are_left_out() -> None:
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    for how, state in (("!=", "ok"), ("==", "warning")):
        pins = [f"msgspec==0.0.1 ; python_version {how} '{this}'"]
        assert [one.state for one in checks.packages(requires=lambda name: pins)] == [state]  # noqa: B023


def test_a_project_that_is_not_installed_is_a_failure() -> None:
    assert [result.state for result in checks.packages("no-such-project")] == ["failure"]


@pytest.mark.parametrize(
    ("text", "state"),
    [("echo 'nats-server: v2.15.1'", "ok"), ("echo 'nats-server: v2.9.0'", "failure"), ("exit 1", "failure")],
)
def test_the_nats_server_has_to_run_and_be_new_enough(
    path: Path, monkeypatch: pytest.MonkeyPatch, text: str, state: str
) -> None:
    monkeypatch.setenv("NATS_SERVER_BIN", str(script(path, "my-nats", text)))
    assert states(checks.programs(Settings()))[0] == ("nats-server", state)


def test_with_a_nats_url_no_server_program_is_needed() -> None:
    assert "nats-server" not in dict(states(checks.programs(Settings(nats_url="nats://example:4222"))))


def test_without_flite_the_other_voice_is_named(path: Path) -> None:
    for module, message in ((object(), "eSpeak NG speaks"), (None, "nor eSpeak NG")):
        results = checks.programs(Settings(nats_url="x"), find_module=lambda name, module=module: module)  # type: ignore[misc]
        flite = next(result for result in results if result.subject == "flite")
        assert flite.state == "warning"
        assert message in flite.message
    script(path, "flite", "exit 0")
    assert ("flite", "ok") in states(checks.programs(Settings(nats_url="x")))


def test_the_page_is_built_or_can_be_built(path: Path, tmp_path: Path) -> None:
    def page() -> str:
        return dict(states(checks.programs(Settings(nats_url="x"), page=tmp_path / "index.html")))["page"]

    assert page() == "failure"
    script(path, "node", "echo v18.1.0")
    assert page() == "failure"
    script(path, "node", "echo v20.1.0")
    assert page() == "warning"
    (tmp_path / "index.html").write_text("")
    assert page() == "ok"


def test_a_gpu_is_named(path: Path) -> None:
    def gpu() -> str:
        return next(result.message for result in checks.programs(Settings(nats_url="x")) if result.subject == "gpu")

    assert gpu().startswith("none")
    script(path, "nvidia-smi", "echo 'NVIDIA H200, 143771 MiB'")
    assert gpu() == "NVIDIA H200, 143771 MiB"


# Engines


def test_the_engine_of_each_service_is_named_and_explained(tmp_path: Path) -> None:
    found = {result.subject: result for result in checks.engines(Settings(models=str(tmp_path)))}
    assert list(found) == ["stt", "dialogue", "tts", "render"]
    assert found["dialogue"].message == (
        "companion (not openai: VISAVIS_LLM_URL is not set; "
        f"not local: its model is not in {tmp_path}/mind (`make mind` fetches it); the best that can run here)"
    )


def test_an_engine_that_cannot_run_is_a_failure_that_names_the_setting() -> None:
    result = checks.engine_of_service("dialogue", Settings(dialogue_engine="openai"))
    assert result.state == "failure"
    assert "VISAVIS_LLM_URL" in result.message
    assert "VISAVIS_DIALOGUE_ENGINE" in result.remedy


def test_a_service_that_does_not_load_is_a_line_and_no_traceback() -> None:
    def broken(name: str) -> None:
        raise ImportError("libfoo.so is missing")

    result = checks.engine_of_service("render", Settings(), import_module=broken)
    assert (result.state, result.message) == ("failure", "the service cannot be loaded: libfoo.so is missing")


# Ports, folder, disk


def test_the_program_that_has_a_taken_port_is_named(taken: int, tmp_path: Path) -> None:
    settings = replace(QUIET, port=taken, nats_port=free_port(), data=str(tmp_path / "data"))
    first, second = checks.ports(settings)
    assert (first.state, second.state) == ("failure", "ok")
    assert f"(process {os.getpid()})" in first.message
    assert "VISAVIS_PORT" in first.remedy


def test_the_health_ports_are_checked_too(taken: int, tmp_path: Path) -> None:
    free = free_port()
    settings = replace(QUIET, nats_url="nats://x", data=str(tmp_path), stt_port=free, render_port=taken)
    _, stt, render = checks.ports(settings)
    assert (stt.subject, stt.state, stt.message) == (f"port {free}", "ok", "free on 127.0.0.1, for health of stt")
    assert render.state == "failure"
    assert "VISAVIS_RENDER_PORT" in render.remedy


def test_a_port_taken_by_the_running_visavis_is_ok(taken: int, tmp_path: Path) -> None:
    settings = replace(QUIET, port=taken, nats_url="nats://x", data=str(tmp_path))
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        (found,) = checks.ports(settings)
    assert (found.state, found.message) == ("ok", "taken by the Visavis that runs here (process 4711)")
    assert next(checks.ports(settings)).state == "failure"


def test_a_free_port_has_no_owner() -> None:
    assert checks.port_owner(free_port()) is None


def test_a_folder_that_can_be_created_is_ok_and_is_not_created(tmp_path: Path) -> None:
    assert states(checks.data_folder(Settings(data=str(tmp_path / "a" / "b"))))[0] == ("data folder", "ok")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (found,) = checks.data_folder(Settings(data=str(tmp_path / "file" / "data")))
    assert (found.state, found.subject) == ("failure", "data folder")


@pytest.mark.parametrize(("free", "state"), [(1 << 20, "failure"), (4 << 30, "warning"), (100 << 30, "ok")])
def test_the_disk_has_to_have_room_for_all_streams(tmp_path: Path, free: int, state: str) -> None:
    results = checks.data_folder(Settings(data=str(tmp_path)), free_bytes=lambda path: free)
    assert states(results)[1] == ("disk", state)


# NATS


async def test_a_server_shows_its_version_streams_and_services(event_log: EventLog, settings: Settings) -> None:
    async with (
        announce(event_log, "dialogue", "companion"),
        announce(event_log, "stt", "moonshine", serving=lambda: "pocketsphinx"),
    ):
        found = await check_nats(settings)
    assert [(result.subject, result.state) for result in found] == [
        ("nats", "ok"), ("streams", "ok"), ("services", "ok"), ("dead letters", "ok")
    ]  # fmt: skip
    assert re.fullmatch(r"2\.\d+\.\d+ at nats://127\.0\.0\.1:\d+", found[0].message)
    assert found[1].message.startswith("last sequences: CONVERSATIONS 0, AUDIO 0")
    assert found[2].message == "dialogue (companion), stt (pocketsphinx, in place of moonshine)"
    await event_log.js.publish("dead.CONVERSATIONS.tts", b"x")
    remark = (await check_nats(settings))[3]
    assert (remark.state, remark.message) == ("warning", "1: work that was given up")


async def test_a_missing_server_is_a_failure_only_where_its_url_is_set() -> None:
    port = free_port()
    (embedded,) = await check_nats(Settings(nats_port=port))
    (named,) = await check_nats(Settings(nats_url=f"nats://user:secret@127.0.0.1:{port}"))
    assert (embedded.state, named.state) == ("ok", "failure")
    assert "secret" not in named.message


async def test_what_says_nothing_on_the_port_may_be_nats_that_stands_still(taken: int) -> None:
    (found,) = await check_nats(Settings(nats_port=taken), timeout=0.2)
    assert (found.state, found.message) == ("failure", f"what listens at nats://127.0.0.1:{taken} does not answer")
    assert "continue or restart it" in (found.remedy or "")


async def test_another_program_on_the_port_is_no_server() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        (found,) = await check_nats(Settings(nats_port=port), timeout=2)
    assert (found.state, found.message) == ("failure", f"what listens at nats://127.0.0.1:{port} is no NATS server")


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


async def test_the_language_model_has_to_list_the_model_in_the_settings(endpoint: str) -> None:
    (picked,) = await check_language_model(Settings(llm_url=endpoint))
    (named,) = await check_language_model(Settings(llm_url=endpoint, llm_model="qwen3"))
    (absent,) = await check_language_model(Settings(llm_url=endpoint, llm_model="gpt"))
    assert [picked.state, named.state, absent.state] == ["ok", "ok", "warning"]
    assert picked.message.startswith("llama3.2 at 127.0.0.1")
    assert absent.message == "gpt is not listed, only llama3.2, qwen3"
    assert "secret" not in picked.message


async def test_an_unreachable_language_model_is_a_warning_and_a_wrong_address_a_failure() -> None:
    (away,) = await check_language_model(Settings(llm_url=f"http://127.0.0.1:{free_port()}/v1"))
    (wrong,) = await check_language_model(Settings(llm_url="localhost:11434"))
    assert (away.state, wrong.state) == ("warning", "failure")
    assert await check_language_model(Settings()) == []


async def test_each_of_several_language_models_has_a_line_of_its_own(endpoint: str) -> None:
    urls = f"{endpoint},http://127.0.0.1:{free_port()}/v1"
    here, away = await check_language_model(Settings(llm_url=urls, llm_model="qwen3,"))
    assert [here.state, away.state] == ["ok", "warning"]
    assert here.message.startswith("qwen3 at 127.0.0.1")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:7890", "socks://127.0.0.1:7890", "http://127.0.0.1:9"])
async def test_a_language_model_on_this_machine_is_reached_whatever_proxy_is_named(
    endpoint: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The environment is read where the client is made, deep below the command.
    for name in ("ALL_PROXY", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy)
    (result,) = await check_language_model(Settings(llm_url=endpoint))
    assert result.state == "ok"


async def test_a_proxy_that_cannot_be_used_is_a_failure_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:7890")
    (result,) = await check_language_model(Settings(llm_url="https://models.example.com/v1"))
    assert result.state == "failure"
    assert "ALL_PROXY=socks://127.0.0.1:7890" in result.message


def test_a_file_of_tool_servers_is_read_and_a_missing_one_stops_the_start(tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="the extra tools is not installed")
    (tmp_path / "tools.json").write_text('{"mcpServers": {"clock": {"command": "clock"}}}')
    (named,) = check_tools(Settings(tools=str(tmp_path / "tools.json")))
    (missing,) = check_tools(Settings(tools=str(tmp_path / "absent.json")))
    assert (named.state, missing.state) == ("ok", "failure")
    assert "clock" in named.message
    assert "absent.json" in missing.message
    assert check_tools(Settings()) == []


async def test_a_language_model_on_this_machine_is_named(endpoint: str, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the extra mind is not installed")
    (tmp_path / "mine.gguf").write_bytes(b"GGUF")
    file, port = str(tmp_path / "mine.gguf"), int(endpoint.split(":")[-1].removesuffix("/v1"))
    (running,) = await check_language_model(Settings(llm_file=file, llm_port=port))
    (away,) = await check_language_model(Settings(llm_file=file, llm_port=free_port()))
    assert (running.state, running.message) == ("ok", f"llama3.2 at 127.0.0.1:{port}, on this machine")
    assert (away.state, away.message) == ("ok", "mine on this machine, not running; `visavis up` starts it")
    (dialogue,) = (one for one in checks.engines(Settings(llm_file=file)) if one.subject == "dialogue")
    assert dialogue.message == "local (not openai: VISAVIS_LLM_URL is not set; the best that can run here)"


async def test_the_report_ends_with_a_summary_and_an_exit_status(
    event_log: EventLog, settings: Settings, taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Settings(nats_url=settings.nats_url, data=settings.data, port=free_port())
    assert await doctor(good, color=False) == int("✗" in (out := capsys.readouterr().out))
    for about in ("python", "packages", "flite", "dialogue", "disk", "port", "nats"):
        assert f" {about}" in out
    assert await doctor(Settings(nats_url=settings.nats_url, data=settings.data, port=taken), color=False) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("`visavis up`.")


async def test_channels_that_are_on_are_named_and_one_that_lacks_a_setting_stops_up(tmp_path: Path) -> None:
    (found,) = await check_channels(Settings(data=str(tmp_path), telegram_token="123456:abc"))
    assert (found.state, found.message) == ("ok", "telegram, folder; `visavis channels check` tries them")
    (wrong,) = await check_channels(Settings(data=str(tmp_path), whatsapp_token="EAAsecret"))
    assert wrong.state == "failure"
    assert "VISAVIS_WHATSAPP_APP_SECRET" in wrong.message
    assert await check_channels(Settings(notes_folder="off")) == []
