"""`visavis channels`: what it says of each channel, and its exit status."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bus.errors import ConfigurationError, VisavisError
from bus.settings import Settings
from services.channels.accounts import CHANNELS, ChannelOption, build_channels
from services.channels.channel import Channel
from services.channels.folder import Folder
from visavis.channels import check, results
from visavis.doctor_checks import CheckResult

OFF = {"telegram_token": "", "whatsapp_token": "", "notes_folder": "off"}


def visavis(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")}
    environment |= {f"VISAVIS_{name.upper()}": value for name, value in {"data": str(folder), **settings}.items()}
    command = [sys.executable, "-m", "visavis", "channels", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_folder_is_on_and_the_others_are_off_until_they_are_configured(tmp_path: Path) -> None:
    listed = visavis(tmp_path)
    assert listed.returncode == 0
    assert [line.split() for line in listed.stdout.splitlines()] == [
        ["telegram", "off", "VISAVIS_TELEGRAM_TOKEN"],
        ["whatsapp", "off", "VISAVIS_WHATSAPP_TOKEN"],
        ["folder", "on", "VISAVIS_NOTES_FOLDER"],
    ]
    as_json = json.loads(visavis(tmp_path, "list", "--json", notes_folder="off").stdout)
    assert [row["state"] for row in as_json] == ["off", "off", "off"]


def test_the_folder_is_checked_without_a_running_system(tmp_path: Path) -> None:
    checked = visavis(tmp_path / "data", "check", "--no-color")
    assert checked.returncode == 0
    assert f"recordings dropped into {tmp_path}/data/notes/in are answered in" in checked.stdout
    assert "set VISAVIS_TELEGRAM_TOKEN to the token of a bot" in checked.stdout


def test_a_channel_that_does_not_work_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a file in the place of the folder")
    checked = visavis(tmp_path, "check", "--no-color")
    assert checked.returncode == 1
    assert "✗ folder" in checked.stdout
    assert f"{tmp_path}/notes cannot be used for notes" in checked.stdout
    assert "Traceback" not in checked.stdout + checked.stderr


def test_a_channel_that_lacks_a_setting_is_a_failure(tmp_path: Path) -> None:
    checked = visavis(tmp_path, "check", "--no-color", whatsapp_token="EAAsecret", notes_folder="off")
    assert checked.returncode == 1
    assert "VISAVIS_WHATSAPP_APP_SECRET" in checked.stdout
    assert "EAAsecret" not in checked.stdout + checked.stderr


class Checked(Folder):
    """A channel whose check does what it is told."""

    outcome: VisavisError | None = None
    closed = False

    async def check(self) -> Sequence[str]:
        if self.outcome is None:
            await asyncio.sleep(3600)
        assert self.outcome is not None
        raise self.outcome

    async def close(self) -> None:
        self.closed = True


def option(channel: Channel) -> ChannelOption:
    return ChannelOption("mail", "VISAVIS_MAIL", "set VISAVIS_MAIL", lambda settings: True, lambda settings: channel)


async def collected(channel: Channel, **options: float) -> list[CheckResult]:
    return [result async for result in results(Settings(), (option(channel),), **options)]


async def test_what_a_channel_says_is_shown_with_what_to_do(tmp_path: Path) -> None:
    channel = Checked(tmp_path)
    channel.outcome = VisavisError("the token was revoked; make a new one")
    (result,) = await collected(channel)
    assert (result.state, result.message) == ("failure", "the token was revoked; make a new one")
    assert "docs/channels.md" in result.remedy
    assert channel.closed


async def test_a_channel_that_does_not_answer_is_a_failure(tmp_path: Path) -> None:
    channel = Checked(tmp_path)
    (result,) = await collected(channel, patience=0.05)
    assert (result.state, result.message) == ("failure", "no answer within 0.05 s")
    assert channel.closed


async def test_nothing_configured_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert await check(Settings(**OFF), color=False) == 0  # type: ignore[arg-type]
    assert capsys.readouterr().out.count("docs/channels.md has the steps") == len(CHANNELS)


def test_webhooks_need_a_port() -> None:
    settings = Settings(whatsapp_token="t", channels_port=0)
    with pytest.raises(ConfigurationError, match="VISAVIS_CHANNELS_PORT=0 leaves no port"):
        build_channels(settings)
