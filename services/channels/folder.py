"""A folder as a channel: who drops `question.ogg` into `in/` finds the answer in `out/`. The example for new channels.

A text comes as `question.txt`. An answer is `out/question.ogg` with its words in `out/question.txt`, which is written
last; further messages about the same question are `question-2` and so on. What was taken lies in `in/done/`. Whoever
may write into the folder is its one sender.
"""

from __future__ import annotations

import asyncio
import filecmp
import hashlib
import logging
import os
import re
import stat
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
from starlette.routing import BaseRoute

from bus import clock
from bus.errors import ConfigurationError, NotFound, UndecodableEvent
from bus.events import Origin
from bus.settings import Settings
from services.channels.channel import (
    UNREADABLE,
    Activity,
    Capabilities,
    Content,
    Incoming,
    NotSent,
    Outgoing,
    Recording,
    Store,
    Text,
    Unsupported,
)

log = logging.getLogger(__name__)

NAME, LOCAL = "folder", "local"
RECORDINGS = (".ogg", ".oga", ".opus", ".wav", ".mp3", ".m4a", ".amr", ".flac", ".webm", ".mka", ".aac")
_UNFINISHED = (".part", ".tmp", ".crdownload", "~")
"""Ends of names that programs give to files that they still write."""
_MEDIA = {"voice": ".ogg", "video": ".mp4"}
_LONGEST_TEXT = 16_000
"""Bytes of a text file."""
_LONGEST_READ = 100_000_000
"""Bytes of a file that is read to tell it from others. A sparse one may claim to have a terabyte."""
_PIECE = 1 << 18
_BUSY = 0.2
"""The most seconds between two looks where a file has come that may still grow."""

_SETTLED = 1.0
"""Seconds that a file has not been changed for when it is taken."""

_Seen: TypeAlias = dict[str, tuple[int, int]]
"""Size and time of change of each file, by name."""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """What the inbox has of one file."""

    file: str
    """Its name in `in/done/`."""
    at: int
    """When it was written, microseconds since 1970."""
    bytes: int
    text: str | None = None
    """Of a text file."""


def safe_name(name: str) -> str:
    """A file's name without what could mean another folder or a hidden file."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[-80:].lstrip("._-") or "note"


def taken_name(name: str, modified: int) -> str:
    """The name of a file from the moment on at which it was taken; also the channel's id of the message.

    Args:
        modified: nanoseconds since 1970.
    """
    return f"{modified:x}-{safe_name(name)}"


def folder_of(settings: Settings) -> Path | None:
    """The folder of this channel; None: it is off."""
    if settings.notes_folder == "off":
        return None
    return Path(settings.notes_folder).absolute() if settings.notes_folder else settings.data_folder / "notes"


class Folder:
    """A `Channel`.

    Args:
        idle: seconds between two looks where no file has come.
    """

    name = NAME
    account = LOCAL
    capabilities = Capabilities(
        video=True, shows_activity=False, mirrors=False, largest_voice_note=50_000_000, longest_text=100_000,
        messages_per_second=100.0, seconds_between=0.0,
    )  # fmt: skip

    def __init__(self, folder: Path, *, idle: float = 1.0) -> None:
        self.folder = folder
        self._idle = idle
        self.inbox, self.outbox = folder / "in", folder / "out"
        self._taken, self._done = folder / "in" / ".taken", folder / "in" / "done"
        self._unreadable: set[str] = set()

    @property
    def label(self) -> str:
        return "on the machine of Visavis"  # visitors of the page are not told where

    def parse(self, raw: bytes) -> Sequence[Incoming]:
        try:
            update = msgspec.json.decode(raw, type=Update)
        except UNREADABLE as error:
            raise UndecodableEvent(f"this is no update of a folder: {error}") from error
        content: Content
        if update.text is not None:
            content = Text(text=update.text)
        elif update.file.lower().endswith(RECORDINGS):
            content = Recording(media=update.file, kind="voice", bytes=update.bytes)
        else:
            content = Unsupported(kind="document")
        origin = Origin(channel=NAME, account=LOCAL, chat=LOCAL, sender=LOCAL, message=update.file)
        return [Incoming(content=content, origin=origin, at=update.at, sender_name="Folder")]

    async def run(self, store: Store) -> None:
        await asyncio.to_thread(self._make_folders)
        seen: _Seen = {}
        while True:
            busy, seen = await asyncio.to_thread(self._take, seen)
            for file in await asyncio.to_thread(lambda: sorted(self._taken.iterdir())):
                await self._store(file, store)
            await asyncio.sleep(min(_BUSY, self._idle) if busy else self._idle)

    def _make_folders(self) -> None:
        try:
            for folder in (self.folder, self.inbox, self.outbox, self._taken, self._done):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder.is_symlink() and folder != self.folder:
                    raise ConfigurationError(f"{folder} leads out of the folder for notes; remove that link")
        except OSError as error:
            raise ConfigurationError(f"{self.folder} cannot be used for notes: {error.strerror}") from error

    def _warn_once(self, name: str, error: OSError | None = None) -> None:
        if name not in self._unreadable:
            self._unreadable.add(name)
            why = (error.strerror if error else None) or "this user may not read it"
            log.warning("a file cannot be taken", extra={"file": safe_name(name), "why": why})

    def _is_another(self, path: Path, name: str) -> bool:
        """Whether another file was taken under this name; the same one may come again."""
        for taken in (self._taken / name, self._done / name):
            if taken.is_symlink() or (taken.exists() and not filecmp.cmp(path, taken, shallow=False)):
                return True
        return False

    def _take(self, before: _Seen) -> tuple[bool, _Seen]:
        """Move away what has not changed since the last look; says whether there is more to come, and what was seen."""
        seen: _Seen = {}
        busy = False
        for path in self.inbox.iterdir():
            if path.name.startswith(".") or path.name.endswith(_UNFINISHED):
                continue
            try:
                found = path.lstat()
                if not stat.S_ISREG(found.st_mode):
                    continue
                seen[path.name] = (found.st_size, found.st_mtime_ns)
                if before.get(path.name) != seen[path.name] or 0 <= _age(found) < _SETTLED:
                    busy = True
                    continue
                if not os.access(path, os.R_OK):
                    self._warn_once(path.name)
                    continue
                name = taken_name(path.name, found.st_mtime_ns)
                if self._is_another(path, name):
                    # Two names may differ only in what `safe_name` leaves out; neither file may take the other's place.
                    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
                    busy = True
                    continue
                path.rename(self._taken / name)
                del seen[path.name]
            except FileNotFoundError:
                continue  # taken back
            except OSError as error:
                self._warn_once(path.name, error)  # it stops none of the others
        return busy, seen

    async def _store(self, path: Path, store: Store) -> None:
        try:
            key, update = await asyncio.to_thread(_read, path)
        except OSError as error:
            self._warn_once(path.name, error)  # it stops none of the others
            return
        if not await store(key, msgspec.json.encode(update)):
            log.info("this file was asked before", extra={"file": path.name})
        await asyncio.to_thread(path.replace, self._done / path.name)

    def routes(self, store: Store) -> Sequence[BaseRoute]:
        return ()

    async def fetch(self, media: str) -> AsyncIterator[bytes]:
        # It is moved from the one folder to the other, and never back.
        for folder in (self._taken, self._done):
            try:
                number = await asyncio.to_thread(os.open, folder / Path(media).name, os.O_RDONLY | os.O_NOFOLLOW)
            except OSError:
                continue
            with os.fdopen(number, "rb") as file:
                while piece := await asyncio.to_thread(file.read, _PIECE):
                    yield piece
            return
        raise NotFound(f"the recording {media} is not in {self._done} any more")

    async def upload(self, message: Outgoing) -> str:
        return ""

    async def send(self, message: Outgoing) -> str:
        try:
            return await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise NotSent(f"{self.outbox} cannot be written: {error.strerror}") from error

    def _write(self, message: Outgoing) -> str:
        files = [(".txt", message.text.encode() + b"\n")]
        if message.media:
            files.insert(0, (_MEDIA.get(message.kind, ".ogg"), message.media))
        # Without the time that was put before the name when the question was taken.
        stem = Path(safe_name(message.reply_to.partition("-")[2] or "message")).stem
        number = 1
        while any((self.outbox / (_numbered(stem, number) + end)).exists() for end in (".txt", *_MEDIA.values())):
            number += 1
        names = [_numbered(stem, number) + end for end, _ in files]
        # All is written before anything is shown: where the disk is full, nothing has been sent.
        temporaries = [self.outbox / f".{name}.tmp" for name in names]
        try:
            for temporary, (_, data) in zip(temporaries, files, strict=True):
                temporary.unlink(missing_ok=True)
                with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
        except OSError:
            for temporary in temporaries:
                temporary.unlink(missing_ok=True)
            raise
        for temporary, name in zip(temporaries, names, strict=True):
            temporary.rename(self.outbox / name)
        return _numbered(stem, number) + files[0][0]

    async def show_activity(self, chat: str, activity: Activity, message: str) -> None:
        pass

    def link_address(self, token: str) -> str:
        return ""

    async def check(self) -> Sequence[str]:
        await asyncio.to_thread(self._make_folders)
        for folder in (self.inbox, self.outbox, self._taken, self._done):
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise ConfigurationError(f"{folder} cannot be written; give this user the right, or set it off")
        return [f"recordings dropped into {self.inbox} are answered in {self.outbox}"]

    async def close(self) -> None:
        pass


def _age(found: os.stat_result) -> float:
    """Seconds since a file was changed."""
    return (clock.wall() - found.st_mtime_ns // 1000) / 1_000_000


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"


def _read(path: Path) -> tuple[str, Update]:
    """The id and the update of a file that was taken; the same however often it is read."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        found = os.fstat(file.fileno())
        digest = hashlib.blake2b(f"{path.name}\0{found.st_mtime_ns}\0".encode(), digest_size=16)
        if found.st_size <= _LONGEST_READ:  # of a larger one, name, time and size have to do: it is refused anyway
            while piece := file.read(_PIECE):
                digest.update(piece)
        text = None
        if path.suffix.lower() == ".txt" and found.st_size <= _LONGEST_TEXT:
            file.seek(0)
            text = file.read().decode("utf-8-sig", errors="replace").strip()
    update = Update(file=path.name, at=found.st_mtime_ns // 1000, bytes=found.st_size, text=text)
    return digest.hexdigest(), update
