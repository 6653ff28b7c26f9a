"""The errors that stop `visavis up`, and their messages; tests/e2e tests the rest of it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.errors import ConfigurationError
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.characters import current_characters
from services.render.builtin_characters import BUILTIN_CHARACTERS
from tests.conftest import free_port
from visavis.ports import SERVICES_WITH_HEALTH_PORT, check_ports, required_ports
from visavis.up import keep_log, lock_data_folder, publish_builtin_characters, wait_for_remains


def up(folder: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")},
        "VISAVIS_DATA": str(folder),
        "VISAVIS_PORT": str(free_port()),
        "VISAVIS_NATS_PORT": str(free_port()),
        "VISAVIS_LLM_PORT": str(free_port()),
        **{f"VISAVIS_{service.upper()}_PORT": "0" for service in SERVICES_WITH_HEALTH_PORT},
        **{f"VISAVIS_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "visavis", "up"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_second_start_on_the_same_data_folder_is_refused(tmp_path: Path) -> None:
    with lock_data_folder(tmp_path):
        second = up(tmp_path)
    assert second.returncode == 78
    assert f"Visavis runs already on {tmp_path} (process {os.getpid()})" in second.stderr
    assert "Traceback" not in second.stderr + second.stdout
    with lock_data_folder(tmp_path):
        pass  # and is free again afterwards


async def test_what_a_killed_start_has_left_is_waited_for_and_named(tmp_path: Path) -> None:
    lines: list[str] = []

    def print_line(name: str, line: str) -> None:
        lines.append(line)

    await wait_for_remains(tmp_path, print_line)  # there is no folder yet
    with lock_data_folder(tmp_path) as lock:
        await wait_for_remains(tmp_path, print_line)  # who runs is not waited for
        assert lines == []
        child = await asyncio.create_subprocess_exec("sleep", "60", pass_fds=(lock.fileno(),))
        lock.seek(0)
        lock.truncate()
        gone = await asyncio.create_subprocess_exec("true")
        await gone.wait()
        lock.write(str(gone.pid))
        lock.flush()
    await wait_for_remains(tmp_path, print_line, patience=0.1)
    named = pytest.raises(ConfigurationError, match=f"process {gone.pid}, which is gone.*process {child.pid}")
    with named, lock_data_folder(tmp_path):
        pass
    waiting = asyncio.create_task(wait_for_remains(tmp_path, print_line))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    child.kill()
    await child.wait()
    await waiting
    assert lines == [f"waiting for what an earlier start (process {gone.pid}) has left to end"] * 2
    with lock_data_folder(tmp_path):
        pass


def test_a_port_in_use_is_named_with_the_setting_that_changes_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        for setting in ("nats_port", "dialogue_port"):
            result = up(tmp_path, **{setting: port})
            assert result.returncode == 78
            assert f"127.0.0.1:{port}" in result.stderr
            assert f"set VISAVIS_{setting.upper()}" in result.stderr
            assert "Traceback" not in result.stderr + result.stdout


def test_a_port_set_twice_is_named_before_anything_is_started() -> None:
    port = free_port()
    # No port that is not named: a Visavis on the default ones may be running beside the tests.
    free = Settings(
        port=free_port(), nats_port=port, llm_port=free_port(), tts_port=0, render_port=0, stt_port=0, dialogue_port=0
    )
    with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}: .*, or set VISAVIS_TTS_PORT"):
        check_ports(replace(free, tts_port=port))
    settings = replace(free, port=port, nats_port=free_port())
    for _ in range(2):  # and are free again afterwards
        check_ports(settings)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    result = up(tmp_path, log_level="loud")
    assert result.returncode == 78
    assert "VISAVIS_LOG_LEVEL='loud'" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_service_that_cannot_run_as_configured_stops_it(tmp_path: Path) -> None:
    result = up(tmp_path, dialogue_engine="oracle")
    assert result.returncode == 78
    assert "VISAVIS_DIALOGUE_ENGINE must be auto or one of" in result.stdout
    assert "dialogue cannot run as configured" in result.stderr
    assert "open http" not in result.stdout
    assert "Traceback" not in result.stderr + result.stdout


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    result = up(tmp_path / "data")
    assert result.returncode == 78
    assert str(tmp_path / "data") in result.stderr
    assert "Traceback" not in result.stderr


async def test_the_built_in_characters_are_published_once(event_log: EventLog) -> None:
    await publish_builtin_characters(event_log)
    written = await event_log.last_sequence("CHARACTERS")
    await publish_builtin_characters(event_log)
    assert await current_characters(event_log) == dict(BUILTIN_CHARACTERS)
    assert await event_log.last_sequence("CHARACTERS") == written == len(BUILTIN_CHARACTERS) >= 3


async def until_published(event_log: EventLog) -> None:
    async with asyncio.timeout(60):
        while await current_characters(event_log) != dict(BUILTIN_CHARACTERS):
            await asyncio.sleep(0.05)


async def test_streams_that_vanish_are_made_again_with_the_built_in_characters(
    event_log: EventLog, settings: Settings
) -> None:
    await publish_builtin_characters(event_log)
    keeping = asyncio.create_task(keep_log(settings))
    try:
        for _ in range(2):
            await event_log.js.delete_stream("CHARACTERS")
            await until_published(event_log)
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


def test_the_port_of_channels_is_needed_only_where_a_channel_has_a_network() -> None:
    uses = {one.use for one in required_ports(Settings())}
    assert "health of channels" not in uses
    assert "health of channels" in {one.use for one in required_ports(Settings(telegram_token="1:a"))}


def test_a_channel_that_lacks_a_setting_stops_it(tmp_path: Path) -> None:
    result = up(tmp_path, whatsapp_token="EAAsecret", channels_port=free_port())
    assert result.returncode == 78
    assert "VISAVIS_WHATSAPP_APP_SECRET" in result.stdout
    assert "channels cannot run as configured" in result.stderr
    assert "EAAsecret" not in result.stdout + result.stderr
