"""The NATS server whose log is kept: the one in the settings, or an embedded one that is started for as long."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from msgspec import structs

from bus.errors import ConfigurationError
from bus.log import streams
from bus.log.event_log import EventLog, connect_only
from bus.log.store_folder import STORE, keep_blocks
from bus.settings import Settings
from visavis.doctor_checks import lock_holder
from visavis.nats.server import EmbeddedServer
from visavis.nats.store import has_log
from visavis.rerun.private_system import free_port
from visavis.up import lock_data_folder

_WITH_ITS_PARENT = '"$@" & read -r _; kill "$!"; wait'
"""A shell's command: runs another until its standard input ends, as that also does where its parent is killed."""
_MEMORY = "1GiB"
"""What the server may take before it looks for what it does not need any more: unpacking a stream leaves much."""
WAIT = 60.0
"""Seconds for a server to come up: it reads its whole store where that was not closed."""


def log_folder(settings: Settings) -> Path:
    """The folder of the embedded server."""
    return settings.data_folder / STORE


@asynccontextmanager
async def running_log(settings: Settings, *, name: str) -> AsyncIterator[EventLog]:
    """The log of the settings. Where it is an embedded one and Visavis is stopped, its server runs meanwhile.

    Raises:
        ConfigurationError: there is no log in the data folder.
        BusError: NATS does not answer.
    """
    if settings.nats_url or lock_holder(settings) is not None:
        async with connect_only(settings, name=name, wait=5.0) as event_log:
            yield event_log
        return
    if not has_log(settings.data_folder):
        raise ConfigurationError(f"there is no log in {settings.data_folder}; VISAVIS_DATA names the data folder")
    with lock_data_folder(settings.data_folder) as lock:
        async with embedded_log(settings, log_folder(settings), lock, name=name) as event_log:
            yield event_log


@asynccontextmanager
async def embedded_log(settings: Settings, folder: Path, lock: IO[str], *, name: str) -> AsyncIterator[EventLog]:
    """The log in a folder, by a server on a free port that is stopped cleanly at the end.

    Args:
        lock: of the data folder; the server holds it until it has stopped, also if this process is killed.
    Raises:
        BusError: the server does not come up.
    """
    server = EmbeddedServer(folder, free_port(), secrets.token_urlsafe(24))
    private = structs.replace(
        settings, nats_url=server.url, nats_replicas=1, nats_user="", nats_password="",
        nats_passwords="", nats_tls_ca="", nats_tls_cert="", nats_tls_key="",
    )  # fmt: skip
    keep_blocks(folder, streams.FOR_EVER)
    command = server.command()
    with (folder / "log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", _WITH_ITS_PARENT, "sh", *command,
            # Ctrl-C reaches this process only, which stops the server when it is done with it.
            stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, start_new_session=True,
            pass_fds=(lock.fileno(),), env={"GOMEMLIMIT": _MEMORY, **os.environ},
        )  # fmt: skip
    try:
        async with connect_only(private, name=name, wait=WAIT) as event_log:
            yield event_log
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        (folder / "log").unlink(missing_ok=True)
