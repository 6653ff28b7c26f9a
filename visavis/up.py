"""`visavis up`: starts NATS and all services on this machine and keeps them running until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import sys
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import IO

from bus.cancellation import raise_if_cancelled
from bus.errors import BusError, ConfigurationError, VisavisError
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.log.gaps import missing_facts
from bus.log.log_watch import INTERVAL
from bus.log.passwords import embedded_password
from bus.log.store_folder import STORE, keep_blocks, let_blocks_go
from bus.private_files import make_private_folder
from bus.process.access import check_access
from bus.process.discovery import discover
from bus.process.drain import Drain
from bus.process.lifecycle import PRIVATE, run_until_signalled
from bus.settings import Settings
from bus.stamping import new_character_event
from services.channels.accounts import configured
from services.characters import current_characters
from services.dialogue.local_model import files as local_model
from services.gateway.ice.configuration import ice_configuration
from services.render.builtin_characters import BUILTIN_CHARACTERS
from visavis.nats.server import EmbeddedServer
from visavis.nats.store import finish_restore, is_restore_cut_off
from visavis.nats.watchdog import Watchdog
from visavis.page_address import page_address
from visavis.ports import check_ports
from visavis.supervisor import Child, LinePrinter, Supervisor, line_printer

log = logging.getLogger(__name__)

SERVICES = ("stt", "dialogue", "tts", "render", "gateway")
_READY_TIMEOUT = 90.0
"""Seconds for all services to start, counted anew whenever one logs that it is downloading a model."""
_REMAINS_END = 60.0
"""Seconds in which services end whose parent and whose NATS were killed: they try to put on the log what they have."""


def _holder(lock_file: IO[str]) -> int:
    """The process that has locked the data folder last; 0 where it is not known."""
    lock_file.seek(0)
    text = lock_file.read().strip()
    return int(text) if text.isdecimal() else 0


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _having_open(path: Path) -> list[str]:
    """The processes that have a file open, where Linux tells that."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if link.readlink() == path.resolve():
                found.add(int(link.parts[2]))
    return [f"process {one}" for one in sorted(found - {os.getpid()})]


async def wait_for_remains(folder: Path, print_line: LinePrinter, *, patience: float = _REMAINS_END) -> None:
    """Wait for the children of a start that was killed: they end by themselves, and have their ports until then.

    Args:
        patience: seconds after which they are waited for no longer; who locks the folder then is told who they are.
    """
    deadline, told = time.monotonic() + patience, False
    while time.monotonic() < deadline:
        try:
            with (folder / "lock").open() as lock_file:
                try:
                    fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    holder = _holder(lock_file)
                    if not holder or _is_alive(holder):
                        return
                else:
                    return
        except OSError:
            return  # there is none yet, or it cannot be read, which who locks it says
        if not told:
            print_line("visavis", f"waiting for what an earlier start (process {holder}) has left to end")
            told = True
        await asyncio.sleep(0.2)


@contextlib.contextmanager
def lock_data_folder(folder: Path) -> Iterator[IO[str]]:
    """Lock the data folder for as long as the context lasts, or another process has the file open.

    The log of a restore that was cut off at its very end is put in its place.

    Raises:
        ConfigurationError: another `visavis up` has locked it, or it cannot be written.
    """
    try:
        make_private_folder(folder)
        lock_file: IO[str] = (folder / "lock").open("a+")
    except OSError as error:
        raise ConfigurationError(f"the data folder {folder} cannot be written: {error.strerror}") from error
    with lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(lock_file)
            if holder and not _is_alive(holder):
                raise ConfigurationError(
                    f"what an earlier start (process {holder}, which is gone) has left on {folder} still runs: "
                    f"{', '.join(_having_open(folder / 'lock')) or 'not known'}; it ends by itself, or end it"
                ) from error
            raise ConfigurationError(
                f"Visavis runs already on {folder} (process {holder or '?'}); stop it, or give a second one "
                "VISAVIS_DATA and ports of its own"
            ) from error
        lock_file.seek(0)
        lock_file.truncate()
        lock_file.write(str(os.getpid()))
        lock_file.flush()
        if is_restore_cut_off(folder):
            kept = finish_restore(folder)
            log.warning("a restored log takes its place, where the restore was cut off", extra={"kept": str(kept)})
        yield lock_file


async def publish_builtin_characters(event_log: EventLog) -> None:
    """Publish the built-in characters that are missing on the log or have changed."""
    published = await current_characters(event_log)
    for character, created in BUILTIN_CHARACTERS.items():
        if published.get(character) != created:
            await event_log.append_character(new_character_event(created, character=character))


async def look_at_store(event_log: EventLog) -> None:
    """Look what a server has read that has started: let go of what was kept of it, and log an error where events are
    missing in the middle of the log."""
    settings = event_log.settings
    if not settings.nats_url:
        for name in streams.FOR_EVER:
            await event_log.last_sequence(name)  # it is there
            let_blocks_go(settings.data_folder / STORE, name)
    gap = await missing_facts(event_log)
    if gap is not None:
        log.error("the log is damaged: restore a backup, or go on without them", extra={"why": str(gap)})


async def keep_log(settings: Settings) -> None:
    """Make streams that vanish again, and the built-in characters in them, until cancelled.

    Services may not be permitted to.
    """
    while True:
        try:
            async with connect(settings, name="up") as event_log:
                await event_log.watch.check()  # what is made again from here on is noticed
                await look_at_store(event_log)
                await publish_builtin_characters(event_log)
                with event_log.nc.on_reconnect(event_log.watch.wake):
                    starts = event_log.nc.stats["reconnects"]
                    while True:
                        if event_log.nc.stats["reconnects"] != starts:  # a server finds damage when it starts
                            starts = event_log.nc.stats["reconnects"]
                            await look_at_store(event_log)
                        if streams.CHARACTERS in await event_log.watch.check():
                            await publish_builtin_characters(event_log)
                        raise_if_cancelled()
                        await event_log.watch.wait()
        except VisavisError as error:
            log.warning("the streams are not kept", extra={"why": error.detail})
            await asyncio.sleep(INTERVAL)


async def up(settings: Settings, drain: Drain) -> None:
    """Start NATS and all services, print the address of the page, and keep them running until cancelled or drained.

    Args:
        drain: when it begins, the services finish what they have begun; where this is cancelled, they do not.
    Raises:
        ConfigurationError: a setting or the machine has to be changed first.
        BusError: NATS or a service did not start in time.
    """
    print_line = line_printer(sys.stdout)
    await wait_for_remains(settings.data_folder, print_line)
    with lock_data_folder(settings.data_folder) as lock:
        check_access(settings)
        check_ports(settings)
        ice_configuration(settings)
        # The children have the lock as long as they run, also where this process is killed.
        supervisor = Supervisor(print_line, drain=settings.drain_seconds, pass_fds=(lock.fileno(),))
        watchdog: asyncio.Task[None] | None = None
        keeper: asyncio.Task[None] | None = None
        try:
            if not settings.nats_url:
                password = embedded_password(settings, make=True)
                server = EmbeddedServer(settings.data_folder / STORE, settings.nats_port, password, settings.nats_sync)
                nats = Child(
                    "nats", server.command(), is_shown=lambda line: "[INF]" not in line,
                    before_start=lambda: keep_blocks(server.folder, streams.FOR_EVER),
                )  # fmt: skip
                supervisor.start(nats)
                watchdog = asyncio.create_task(Watchdog(server.folder, supervisor, nats, print_line).watch())
            await _start_services(settings, supervisor, print_line)
            keeper = asyncio.create_task(keep_log(settings))
            await _first(supervisor.gave_up.wait(), drain.wait())
            if not supervisor.gave_up.is_set():
                return
            names = ", ".join(child.name for child in supervisor.children if child.given_up)
            raise ConfigurationError(f"{names} cannot run as configured, see above")
        finally:
            print_line("visavis", "stopping")
            for task in (watchdog, keeper):
                if task is not None:
                    task.cancel()
            await supervisor.stop(at_once=not drain.is_begun)


async def _first(*waits: Coroutine[None, None, object]) -> None:
    """Wait until one of them is over."""
    tasks = [asyncio.create_task(one) for one in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _start_services(settings: Settings, supervisor: Supervisor, print_line: LinePrinter) -> None:
    began = time.monotonic()
    async with connect(settings, name="up") as event_log:
        await publish_builtin_characters(event_log)
        deadline = _StartDeadline()
        if local_model.is_used(settings):
            # Without it the companion answers.
            command = [sys.executable, "-m", "services.dialogue.local_model"]
            supervisor.start(Child("mind", command, essential=False))
        for name in SERVICES:
            command = [sys.executable, "-m", f"services.{name}"]
            supervisor.start(Child(name, command, is_shown=deadline.extend_on_download))
        channels = configured(settings)
        if channels:
            # The folder alone, which is on by default, keeps nothing from being used.
            essential = any(channel.has_network for channel in channels)
            supervisor.start(Child("channels", [sys.executable, "-m", "services.channels"], essential=essential))
        if settings.otlp:
            # Whatever becomes of it: nobody who talks is to notice.
            command = [sys.executable, "-m", "projections.tracing"]
            supervisor.start(Child("tracing", command, essential=False))
        missing = await _wait_for_services(event_log, supervisor, deadline)
        if missing:
            raise BusError(f"{', '.join(missing)} did not come up within {_READY_TIMEOUT:.0f} s")
        if supervisor.gave_up.is_set():
            return
        engines = {one.name: one.engine_in_use for one in await discover(event_log)}
    if settings.analytics == "on":
        # After all others: it reads the log, and nobody waits for it.
        supervisor.start(Child("analytics", [sys.executable, "-m", "projections.analytics"], essential=False))
    for name in SERVICES:
        if engines.get(name):
            print_line("visavis", f"{name} uses {engines[name]}")
    if channels:
        print_line("visavis", f"channels: {', '.join(channel.name for channel in channels)}")
    print_line("visavis", f"ready after {time.monotonic() - began:.1f} s: open {page_address(settings)}")


class _StartDeadline:
    """The time until which all services have to be up; a download extends it."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + _READY_TIMEOUT

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._deadline

    def extend_on_download(self, line: str) -> bool:
        """Reads a line of a service's output; returns True, for every line is printed."""
        if "downloading" in line:
            self._deadline = time.monotonic() + _READY_TIMEOUT
        return True


async def _wait_for_services(event_log: EventLog, supervisor: Supervisor, deadline: _StartDeadline) -> list[str]:
    """The services that did not start in time; returns early where one cannot be started at all."""
    missing = list(SERVICES)
    while missing and not deadline.passed and not supervisor.gave_up.is_set():
        found = {one.name for one in await discover(event_log, wait=0.1)}
        missing = [name for name in SERVICES if name not in found]
    return [] if supervisor.gave_up.is_set() else missing


async def run(settings: Settings) -> None:
    """Run until Ctrl-C, which ends the services at once, or SIGTERM, at which they finish what they have begun."""
    os.umask(PRIVATE)
    drain = Drain(None)
    await run_until_signalled(up(settings, drain), drain)
