"""Reads the JSON objects of a streamed answer from its bytes, however loosely the server follows the format. Pure.

Understood are server-sent events with any line ends, with or without a blank line after each, with a byte order mark,
comments and fields that nobody knows; lines of JSON without `data:`; and one JSON object that is no stream at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import Struct

MAX_EVENT = 4 << 20
"""Bytes of the longest event, or of an answer that is no stream."""


class EndMark(Struct, frozen=True):
    """The server says that its answer is complete."""


class ErrorText(Struct, frozen=True):
    """The server reports an error in words instead of JSON."""

    text: str


class Garbled(Struct, frozen=True):
    """A piece that begins like JSON and cannot be parsed."""

    text: str


Item: TypeAlias = dict[str, Any] | EndMark | ErrorText | Garbled

_BOM = b"\xef\xbb\xbf"
_DECODER = json.JSONDecoder(strict=False)
_FIELDS = ("data", "event", "id", "retry", "error")


class EventStreamReader:
    """Reads a body as it arrives. A character that is cut between two reads is whole again in the next one.

    JSON may hold halves of surrogate pairs, and bytes that are no UTF-8 become such halves too (`surrogateescape`): a
    server may have cut a character between two events. `surrogates.SurrogateJoiner` makes characters of them.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._after_cr = False
        self._at_start = True
        self._data: list[str] = []
        self._loose: list[str] = []
        """Lines without a field: of JSON over several lines, or of a page."""
        self._event = ""
        self._size = 0

    def push(self, received: bytes) -> Iterator[Item]:
        """What has become complete with these bytes."""
        for byte_line in self._lines(received):
            yield from self._take_line(byte_line.decode(errors="surrogateescape"))

    def finish(self) -> Iterator[Item]:
        """What the body ended with, where no line end follows it."""
        if self._line:
            line, self._line = bytes(self._line), bytearray()
            yield from self._take_line(line.decode(errors="surrogateescape"))
        yield from self._dispatch(last=True)
        loose = "\n".join(self._loose).strip()
        self._loose = []
        if loose:
            parsed = parse_json(loose)
            if isinstance(parsed, list):
                yield from (one for one in parsed if isinstance(one, dict))
            else:
                yield parsed if isinstance(parsed, dict) else _in_words(loose)

    def _lines(self, received: bytes) -> Iterator[bytes]:
        """Complete lines; each may end in CR, LF, or both."""
        self._line += received
        if self._at_start:
            if len(self._line) < len(_BOM) and _BOM.startswith(bytes(self._line)):
                return
            self._at_start = False
            if self._line.startswith(_BOM):
                del self._line[: len(_BOM)]
        while self._line:
            if self._after_cr and self._line[0] == 0x0A:
                del self._line[0]
            self._after_cr = False
            ends = [place for place in (self._line.find(b"\n"), self._line.find(b"\r")) if place >= 0]
            if not ends:
                if len(self._line) > MAX_EVENT:
                    self._line.clear()
                    yield b"error: more than 4 MiB without a line end"
                return
            place = min(ends)
            self._after_cr = self._line[place] == 0x0D
            line = bytes(self._line[:place])
            del self._line[: place + 1]
            yield line

    def _take_line(self, line: str) -> Iterator[Item]:
        if not line.strip():
            yield from self._dispatch(last=False)
            return
        if line.startswith(":"):
            return  # a comment: a sign of life, which the caller sees by the bytes
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if name not in _FIELDS or not (colon or name == "data"):
            yield from self._take_loose(line)
            return
        value = value.strip()
        if name == "event":
            self._event = value.lower()
        elif name == "error":
            yield _object_or_error(value)
        elif name == "data":
            self._data.append(value)
            # Servers forget the blank line: what is whole is taken at once.
            yield from self._dispatch(last=False, only_whole=True)

    def _take_loose(self, line: str) -> Iterator[Item]:
        """A line without a field: an object on a line of its own, or a part of something longer."""
        if not self._loose and line.startswith("{"):
            found, rest = _first_object(line)
            if found is not None:
                yield found
                if rest:  # the line end was forgotten
                    yield from self._take_line(rest)
                return
        self._size += len(line)
        if self._size <= MAX_EVENT:
            self._loose.append(line)

    def _dispatch(self, *, last: bool, only_whole: bool = False) -> Iterator[Item]:
        text = "\n".join(self._data).strip()
        if not text:
            if not only_whole:
                self._data, self._event = [], ""
            return
        item: Item | None
        parsed, rest = parse_json(text), ""
        if parsed is None and text.startswith("{"):
            parsed, rest = _first_object(text)
        if text.strip('"').upper() == "[DONE]":
            item = EndMark()
        elif isinstance(parsed, dict):
            item = {"error": parsed} if self._event == "error" and not parsed.get("error") else parsed
        elif self._event == "error":
            item = ErrorText(text)
        elif text.lower().startswith("error"):
            item = _in_words(text)
        elif only_whole:
            return
        elif text[0] in "{[":
            # A body that ends in the middle of an object was cut; the caller knows whether its end was regular.
            item = Garbled(text)
        else:
            item = None  # a word such as "ping": a sign of life
        self._data, self._event = [], ""
        if item is not None:
            yield item
        if rest:
            yield from self._take_line(rest)


def parse_json(text: str) -> Any:
    """The value of a JSON text; None if it cannot be parsed."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _first_object(text: str) -> tuple[dict[str, Any] | None, str]:
    """The JSON object at the beginning of a text (None if there is none) and the rest of the text."""
    try:
        parsed, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None, ""
    return (parsed, text[end:].strip()) if isinstance(parsed, dict) else (None, "")


def _object_or_error(text: str) -> Item:
    parsed = parse_json(text)
    return {"error": parsed} if isinstance(parsed, dict) else ErrorText(text)


def _in_words(text: str) -> Item:
    """Classifies a text that is not JSON: an error in words, or JSON that was cut."""
    return Garbled(text) if text[0] in "{[" else ErrorText(text)
