"""Reads the JSON objects of a streamed answer from its bytes, however loosely the server follows the format. Pure.

Understood are server-sent events with any line ends, with or without a blank line after each, with a byte order mark,
comments and fields that nobody knows; lines of JSON without `data:`; and one JSON object that is no stream at all.
"""

from __future__ import annotations

import json
import math
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

_MAX_DEPTH = 64
"""Lists and objects within one another; what is deeper counts as no JSON, for readers of it recurse."""
_BOM = b"\xef\xbb\xbf"
_FIELDS = ("data", "event", "id", "retry", "error")
_WHOLE_FIELDS = ("choices", "error", "done")
"""Fields of an object that is no part of another one."""


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts
        return math.inf


def _no_number(name: str) -> None:
    """NaN and the infinities, which are no JSON and mean that there is no value."""


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer, parse_constant=_no_number)


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
            yield from _objects(parsed) if isinstance(parsed, list | dict) else [_in_words(loose)]

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
            if sum(map(len, self._data)) > MAX_EVENT:
                yield self._garbled_before(self._data)
                self._data = []
            # Servers forget the blank line: what is whole is taken at once.
            yield from self._dispatch(last=False, only_whole=True)

    def _take_loose(self, line: str) -> Iterator[Item]:
        """A line without a field: an object on a line of its own, or a part of something longer."""
        if not self._loose and line.startswith("[") and (objects := _objects(parse_json(line))):
            yield from objects
            return
        if not self._loose and line.startswith("{"):
            found, rest = _first_object(line)
            if found is not None:
                yield found
                if rest:  # the line end was forgotten
                    yield from self._take_line(rest)
                return
        elif self._loose and self._loose[0].startswith("{") and (alone := _whole_alone(line)) is not None:
            yield self._garbled_before(self._loose)
            yield alone
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
        items: list[Item] = []
        parsed, rest = parse_json(text), ""
        if parsed is None and text.startswith("{"):
            parsed, rest = _first_object(text)
        if text.strip('"').upper() == "[DONE]":
            items = [EndMark()]
        elif objects := _objects(parsed):
            items = [_as_error(one) for one in objects] if self._event == "error" else [*objects]
        elif self._event == "error":
            items = [ErrorText(text)]
        elif text.lower().startswith("error"):
            items = [_in_words(text)]
        elif only_whole:
            # A line that is whole by itself is no part of those before it, which no blank line ended.
            if len(self._data) == 1 or (alone := _whole_alone(self._data[-1])) is None:
                return
            items = [self._garbled_before(self._data[:-1]), alone]
        elif text[0] in "{[":
            # A body that ends in the middle of an object was cut; the caller knows whether its end was regular.
            items = [Garbled(text)]
        # Anything else is a word such as "ping": a sign of life.
        self._data, self._event = [], ""
        yield from items
        if rest:
            yield from self._take_line(rest)

    def _garbled_before(self, lines: list[str]) -> Garbled:
        """Give up lines that make no object."""
        text = "\n".join(lines)
        self._loose, self._size = [], 0
        return Garbled(text)


def parse_json(text: str) -> Any:
    """The value of a JSON text; None if it cannot be parsed, or is nested too deeply to be read."""
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return None if _is_too_deep(text, value) else value


def _is_too_deep(text: str, value: Any) -> bool:
    if text.count("[") + text.count("{") <= _MAX_DEPTH:
        return False
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [inside for one in level for inside in _parts(one)]
    return bool(level)


def _parts(value: Any) -> list[Any]:
    """The lists and objects right inside of a value."""
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return [one for one in parts if isinstance(one, list | dict)]


def _first_object(text: str) -> tuple[dict[str, Any] | None, str]:
    """The JSON object at the beginning of a text (None if there is none) and the rest of the text."""
    try:
        parsed, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None, ""
    if not isinstance(parsed, dict) or _is_too_deep(text, parsed):
        return None, ""
    return parsed, text[end:].strip()


def _whole_alone(line: str) -> Item | None:
    """What a line says that is an end mark, or an object that is no part of another one."""
    if line.strip('"').upper() == "[DONE]":
        return EndMark()
    parsed = parse_json(line)
    return parsed if isinstance(parsed, dict) and any(name in parsed for name in _WHOLE_FIELDS) else None


def _objects(parsed: Any) -> list[dict[str, Any]]:
    """The objects of a value: itself, or those that it lists."""
    listed = parsed if isinstance(parsed, list) else [parsed]
    return [one for one in listed if isinstance(one, dict)]


def _as_error(value: dict[str, Any]) -> dict[str, Any]:
    return value if value.get("error") else {"error": value}


def _object_or_error(text: str) -> Item:
    objects = _objects(parse_json(text))
    return _as_error(objects[0]) if objects else ErrorText(text)


def _in_words(text: str) -> Item:
    """Classifies a text that is not JSON: an error in words, or JSON that was cut."""
    return Garbled(text) if text[0] in "{[" else ErrorText(text)
