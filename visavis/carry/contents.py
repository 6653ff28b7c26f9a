"""What is carried of a conversation: its facts as they were stored, its media in a file beside, its characters."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from bus import codec, subjects
from bus.errors import UndecodableEvent
from bus.events import CharacterCreated, CharacterEvent, Event, IdleBatch, Media
from bus.ids import NOBODY
from projections.characters import fold_all

Json: TypeAlias = dict[str, msgspec.Raw]
_json = msgspec.json.Decoder(Json)

_PERSON_FIELDS = {"conversation.opened": "person", "face.requested": "owner"}
"""The field of a fact that names a person, by the fact's tag. An id of a person is the secret of a cookie."""


def media_name(message: Media) -> str:
    """The name of media in an archive: their subject, but that of an idle loop is as it was in the first versions."""
    return idle_name(message.character) if isinstance(message, IdleBatch) else subjects.media(message)


def idle_name(character: str) -> str:
    """The name of a character's idle loop in an archive."""
    return subjects.earlier_idle_frames(character)


class ArchivedFact(Struct, frozen=True, kw_only=True):
    """A fact of a conversation as it was stored, also one that this version cannot decode."""

    seq: int
    """On the log that it comes from."""
    stored: int
    """When it was first stored, microseconds since 1970."""
    subject: str
    data: bytes

    @classmethod
    def of(cls, event: Event, *, seq: int, stored: int) -> ArchivedFact:
        """The fact of an event that was stored then."""
        return cls(seq=seq, stored=stored, subject=subjects.fact(event), data=codec.encode(event))

    @property
    def event(self) -> Event | None:
        """None: it does not decode."""
        try:
            return codec.decode_event(self.data)
        except UndecodableEvent:
            return None

    def moved(self, conversation: str, person: str, characters: dict[str, str]) -> ArchivedFact:
        """The same fact in another conversation; fields that this version does not know are kept.

        Args:
            person: that owns it there.
            characters: new ids of characters, by the old ones.
        """
        data = rewritten(self.data, conversation, person, characters)
        rest = self.subject.split(".", 2)[2]
        return ArchivedFact(
            seq=self.seq, stored=self.stored, subject=f"conv.{subjects.token(conversation, 'conversation')}.{rest}",
            data=data,
        )  # fmt: skip


def rewritten(data: bytes, conversation: str, person: str, characters: dict[str, str]) -> bytes:
    """A fact's bytes with another conversation, person and names of characters; as they are where they are no JSON
    object."""
    try:
        fact = _json.decode(data)
        body = _json.decode(fact.get("body", msgspec.Raw(b"{}")))
        tag = msgspec.json.decode(body.get("type", msgspec.Raw(b'""')), type=str)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data
    if "conversation" in fact:
        fact["conversation"] = _raw(conversation)
    if tag in _PERSON_FIELDS and _PERSON_FIELDS[tag] in body:
        body[_PERSON_FIELDS[tag]] = _raw(person)
        body.pop("network", None)  # whoever reads it there has not shared out work among its addresses
    _rename_characters(tag, body, characters)
    if "body" in fact:
        fact["body"] = _raw(body)
    return msgspec.json.encode(fact)


def _rename_characters(tag: str, body: Json, characters: dict[str, str]) -> None:
    if not characters:
        return
    if "character" in body and (old := _string(body["character"])) in characters:
        body["character"] = _raw(characters[old])
    if tag == "command.recognised" and "arguments" in body:
        arguments = msgspec.json.decode(body["arguments"])
        if isinstance(arguments, list) and arguments and isinstance(arguments[0], str):
            body["arguments"] = _raw([characters.get(arguments[0], arguments[0]), *arguments[1:]])


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _string(raw: msgspec.Raw) -> str:
    value = msgspec.json.decode(raw)
    return value if isinstance(value, str) else ""


def person_of(facts: list[ArchivedFact]) -> str:
    """The person who owns a conversation; `NOBODY` where no fact tells."""
    for fact in facts:
        if fact.subject.endswith(".conversation.opened"):
            try:
                return _string(_json.decode(_json.decode(fact.data)["body"])["person"])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
                continue
    return NOBODY


MissingKind: TypeAlias = Literal["utterance", "speech", "pictures"]
WhyMissing: TypeAlias = Literal["expired", "incomplete", "redacted"]


class Missing(Struct, frozen=True, kw_only=True):
    """Sound or pictures that the facts tell of and that are not there."""

    kind: MissingKind
    id: str
    """The utterance or the speech."""
    why: WhyMissing = "expired"


class StoredDelivery(Struct, frozen=True, kw_only=True):
    """An event of a message that was sent to a person through a channel. Shown only: it is never sent again."""

    seq: int
    stored: int
    subject: str
    data: bytes


@dataclass
class Spool:
    """Byte strings by name, in one temporary file: an hour of video needs no memory."""

    _places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="visavis-carry-"))
        self._file = (folder / "spool").open("w+b", buffering=1 << 20)
        self._end = 0
        self._finalizer = weakref.finalize(self, _remove, self._file, folder)

    def add(self, name: str, message: bytes) -> None:
        """Append a byte string to those of a name."""
        self._file.seek(self._end)
        self._file.write(message)
        self._places.setdefault(name, []).append((self._end, len(message)))
        self._end += len(message)

    def names(self) -> list[str]:
        """In the order in which they were first added."""
        return list(self._places)

    def count(self, name: str) -> int:
        return len(self._places.get(name, ()))

    def size_of(self, name: str) -> int:
        """Bytes of those of a name."""
        return sum(length for _, length in self._places.get(name, ()))

    def largest(self) -> int:
        """Bytes of the largest one."""
        return max((length for places in self._places.values() for _, length in places), default=0)

    def read(self, name: str) -> Iterator[bytes]:
        """The byte strings of a name, in order."""
        for start, length in self._places.get(name, ()):
            self._file.seek(start)
            yield self._file.read(length)

    def close(self) -> None:
        self._finalizer()


def _remove(file: object, folder: Path) -> None:
    file.close()  # type: ignore[attr-defined]
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Archive:
    """A conversation with all that it needs to play elsewhere. Its media lie in a temporary file until it is closed,
    or no longer used."""

    conversation: str
    facts: list[ArchivedFact] = field(default_factory=list)
    """In the order of the log."""
    media: Spool = field(default_factory=Spool)
    """Messages as stored, by subject: `audio.…`, `frames.…`, and `frames.idle.…` of its characters."""
    assets: dict[str, bytes] = field(default_factory=dict)
    """Portraits of its characters, by name."""
    character_facts: list[CharacterEvent] = field(default_factory=list)
    """All facts of the characters that take part."""
    deliveries: list[StoredDelivery] = field(default_factory=list)
    dead_letters: list[bytes] = field(default_factory=list)
    """As stored."""
    missing: list[Missing] = field(default_factory=list)
    redacted: bool = False

    @property
    def characters(self) -> dict[str, CharacterCreated]:
        """The characters that take part and exist, by id."""
        return fold_all(self.character_facts)

    def events(self) -> list[tuple[int, int, Event]]:
        """Sequence, time of storage and event of each fact that decodes."""
        return [(fact.seq, fact.stored, event) for fact in self.facts if (event := fact.event) is not None]

    def content_id(self) -> str:
        """The same for all archives of the same facts, whatever of their media has expired."""
        content = hashlib.sha256()
        for fact in self.facts:
            kind = fact.subject.split(".", 2)[2]
            content.update(f"{fact.stored} {kind} {len(fact.data)}\n".encode() + fact.data)
        return content.hexdigest()[:32]

    def close(self) -> None:
        """Remove the temporary file."""
        self.media.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
