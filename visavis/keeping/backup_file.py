"""The file of a backup: a tar archive of stream snapshots and files, with a manifest of their SHA-256 at its end.

It is written and read as a stream, never as a whole in memory. The manifest comes last: a file that was cut has none.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from bus.errors import ConfigurationError, InvalidInput
from bus.log.snapshots import ConsumerPosition, StreamContent

FORM = 1
"""Number of this form; a file of a higher one is refused."""
SUFFIX = ".visavis-backup"
_PART = f"{SUFFIX}.part"
_MANIFEST = "manifest.json"
_FIRST = "visavis-backup.json"
_BLOCK = tarfile.BLOCKSIZE
_READ = 1 << 20
_LARGEST_MANIFEST = 64 << 20


class Member(Struct, frozen=True, kw_only=True):
    """A part of the file."""

    name: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup has, and where it comes from."""

    form: int = FORM
    version: str
    """Of Visavis."""
    server: str
    """Version of the NATS server."""
    begun_at: int
    """Microseconds since 1970, by the clock of the machine that made it; what happened before is in it."""
    ended_at: int
    streams: tuple[StreamContent, ...]
    """In the order in which they are in the file; what each held when its snapshot began."""
    consumers: tuple[ConsumerPosition, ...]
    """As they were before all snapshots."""
    members: tuple[Member, ...]
    checksum: str = ""
    """SHA-256 of this manifest without it, see `checksum_of`; without one it is taken for damaged."""


def checksum_of(manifest: Manifest) -> str:
    """What the manifest's `checksum` has to be."""
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(manifest, checksum=""))).hexdigest()


class BackupWriter:
    """Writes a backup under a temporary name beside its own; `finish` gives it its name, `discard` removes it.

    Raises:
        ConfigurationError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(f".{path.name}{_PART}")
        _remove_unfinished(path.parent)
        self._members: list[Member] = []
        try:
            descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except FileExistsError as error:
            raise ConfigurationError(f"another backup to {path} is under way") from error
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
        self._file: IO[bytes] = os.fdopen(descriptor, "r+b")
        self._add(_FIRST, msgspec.json.encode({"visavis": "backup", "form": FORM}))

    def begin(self, name: str) -> _MemberWriter:
        """A member whose bytes are written one after the other; to be ended before the next one begins."""
        return _MemberWriter(self._file, name, self._members.append)

    def add(self, name: str, data: bytes) -> None:
        """Write a member that is at hand."""
        member = self.begin(name)
        member.write(data)
        member.end()

    def _add(self, name: str, data: bytes) -> None:
        # Outside the list: the manifest has the list in it.
        _MemberWriter(self._file, name, lambda _: None).whole(data)

    def finish(self, manifest: Manifest) -> Manifest:
        """Write the manifest with the list of members, bring all to the disk and give the file its name."""
        manifest = msgspec.structs.replace(manifest, members=tuple(self._members))
        manifest = msgspec.structs.replace(manifest, checksum=checksum_of(manifest))
        self._add(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        self._file.write(bytes(2 * _BLOCK))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return manifest

    def discard(self) -> None:
        """Remove what was written, unless it is finished."""
        with suppress(OSError):  # a full disk does not let go of what is not written yet
            self._file.close()
        self._part.unlink(missing_ok=True)


def _remove_unfinished(folder: Path) -> None:
    """Remove what killed backups have left in a folder; those that are under way are locked, and others' stay."""
    for path in folder.glob(f".*{_PART}"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


class _MemberWriter:
    """Writes one member; its size gets into its header when it is known."""

    def __init__(self, file: IO[bytes], name: str, ended: Callable[[Member], None]) -> None:
        self._file, self._name, self._ended = file, name, ended
        self._hash = hashlib.sha256()
        self._header_at = file.tell()
        self.size = 0
        file.write(bytes(_BLOCK))

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self._file.write(data)
        self.size += len(data)

    def end(self) -> None:
        self._file.write(bytes(-self.size % _BLOCK))
        header = tarfile.TarInfo(self._name)
        header.size, header.mode = self.size, 0o600
        after = self._file.tell()
        self._file.seek(self._header_at)
        self._file.write(header.tobuf(tarfile.GNU_FORMAT))
        self._file.seek(after)
        self._ended(Member(name=self._name, size=self.size, sha256=self._hash.hexdigest()))

    def whole(self, data: bytes) -> None:
        self.write(data)
        self.end()


class BackupFile:
    """A backup that is read; its manifest is known from the start.

    Raises:
        InvalidInput: it is no backup, cut short, or made by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
        try:
            self._places = self._find_members()
            self.manifest = self._read_manifest()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        self._file.close()

    def _find_members(self) -> dict[str, tuple[int, int]]:
        """Offset and size of each member, by name."""
        length = self._file.seek(0, os.SEEK_END)
        found: dict[str, tuple[int, int]] = {}
        try:
            self._file.seek(0)
            with tarfile.open(fileobj=self._file, mode="r:") as archive:
                for one in archive:
                    if one.name in found or not one.isreg():
                        raise InvalidInput(f"{self.path} is no backup of Visavis: {one.name!r} does not belong there")
                    if one.offset_data + one.size > length:
                        break
                    found[one.name] = (one.offset_data, one.size)
        except tarfile.TarError as error:
            if _FIRST not in found:
                raise InvalidInput(f"{self.path} is no backup of Visavis") from error
        if _FIRST not in found:
            raise InvalidInput(f"{self.path} is no backup of Visavis")
        if _MANIFEST not in found:
            raise InvalidInput(f"{self.path} is cut short or damaged: its end is not there")
        return found

    def _read_manifest(self) -> Manifest:
        try:
            form = int(msgspec.json.decode(self.read(_FIRST))["form"])
            if form > FORM:
                raise InvalidInput(f"{self.path} has form {form}, and this version reads up to {FORM}; upgrade first")
            if self._places[_MANIFEST][1] > _LARGEST_MANIFEST:
                raise ValueError
            manifest = msgspec.json.decode(self.read(_MANIFEST), type=Manifest)
        except (ValueError, LookupError, TypeError, ArithmeticError, msgspec.MsgspecError) as error:
            raise InvalidInput(f"{self.path} is damaged: its manifest cannot be read") from error
        if manifest.checksum != checksum_of(manifest):
            raise InvalidInput(f"{self.path} is damaged: its manifest is not what was written")
        names = sorted([_FIRST, _MANIFEST, *(one.name for one in manifest.members)])
        if sorted(self._places) != names:
            raise InvalidInput(f"{self.path} is damaged: its members are not those of its manifest")
        return manifest

    def chunks(self, name: str, length: int = _READ) -> Iterator[bytes]:
        """The bytes of a member."""
        place, left = self._places[name]
        while left:
            self._file.seek(place)
            data = self._file.read(min(length, left))
            if not data:
                raise InvalidInput(f"{self.path} became shorter while it was read")
            place, left = place + len(data), left - len(data)
            yield data

    def read(self, name: str) -> bytes:
        """A small member as a whole."""
        return b"".join(self.chunks(name))

    def names(self, prefix: str) -> Sequence[str]:
        """The members whose names begin so."""
        return [one.name for one in self.manifest.members if one.name.startswith(prefix)]

    def verify(self) -> None:
        """Compare every member with the manifest.

        Raises:
            InvalidInput: one is another than was written.
        """
        for member in self.manifest.members:
            digest = hashlib.sha256()
            for chunk in self.chunks(member.name):
                digest.update(chunk)
            if self._places[member.name][1] != member.size or digest.hexdigest() != member.sha256:
                raise InvalidInput(f"{self.path} is damaged: {member.name} is not what was written")
