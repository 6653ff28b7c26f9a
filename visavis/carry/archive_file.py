"""The file of a conversation: one zip with a manifest, written from an archive and read into one.

Nothing of a member's name is ever used as a path, and nothing is believed before the checksums have been compared.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bus import codec
from bus.errors import ConfigurationError, InvalidInput, TooLarge, UndecodableEvent
from visavis.carry import facts_file
from visavis.carry.checks import check_character, check_fact, check_media_message, check_portrait, check_subject
from visavis.carry.contents import Archive
from visavis.carry.manifest import Manifest, Member, decode_manifest

SUFFIX = ".visavis"
MANIFEST, FACTS, CHARACTERS = "manifest.json", "facts.jsonl", "characters.jsonl"
DELIVERIES, DEAD = "deliveries.jsonl", "dead-letters.msgpack"
LARGEST_MESSAGE = 8 << 20
"""Bytes of one message or fact."""
LARGEST_TEXT = 1 << 30
"""Bytes of all facts; a compressed member may not be larger unpacked."""
LARGEST_MANIFEST = 64 << 20
LARGEST_ASSET = 64 << 20
MOST_MEMBERS = 200_000
MOST_RECORDS = 2_000_000
"""Facts, deliveries or dead letters: a small file unpacks to many millions of empty ones."""
_BLOCK = 1 << 20
_LENGTH = struct.Struct(">I")
"""Before each message of a member with messages: its length."""
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def is_file_name(text: str) -> bool:
    """Whether a file is meant where a command takes a conversation or a file of one."""
    return text.endswith(SUFFIX) or "/" in text or Path(text).is_file()
"""Of every member, so that the same archive gives the same file."""
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError, OverflowError,
    struct.error, MemoryError, IndexError,
)  # fmt: skip
"""What zipfile raises for a file that is none, or a broken one."""


def program() -> str:
    """The program's name and version."""
    try:
        return f"visavis {importlib.metadata.version('visavis')}"
    except importlib.metadata.PackageNotFoundError:
        return "visavis"


# Writing


def save(archive: Archive, path: Path) -> Manifest:
    """Write an archive into a file, which is there as a whole or not at all.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            manifest = _write(archive, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    return manifest


def _write(archive: Archive, path: Path) -> Manifest:
    members: dict[str, Member] = {}
    with zipfile.ZipFile(path, "w", allowZip64=True) as file:

        def add(name: str, blocks: Iterable[bytes], *, packed: bool = True, **about: object) -> None:
            members[name] = _add(file, name, blocks, packed=packed, **about)

        add(FACTS, facts_file.lines(archive.facts))
        add(CHARACTERS, (codec.encode(event) + b"\n" for event in archive.character_facts))
        add(DELIVERIES, facts_file.lines(archive.deliveries))
        add(DEAD, _framed(archive.dead_letters))
        for number, (name, data) in enumerate(sorted(archive.assets.items())):
            add(f"assets/{number}", [data], packed=False, asset=name)
        for subject in archive.media.names():
            messages = _framed(archive.media.read(subject))
            count = archive.media.count(subject)
            add(f"media/{subject}", messages, packed=False, subject=subject, messages=count)
        times = [event.at for _, _, event in archive.events()]
        manifest = Manifest(
            program=program(),
            conversation=archive.conversation,
            facts=len(archive.facts),
            undecodable=len(archive.facts) - len(times),
            messages=sum(map(archive.media.count, archive.media.names())),
            start=min(times, default=0),
            end=max(times, default=0),
            redacted=archive.redacted,
            missing=tuple(archive.missing),
            members=members,
        )
        _add(file, MANIFEST, [msgspec.json.format(msgspec.json.encode(manifest), indent=1)])
    return manifest


def _add(file: zipfile.ZipFile, name: str, blocks: Iterable[bytes], *, packed: bool = True, **about: object) -> Member:
    """Write one member, block by block."""
    info = zipfile.ZipInfo(name, _FIXED_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    info.external_attr = 0o600 << 16
    checksum, size = hashlib.sha256(), 0
    with file.open(info, "w", force_zip64=True) as member:
        for block in blocks:
            member.write(block)
            checksum.update(block)
            size += len(block)
    return Member(bytes=size, sha256=checksum.hexdigest(), **about)  # type: ignore[arg-type]


def _framed(messages: Iterable[bytes]) -> Iterator[bytes]:
    for message in messages:
        yield _LENGTH.pack(len(message))
        yield message


# Reading


def load(path: Path) -> Archive:
    """Read a file, and check all of it.

    Raises:
        InvalidInput: it is none of ours, damaged, of a newer format, or says what cannot be; in one sentence.
        ConfigurationError: it cannot be read.
    """
    # Opened here, because a member that is still being read when an error comes keeps a file of zipfile's own open.
    with _one_line(path), path.open("rb") as stream, zipfile.ZipFile(stream) as file:
        manifest = _manifest(file, path.stat().st_size)
        archive = Archive(manifest.conversation, missing=list(manifest.missing), redacted=manifest.redacted)
        try:
            _read_members(file, manifest, archive)
        except BaseException:
            archive.close()
            raise
        return archive


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except (InvalidInput, UndecodableEvent) as error:
        raise InvalidInput(f"{path}: {error.detail}") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    except (*_DAMAGED, msgspec.DecodeError) as error:
        # zipfile quotes what it finds, of any length.
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise InvalidInput(f"{path} is no file of a conversation, or a damaged one: {why}") from error


def _manifest(file: zipfile.ZipFile, size: int) -> Manifest:
    infos = file.infolist()
    if len(infos) > MOST_MEMBERS:
        raise TooLarge(f"it has {len(infos)} members; {MOST_MEMBERS} are the most")
    if len({info.filename for info in infos}) != len(infos):
        raise InvalidInput("it has two members of one name")
    if sum(info.compress_size for info in infos) > size:
        raise InvalidInput("its members are larger than the file")
    manifest = decode_manifest(b"".join(_blocks(file, MANIFEST, LARGEST_MANIFEST)))
    if {*manifest.members, MANIFEST} != {info.filename for info in infos}:
        raise InvalidInput("it has other members than its manifest says")
    for info in infos:
        packed = info.filename in (MANIFEST, FACTS, CHARACTERS, DELIVERIES, DEAD)
        if info.compress_type != (zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED):
            raise InvalidInput(f"{info.filename[:100]!r} is packed in a way that is not ours")
    return manifest


def _read_members(file: zipfile.ZipFile, manifest: Manifest, archive: Archive) -> None:
    for data in _lines(file, manifest, FACTS):
        fact = facts_file.decode_fact(data)
        check_fact(fact, archive.conversation)
        archive.facts.append(fact)
    if not archive.facts or len(archive.facts) != manifest.facts:
        raise InvalidInput(f"it has {len(archive.facts)} facts, and its manifest tells of {manifest.facts}")
    archive.character_facts = [codec.decode_character_event(one) for one in _lines(file, manifest, CHARACTERS)]
    for event in archive.character_facts:
        check_character(event)
    archive.deliveries = [facts_file.decode_delivery(one) for one in _lines(file, manifest, DELIVERIES)]
    for letter in _messages(file, manifest, DEAD):
        archive.dead_letters.append(letter)
        _check_count(DEAD, len(archive.dead_letters))
    for name, member in manifest.members.items():
        if member.asset:
            archive.assets[member.asset] = b"".join(_checked(file, manifest, name, LARGEST_ASSET))
            check_portrait(member.asset, archive.assets[member.asset], archive)
        elif member.subject:
            check_subject(member.subject, archive)
            for message in _messages(file, manifest, name):
                check_media_message(message, member.subject)
                archive.media.add(member.subject, message)
            if archive.media.count(member.subject) != member.messages:
                raise InvalidInput(f"{name[:100]!r} has another number of messages than its manifest says")
        elif name not in (FACTS, CHARACTERS, DELIVERIES, DEAD):
            raise InvalidInput(f"it has a member that this program does not know: {name[:100]!r}")


def _blocks(file: zipfile.ZipFile, name: str, limit: int) -> Iterator[bytes]:
    """The bytes of a member, unpacked, up to a limit."""
    read = 0
    with file.open(name) as member:
        while block := member.read(_BLOCK):
            read += len(block)
            if read > limit:
                raise TooLarge(f"{name[:100]!r} has more than {limit} bytes")
            yield block


def _checked(file: zipfile.ZipFile, manifest: Manifest, name: str, limit: int) -> Iterator[bytes]:
    """The bytes of a member; raises after them where they are not those of the manifest."""
    if name not in manifest.members:
        raise InvalidInput(f"it has no {name}")
    member = manifest.members[name]
    if member.bytes > limit:
        raise TooLarge(f"{name[:100]!r} has {member.bytes} bytes; {limit} are the most")
    checksum = hashlib.sha256()
    for block in _blocks(file, name, member.bytes):
        checksum.update(block)
        yield block
    if checksum.hexdigest() != member.sha256:
        raise InvalidInput(f"{name[:100]!r} is damaged: its checksum is another one")


def _lines(file: zipfile.ZipFile, manifest: Manifest, name: str) -> Iterator[bytes]:
    rest, count = b"", 0
    for block in _checked(file, manifest, name, LARGEST_TEXT):
        count += block.count(b"\n")
        _check_count(name, count)
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > 2 * LARGEST_MESSAGE:
            raise TooLarge(f"{name} has a line of more than {2 * LARGEST_MESSAGE} bytes")
        yield from lines
    if rest:
        raise InvalidInput(f"the last line of {name} is not complete")


def _check_count(name: str, count: int) -> None:
    if count > MOST_RECORDS:
        raise TooLarge(f"{name} has more than {MOST_RECORDS} records")


def _messages(file: zipfile.ZipFile, manifest: Manifest, name: str) -> Iterator[bytes]:
    rest = b""
    size = LARGEST_TEXT if name == DEAD else 1 << 62  # one that is not packed is as large as the file at most
    for block in _checked(file, manifest, name, size):
        rest += block
        place = 0
        while len(rest) - place >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(rest, place)
            if length > LARGEST_MESSAGE:
                raise TooLarge(f"{name[:100]!r} has a message of {length} bytes; {LARGEST_MESSAGE} are the most")
            if len(rest) - place - _LENGTH.size < length:
                break
            place += _LENGTH.size
            yield rest[place : place + length]
            place += length
        rest = rest[place:]
    if rest:
        raise InvalidInput(f"the last message of {name[:100]!r} is not complete")
