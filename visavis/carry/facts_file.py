"""Facts and deliveries as lines of JSON, each with the bytes as they were stored."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from bus.errors import InvalidInput
from visavis.carry.contents import ArchivedFact, StoredDelivery


class _Line(Struct, kw_only=True, omit_defaults=True):
    seq: int
    stored: int
    subject: str
    event: msgspec.Raw = msgspec.Raw()
    """The JSON as it was stored."""
    data: str = ""
    """In its place, as base64: bytes that are no JSON, or are more than one line."""


_decoder = msgspec.json.Decoder(_Line)


def lines(records: Iterable[ArchivedFact | StoredDelivery]) -> Iterator[bytes]:
    """One line for each, with its end."""
    for one in records:
        line = _Line(seq=one.seq, stored=one.stored, subject=one.subject)
        if _fits(one.data):
            line.event = msgspec.Raw(one.data)
        else:
            line.data = b64encode(one.data).decode()
        yield msgspec.json.encode(line) + b"\n"


def _fits(data: bytes) -> bool:
    """Whether the bytes come back the same from within a line of JSON."""
    if not (data.startswith(b"{") and data.endswith(b"}")) or b"\n" in data or b"\r" in data:
        return False
    try:
        msgspec.json.decode(data)
        data.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _decode(line: bytes) -> _Line:
    try:
        found = _decoder.decode(line)
        if found.data:
            found.event = msgspec.Raw(b64decode(found.data, validate=True))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise InvalidInput(f"a line is no fact: {error}") from error
    return found


def decode_fact(line: bytes) -> ArchivedFact:
    """The fact of a line.

    Raises:
        InvalidInput: it is none.
    """
    found = _decode(line)
    return ArchivedFact(seq=found.seq, stored=found.stored, subject=found.subject, data=bytes(found.event))


def decode_delivery(line: bytes) -> StoredDelivery:
    """The event of a delivery of a line.

    Raises:
        InvalidInput: it is none.
    """
    found = _decode(line)
    return StoredDelivery(seq=found.seq, stored=found.stored, subject=found.subject, data=bytes(found.event))
