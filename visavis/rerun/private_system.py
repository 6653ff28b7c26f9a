"""A system of its own for re-runs: a NATS server in a temporary folder and the services that work anew.

It shares nothing with the running system but the models' files; what it leaves behind is deleted.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import structs

from bus.errors import BusError, ConfigurationError, NotFound
from bus.events import CharacterRemoved
from bus.ids import PHOTO_LOOK
from bus.log.event_log import EventLog, connect
from bus.process.discovery import discover
from bus.settings import PREFIX, Settings
from services.characters import current_characters
from services.dialogue.local_model import files as local_model
from services.engine_speed import EngineSpeeds
from visavis.nats.server import EmbeddedServer
from visavis.rerun.engines import Engines
from visavis.supervisor import Child, Supervisor

READY_SECONDS = 180.0
"""In which all services have to be up with their engines loaded."""
_MOST_STARTS = 3
"""Starts of one service, after which the re-run gives up."""
_KEPT_LINES = 20


class PrivateSystem:
    """The running private system.

    Attributes:
        event_log: its own.
        engines: the engine of each service that works in it, as it named itself.
    """

    def __init__(self, event_log: EventLog, supervisor: Supervisor, output: deque[str]) -> None:
        self.event_log = event_log
        self.engines: dict[str, str] = {}
        self._supervisor = supervisor
        self._output = output

    @property
    def deaths(self) -> dict[str, int]:
        """How often each process died, of those that did."""
        return {one.name: one.starts - 1 for one in self._supervisor.children if one.starts > 1}

    def pid(self, name: str) -> int | None:
        """Process id of a service that runs."""
        return next((one.pid for one in self._supervisor.children if one.name == name), None)

    def check(self) -> None:
        """Raises BusError if a service cannot be kept running."""
        for child in self._supervisor.children:
            if child.given_up or child.starts > _MOST_STARTS:
                errors = (line for line in reversed(self._output) if line.startswith(f"{child.name}: error: "))
                why = next(errors, "").removeprefix(f"{child.name}: error: ")
                raise BusError(f"{child.name} cannot be kept running: {why or 'it died again and again'}")


@asynccontextmanager
async def private_system(
    main: EventLog, engines: Engines, characters: set[str], *, show: Callable[[str], None]
) -> AsyncIterator[PrivateSystem]:
    """Start it and wait until its engines are loaded; at the end, its processes and its folder are gone.

    Args:
        main: the log that characters and portraits are copied from; nothing is written to it.
        characters: ids of those that take part, also if they were removed since.
        show: is told what it waits for.
    Raises:
        ConfigurationError: a service cannot run as configured.
        BusError: a service did not come up in time.
    """
    output: deque[str] = deque(maxlen=_KEPT_LINES)
    supervisor = Supervisor(lambda name, line: output.append(f"{name}: {line}"))
    folder = Path(tempfile.mkdtemp(prefix="visavis-rerun-"))
    try:
        server = EmbeddedServer(folder / "nats", free_port(), secrets.token_urlsafe(24), sync="2m")
        supervisor.start(Child("nats", server.command()))
        settings = structs.replace(
            engines.settings, nats_url=server.url, data=str(folder / "data"), nats_replicas=1,
            nats_user="", nats_password="", nats_passwords="", nats_tls_ca="", nats_tls_cert="", nats_tls_key="",
        )  # fmt: skip
        await asyncio.to_thread(_copy_speeds, engines.settings, settings)
        async with connect(settings, name="rerun") as event_log:
            await _copy_characters(main, event_log, characters)
            if "render" in engines.services:
                await _copy_portraits(main, event_log, characters, show)
            environment = _environment(engines, settings)
            system = PrivateSystem(event_log, supervisor, output)
            if "dialogue" in engines.services and local_model.is_used(engines.settings):
                command = [sys.executable, "-m", "services.dialogue.local_model"]
                supervisor.start(Child("mind", command, environment))
            for name in engines.services:
                supervisor.start(Child(name, [sys.executable, "-m", f"services.{name}"], environment))
            show(f"starting {', '.join(engines.services) or 'nothing: everything is kept'}")
            await _wait_until_ready(system, engines)
            yield system
    finally:
        await supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(engines: Engines, settings: Settings) -> Mapping[str, str]:
    """What the services get beside this process's own environment."""
    own = engines.settings
    emptied = ("nats_user", "nats_password", "nats_passwords", "nats_tls_ca", "nats_tls_cert", "nats_tls_key")
    found = {f"{PREFIX}{field.upper()}": "" for field in emptied}
    found |= {f"{PREFIX}{service.upper()}_PORT": "0" for service in ("stt", "dialogue", "tts", "render", "channels")}
    return {
        **found,
        **engines.environment,
        "VISAVIS_NATS_URL": settings.nats_url,
        "VISAVIS_NATS_REPLICAS": "1",
        "VISAVIS_RENDER_KEY_POSES": "off",  # minutes of drawing for a system that lasts as long
        "VISAVIS_DATA": settings.data,
        # Their defaults are folders of the data, which is another folder here.
        "VISAVIS_MODELS": str(own.models_folder),
        "VISAVIS_VOICES": own.voices or str(own.data_folder / "voices"),
        "VISAVIS_LLM_PORT": str(free_port()),
    }


def _copy_speeds(own: Settings, private: Settings) -> None:
    """Engines that were timed on this machine need not be timed again."""
    source = EngineSpeeds.of(own).folder
    if source.is_dir():
        shutil.copytree(source, EngineSpeeds.of(private).folder, dirs_exist_ok=True)


async def _copy_characters(main: EventLog, private: EventLog, characters: set[str]) -> None:
    """Copy all characters, of those that take part also the removed ones."""
    for event in await main.character_facts():
        if not isinstance(event.body, CharacterRemoved) or event.character not in characters:
            await private.append_character(event)


async def _copy_portraits(
    main: EventLog, private: EventLog, characters: set[str], show: Callable[[str], None]
) -> None:
    for name, character in (await current_characters(private)).items():
        if name not in characters or not character.look.startswith(PHOTO_LOOK):
            continue
        try:
            await private.assets.put(character.look, await main.assets.get(character.look))
        except NotFound:
            show(f"{name} was removed with its portrait: no pictures of it can be drawn")


async def _wait_until_ready(system: PrivateSystem, engines: Engines) -> None:
    """Raises ConfigurationError or BusError if a service does not come up with the engine that was chosen."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_SECONDS
    waiting = dict.fromkeys(engines.services, "not started")
    while waiting:
        for one in await discover(system.event_log, wait=0.1):
            name = next((service for service in engines.services if service == one.name), None)
            if name is None:
                continue
            system.engines[name] = one.serving
            if one.serving == one.engine or name in engines.incomplete:
                waiting.pop(name, None)
            else:
                waiting[name] = one.engine_in_use
        try:
            system.check()
        except BusError as error:
            raise ConfigurationError(error.detail) from error
        if waiting and loop.time() > deadline:
            states = ", ".join(f"{name} ({state})" for name, state in waiting.items())
            raise BusError(f"not ready within {READY_SECONDS:.0f} s: {states}")
