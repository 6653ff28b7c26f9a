"""The embedded NATS server lets in who has its password, which commands find in the data folder."""

from __future__ import annotations

import asyncio
import stat
import subprocess
from pathlib import Path

import msgspec
import pytest

from bus.errors import BusError
from bus.log.event_log import connect
from bus.log.passwords import embedded_password
from bus.settings import Settings
from tests.conftest import free_port
from visavis.nats.server import EmbeddedServer


async def test_the_embedded_server_takes_its_password_and_no_other(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path / "data"), nats_port=free_port(), audio_bytes=1 << 20, frames_bytes=1 << 20)
    assert embedded_password(settings) == ""
    password = embedded_password(settings, make=True)
    server = EmbeddedServer(settings.data_folder / "nats", settings.nats_port, password)
    process = await asyncio.create_subprocess_exec(*server.command(), stderr=subprocess.DEVNULL)
    try:
        async with connect(settings, name="test") as event_log:  # as all processes and commands do
            assert event_log.connected
        other = msgspec.structs.replace(settings, data=str(tmp_path / "other"))
        for stranger in (other, msgspec.structs.replace(other, nats_user="visavis", nats_password="guessed")):
            with pytest.raises(BusError, match="NATS refuses the user or password") as refusal:
                async with connect(stranger, name="test", wait=1):
                    pass
            assert password not in refusal.value.detail
        with pytest.raises(BusError, match="NATS refuses the user or password") as refusal:
            async with connect(other, name="test", wait=60):  # nobody waits so long for what is no answer but a refusal
                pass
        assert "within 60 s" not in refusal.value.detail
    finally:
        process.kill()
        await process.wait()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (server.folder, server.folder / "nats.conf")}
    assert modes == {"nats": 0o700, "nats.conf": 0o600}


def test_files_of_an_earlier_version_are_made_private(tmp_path: Path) -> None:
    (tmp_path / "gateway.sqlite").write_text("")
    (tmp_path / "gateway.sqlite").chmod(0o644)
    tmp_path.chmod(0o755)
    embedded_password(Settings(data=str(tmp_path)), make=True)
    assert stat.S_IMODE((tmp_path / "gateway.sqlite").stat().st_mode) == 0o600
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
