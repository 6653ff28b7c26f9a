"""`visavis up`: everything on this machine, kept running until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bus import clock
from bus.errors import BusError, ConfigurationError
from bus.events import CharacterCreated, CharacterEvent
from bus.ids import new_id
from bus.log.event_log import EventLog, connect
from bus.process.discovery import discover
from bus.process.lifecycle import run_until_signalled
from bus.settings import Settings
from services.characters import current_characters
from services.render.builtin_characters import BUILTIN_CHARACTERS
from visavis.nats.server import EmbeddedServer
from visavis.nats.watchdog import Watchdog
from visavis.ports import check_ports
from visavis.supervisor import Child, LinePrinter, Supervisor, line_printer

SERVICES = ("stt", "dialogue", "tts", "render", "gateway")
_READY_PATIENCE = 90.0
"""Seconds for all services to come up, counted anew whenever one says that it is downloading its model."""


@contextlib.contextmanager
def lock_data_folder(folder: Path) -> Iterator[None]:
    """Hold the data folder.

    Raises:
        ConfigurationError: another `visavis up` holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock: IO[str] = (folder / "lock").open("a+")
    except OSError as error:
        raise ConfigurationError(f"the data folder {folder} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "?"
            raise ConfigurationError(
                f"Visavis runs already on {folder} (process {holder}); stop it, or give a second one VISAVIS_DATA and "
                "ports of its own"
            ) from error
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield


async def publish_builtin_characters(event_log: EventLog) -> None:
    """Put the built-in characters on record where they are missing or have changed."""
    known = await current_characters(event_log)
    for character, created in BUILTIN_CHARACTERS.items():
        if known.get(character) != created:
            await event_log.append_character(_told(character, created))


def _told(character: str, created: CharacterCreated) -> CharacterEvent:
    return CharacterEvent(id=new_id("e"), at=clock.now(), character=character, body=created)


async def up(settings: Settings) -> None:
    """Start everything, say where the page is, and keep it running.

    Raises:
        ConfigurationError: something has to be changed before it can run.
        BusError: it did not come up.
    """
    say = line_printer(sys.stdout)
    with lock_data_folder(settings.data_folder):
        check_ports(settings)
        supervisor = Supervisor(say)
        watching: asyncio.Task[None] | None = None
        try:
            if not settings.nats_url:
                server = EmbeddedServer(settings.data_folder / "nats", settings.nats_port)
                nats = Child("nats", server.command(), is_shown=lambda line: "[INF]" not in line)
                supervisor.start(nats)
                watching = asyncio.create_task(Watchdog(server.folder, supervisor, nats, say).watch())
            await _start_services(settings, supervisor, say)
            await supervisor.gave_up.wait()
            names = ", ".join(child.name for child in supervisor.children if child.given_up)
            raise ConfigurationError(f"{names} cannot run as configured, see above")
        finally:
            say("visavis", "stopping")
            if watching is not None:
                watching.cancel()
            await supervisor.stop()


async def _start_services(settings: Settings, supervisor: Supervisor, say: LinePrinter) -> None:
    began = time.monotonic()
    async with connect(settings, name="up") as event_log:
        await publish_builtin_characters(event_log)
        waiting = _Waiting()
        for name in SERVICES:
            command = [sys.executable, "-m", f"services.{name}"]
            supervisor.start(Child(name, command, is_shown=waiting.take_line))
        missing = await _wait_for_services(event_log, supervisor, waiting)
        if missing:
            raise BusError(f"{', '.join(missing)} did not come up within {_READY_PATIENCE:.0f} s")
        if supervisor.gave_up.is_set():
            return
        engines = {one.name: one.engine for one in await discover(event_log)}
    for name in SERVICES:
        if engines.get(name):
            say("visavis", f"{name} uses {engines[name]}")
    say("visavis", f"ready after {time.monotonic() - began:.1f} s: open http://{_browsable(settings)}")


class _Waiting:
    """How long services are waited for."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + _READY_PATIENCE

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._deadline

    def take_line(self, line: str) -> bool:
        """A line that a service prints; every one is shown."""
        if "downloading" in line:
            self._deadline = time.monotonic() + _READY_PATIENCE
        return True


async def _wait_for_services(event_log: EventLog, supervisor: Supervisor, waiting: _Waiting) -> list[str]:
    """Those that are not there in time; ends early where one cannot be started at all."""
    missing = list(SERVICES)
    while missing and not waiting.over and not supervisor.gave_up.is_set():
        found = {one.name for one in await discover(event_log, wait=0.1)}
        missing = [name for name in SERVICES if name not in found]
    return [] if supervisor.gave_up.is_set() else missing


def _browsable(settings: Settings) -> str:
    # Browsers give the microphone to localhost without a certificate, but not to 0.0.0.0.
    host = "localhost" if settings.host in ("0.0.0.0", "::", "127.0.0.1") else settings.host
    return f"{host}:{settings.port}"


async def run(settings: Settings) -> None:
    await run_until_signalled(up(settings))
