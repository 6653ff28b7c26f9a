"""`visavis backup`: writes the whole log, and what else must be kept, into one file while Visavis runs."""

from __future__ import annotations

import asyncio
import datetime
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from importlib.metadata import version
from pathlib import Path

from bus import clock
from bus.errors import ConfigurationError, InvalidInput
from bus.log import snapshots, streams
from bus.log.event_log import EventLog
from bus.log.snapshots import StreamContent
from bus.process.signing_key import SIGNING_KEY
from bus.settings import Settings
from visavis.keeping.backup_file import SUFFIX, BackupFile, BackupWriter, Manifest
from visavis.keeping.servers import running_log
from visavis.terminal import size

ORDER = (
    streams.ACCESS, streams.PEOPLE, streams.CONVERSATIONS, streams.CHARACTERS, streams.INBOX, streams.DELIVERIES,
    streams.AUDIO, streams.FRAMES, streams.IDLE, streams.ASSETS, streams.DEAD, streams.REQUEUE,
)  # fmt: skip
"""What names others comes before them: facts before the voices and faces that they name, so that the backup has those.
`LIVE` is in memory, of the last hour, and left out."""
_NICE = 10
"""By how much this process gives way to those that people talk to; the server sends no faster than it takes."""
ROOM = 64 << 20
"""Bytes that have to stay free on the disk."""


async def backup(settings: Settings, target: Path, *, frames: bool) -> int:
    """Write a backup, say what is in it, and return the exit status.

    Args:
        target: a file, or a folder that gets a new one.
        frames: also the drawn pictures, which are kept for a day at the most.
    Raises:
        ConfigurationError: the file cannot be written, or its disk has no room.
        BusError: NATS is away.
    """
    path = named(target)
    os.nice(_NICE)
    began = time.monotonic()
    async with running_log(settings, name="backup") as event_log:
        manifest = await write_backup(event_log, path, frames=frames)
    length = path.stat().st_size
    seconds = time.monotonic() - began
    messages = sum(one.messages for one in manifest.streams)
    print(f"{path}: {messages} messages, {size(length)} in {seconds:.1f} s")
    return 0


def named(target: Path) -> Path:
    """The file to write; in a folder, one named after the time."""
    if target.is_dir():
        now = datetime.datetime.now(datetime.UTC)
        return target / f"visavis-{now:%Y-%m-%dT%H-%M-%SZ}{SUFFIX}"
    if target.exists() and not target.is_file():
        raise ConfigurationError(f"{target} cannot be written: it is neither a file nor a folder")
    # What a link leads to is written, and the link stays.
    path = Path(os.path.realpath(target))
    if not path.parent.is_dir():
        raise ConfigurationError(f"{target} cannot be written: there is no folder {path.parent}")
    return path


async def write_backup(event_log: EventLog, path: Path, *, frames: bool) -> Manifest:
    """Write a backup of a log that goes on; the file has its name only when all of it is on the disk."""
    found = await snapshots.contents(event_log.nc)
    names = [name for name in ORDER if name in found and (frames or name not in (streams.FRAMES, streams.IDLE))]
    files = list(kept_files(event_log.settings))
    _check_room(path, [found[name] for name in names], files)
    begun_at = clock.now()
    # Before all snapshots, see bus/log/snapshots.py.
    consumers = [one for name in names for one in await snapshots.positions(event_log.nc, name)]
    writer = BackupWriter(path)
    try:
        contents: list[StreamContent] = []
        for name in names:
            await _write_stream(event_log, name, writer, contents)
        for file in files:
            writer.add(f"data/{file.relative_to(event_log.settings.data_folder)}", file.read_bytes())
        manifest = Manifest(
            version=version("visavis"), server=str(event_log.nc.connected_server_version), begun_at=begun_at,
            ended_at=clock.now(), streams=tuple(contents), consumers=tuple(consumers), members=(),
        )  # fmt: skip
        return await asyncio.to_thread(writer.finish, manifest)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        writer.discard()


async def _write_stream(event_log: EventLog, name: str, writer: BackupWriter, contents: list[StreamContent]) -> None:
    member = writer.begin(member_of(name))
    async with aclosing(snapshots.snapshot(event_log.nc, name, contents.append)) as chunks:
        async for chunk in chunks:
            member.write(chunk)
    member.end()
    show(f"{name}: {contents[-1].messages} messages, {size(member.size)}")


def member_of(stream: str) -> str:
    """Name of the member with a stream's snapshot."""
    return f"streams/{stream}"


def kept_files(settings: Settings) -> Iterator[Path]:
    """The files in the data folder that nothing else brings back."""
    folder = settings.data_folder
    for path in (folder / "operator.key", folder / SIGNING_KEY, folder / "voices"):
        yield from sorted(one for one in ([path] if path.is_file() else path.rglob("*")) if one.is_file())


def _check_room(path: Path, contents: Iterable[StreamContent], files: Iterable[Path]) -> None:
    """Raises ConfigurationError where the disk may be too small: as much as the streams take, if nothing shrinks."""
    needed = sum(one.bytes for one in contents) + sum(one.stat().st_size for one in files) + ROOM
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise ConfigurationError(f"{path.parent} has {size(free)} free, and up to {size(needed)} are needed")


def show(line: str) -> None:
    """Tell how far it is, beside the output."""
    print(line, file=sys.stderr, flush=True)


def check(path: Path) -> int:
    """Verify a backup without restoring it, and say what is in it; returns the exit status.

    Raises:
        InvalidInput: it is damaged, or no backup.
    """
    file = BackupFile(path)
    try:
        file.verify()
    finally:
        file.close()
    manifest = file.manifest
    made = datetime.datetime.fromtimestamp(manifest.begun_at / 1e6, datetime.UTC)
    print(f"{path}: whole; made {made:%Y-%m-%d %H:%M:%S} UTC by version {manifest.version}")
    for one in manifest.streams:
        print(f"{one.name:<14} {one.messages:>10} messages  up to {one.last}")
    return 0


def newest_in(folder: Path) -> Path:
    """The backup in a folder that was written last, whatever its name.

    Raises:
        InvalidInput: there is none.
    """
    found = max(folder.glob(f"*{SUFFIX}"), key=lambda one: (one.stat().st_mtime_ns, one.name), default=None)
    if found is None:
        raise InvalidInput(f"there is no backup in {folder}")
    return found
