"""`visavis restore`: puts a backup in the place of the log; with the embedded server, whole or not at all."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from bus.errors import BusError, ConfigurationError, InvalidInput
from bus.log import snapshots
from bus.log.event_log import EventLog, connect_only
from bus.process.discovery import discover
from bus.process.signing_key import SIGNING_KEY
from bus.settings import Settings
from visavis.keeping.backup import ORDER, ROOM, member_of, show
from visavis.keeping.backup_file import BackupFile
from visavis.keeping.putting_back import Source, check_server, finish, holds_anything, put_streams_back
from visavis.keeping.servers import embedded_log, log_folder
from visavis.keeping.setting_aside import set_aside
from visavis.nats.store import has_messages, put_in_place
from visavis.terminal import size
from visavis.up import lock_data_folder

_DERIVED = ("gateway.sqlite*", "rebuilt.sqlite*", "tracing.json", "sessions/*")
"""What was made of the log that was there before, in the data folder."""
_DATA = "data/"
"""Begins the names of the files for the data folder."""


async def restore(settings: Settings, path: Path, *, replace: bool, resume: bool) -> int:
    """Put a backup in the place of the log; returns the exit status.

    Args:
        replace: also where there is a log already. That of an embedded server is kept beside.
        resume: nothing has happened since the backup, so what waited in channels goes on.
    Raises:
        InvalidInput: the file is damaged or no backup; nothing has been touched.
        ConfigurationError: there is a log already, Visavis runs on it, or the disk has no room.
        BusError: the server refuses.
    """
    file = BackupFile(path)
    try:
        await asyncio.to_thread(file.verify)
        _check_members(settings, file)
        if settings.nats_url:
            await _restore_to_server(settings, file, replace=replace, resume=resume)
            _put_files_back(settings, file)
        else:
            await _restore_embedded(settings, file, replace=replace, resume=resume)
    finally:
        file.close()
    print(f"{path} is the log now; start Visavis")
    return 0


async def _restore_embedded(settings: Settings, file: BackupFile, *, replace: bool, resume: bool) -> None:
    folder = log_folder(settings)
    fresh = folder.with_name(f"{folder.name}.restoring")
    with lock_data_folder(settings.data_folder) as lock:
        if has_messages(folder) and not replace:
            raise ConfigurationError(f"there is a log in {folder}; --replace puts the backup in its place and keeps it")
        _check_room(settings, file)
        shutil.rmtree(fresh, ignore_errors=True)  # of a restore that was killed
        try:
            async with embedded_log(settings, fresh, lock, name="restore") as event_log:
                await put_back(event_log, file, resume=resume)
            # Before the log takes its place: a full disk then leaves all as it was.
            _put_files_back(settings, file)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        before = put_in_place(settings.data_folder, fresh)
        if before is not None:
            show(f"the log that was there is in {before}; delete it when you do not need it any more")


async def _restore_to_server(settings: Settings, file: BackupFile, *, replace: bool, resume: bool) -> None:
    async with connect_only(settings, name="restore", wait=10.0) as event_log:
        await check_empty(event_log, replace=replace)
        try:
            await put_back(event_log, file, resume=resume)
        except (BusError, InvalidInput) as error:
            raise BusError(f"{error.detail}; the log is incomplete now: run it again with --replace") from error


async def check_empty(event_log: EventLog, *, replace: bool) -> None:
    """Raises ConfigurationError where services work on a log, or it has messages and they are not to be replaced."""
    running = sorted({one.name for one in await discover(event_log)})
    shown = event_log.settings.redacted_url
    if running:
        raise ConfigurationError(f"Visavis runs on {shown} ({', '.join(running)}): stop it first")
    if not replace and holds_anything(await snapshots.contents(event_log.nc)):
        raise ConfigurationError(f"there is a log on {shown}; --replace deletes it: `visavis backup` keeps it")


async def put_back(event_log: EventLog, file: BackupFile, *, resume: bool) -> None:
    """Put the streams and consumers of a backup on a server; see `restore`.

    Raises:
        BusError: the server refuses.
    """
    check_server(event_log)

    async def chunks(stream: str) -> AsyncIterator[bytes]:
        for chunk in file.chunks(member_of(stream), snapshots.CHUNK):
            yield chunk

    sources = [Source(one, lambda name=one.name: chunks(name)) for one in file.manifest.streams]  # type: ignore[misc]
    manifest = file.manifest
    await put_streams_back(event_log, sources, manifest.consumers, show=show)
    if not resume:
        await _set_aside(event_log, file)
    await finish(event_log)


async def _set_aside(event_log: EventLog, file: BackupFile) -> None:
    manifest = file.manifest
    aside = await set_aside(event_log, manifest.consumers, made_at=manifest.begun_at)
    if aside.deliveries:
        show(f"{aside.deliveries} messages that waited for a channel may have been sent since: `visavis dead list`")
    if aside.turns:
        show(f"{aside.turns} questions from channels that had no answer are ended: they may have got one since")


def _check_room(settings: Settings, file: BackupFile) -> None:
    """Raises ConfigurationError where the disk may be too small for the log and for its largest stream once more, from
    which the server unpacks it."""
    manifest = file.manifest
    needed = sum(one.bytes for one in manifest.streams) + max(one.size for one in manifest.members) + ROOM
    free = shutil.disk_usage(settings.data_folder).free
    if free < needed:
        raise ConfigurationError(f"{settings.data_folder} has {size(free)} free, and {size(needed)} are needed")


def _check_members(settings: Settings, file: BackupFile) -> None:
    """Raises InvalidInput where a file has other parts than a backup has."""
    names, folder = {one.name for one in file.manifest.members}, settings.data_folder.resolve()
    for stream in file.manifest.streams:
        if stream.name not in ORDER or member_of(stream.name) not in names:
            raise InvalidInput(f"{file.path} is damaged: it has no stream {stream.name!r}, or none belongs there")
    for name in file.names(_DATA):
        if not _in_folder(settings, name).resolve().is_relative_to(folder):
            raise InvalidInput(f"{file.path} has a file outside of the data folder: {name!r}")


def _in_folder(settings: Settings, name: str) -> Path:
    return settings.data_folder / name.removeprefix(_DATA)


def _put_files_back(settings: Settings, file: BackupFile) -> None:
    """Write the files that are missing in the data folder, and remove what was made of the log before.

    The signing key is written in any case: the ids of persons on the log are made with it.

    Raises:
        ConfigurationError: one cannot be written.
    """
    try:
        for name in file.names(_DATA):
            path = _in_folder(settings, name)
            if not path.exists() or path.name == SIGNING_KEY:
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_name(f".{path.name}.part")
                part.unlink(missing_ok=True)
                part.touch(0o600)
                part.write_bytes(file.read(name))
                part.replace(path)
        for pattern in _DERIVED:
            for path in settings.data_folder.glob(pattern):
                path.unlink()
    except OSError as error:
        raise ConfigurationError(f"{error.filename or settings.data_folder}: {error.strerror}; run it again") from error
