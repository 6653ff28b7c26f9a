"""Makes the words in facts unreadable, and keeps their shape. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from typing import Any

import msgspec

_IDS = frozenset({
    "type", "id", "conversation", "turn", "cause", "character", "person", "owner", "utterance", "session", "reply",
    "speech", "speeches",
})  # fmt: skip
"""Fields with ids of ours: those that also stay in a fact of a kind that is not known."""
_KEPT = _IDS | {
    "call", "source", "service", "event", "engine", "engines", "language", "reason", "emotion", "emotion_before",
    "voice", "code", "by", "how", "channel", "kind", "delivery", "status", "notice_of",
    "names", "inputs",
}  # fmt: skip
"""Fields of known facts with ids, names of engines and words of the vocabulary; all other text is hidden."""
_HASHED = frozenset({
    "account", "chat", "sender", "media", "photo", "look", "reply_to", "link", "message",
})  # fmt: skip
"""Fields that name people, chats and their messages elsewhere: equal ones stay equal."""
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{0,64}\Z")
"""What a kept field may hold; anything else in it is hidden."""
_ENGINE = re.compile(r"[A-Za-z0-9_.:/@ +-]{0,128}\Z")
_MESSAGE_ID = "message.received"
"""The fact whose field `message` is an id of ours."""


def shape(text: str) -> str:
    """The text with another sign for each letter, digit, mark and symbol: as long, and unreadable."""
    return "".join(map(_hidden, text))


def _hidden(sign: str) -> str:
    if sign.isascii() and not sign.isalnum():
        return sign
    category = unicodedata.category(sign)
    match category[0]:
        case "L":
            return "X" if category in ("Lu", "Lt") else "x"
        case "N":
            return "0"
        case "M":
            return "\u0304"
        case "S" | "C":
            return "\u25a1"
    return sign


class Shapes:
    """Hides the words of whole facts.

    Args:
        key: of the hashes; thrown away afterwards, so that none can be found by trying.
        characters: ids that may stay; every other one tells a name.
    """

    def __init__(self, key: bytes, characters: Collection[str]) -> None:
        self._key = key
        self._characters = characters
        self._kept = _KEPT

    def character(self, name: str) -> str:
        """The id that takes the place of a character's."""
        if name in self._characters:
            return name
        return f"character-{hashlib.blake2b(name.encode(), key=self._key, digest_size=6).hexdigest()}"

    def fact(self, data: bytes, *, is_known: bool) -> bytes:
        """The bytes of a fact without its words.

        Args:
            is_known: it decodes; of one that does not, only ids of ours are kept.
        """
        try:
            fact = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return shape(data.decode("ascii", "replace").replace("\ufffd", "?")).encode()
        self._kept = _KEPT if is_known else _IDS
        body = fact.get("body") if isinstance(fact, dict) else None
        tag = body.get("type") if isinstance(body, dict) else None
        return msgspec.json.encode(self._value(fact, "", str(tag)))

    def _value(self, value: Any, field: str, tag: str) -> Any:
        if isinstance(value, dict):
            # A trace has partial words, and shows nothing without them.
            return {
                name if _is_field(name, field) else shape(name): (
                    None if name == "trace" else self._value(one, _path(name, field), tag)
                )
                for name, one in value.items()
            }
        if isinstance(value, list):
            if field == "visemes":
                return []
            if field == "arguments" and tag == "command.recognised" and value and isinstance(value[0], str):
                return [self.character(value[0]), *(self._value(one, field, tag) for one in value[1:])]
            return [self._value(one, field, tag) for one in value]
        if self._kept is _IDS and isinstance(value, int | float) and not isinstance(value, bool) and field != "at":
            return 0  # a telephone number is one, too
        if not isinstance(value, str):
            return value
        return self._text(value, field, tag)

    def _text(self, value: str, field: str, tag: str) -> str:
        if field == "character":
            return self.character(value)
        if tag == "reply.tool_called" and field == "arguments":
            return self._json_text(value)
        if field == "name" and tag.startswith("command."):
            return value if _PLAIN.match(value) else shape(value)
        if field == "message" and tag == _MESSAGE_ID:
            return value if _PLAIN.match(value) else shape(value)
        if field.removeprefix("origin.") in _HASHED:
            return self._hash(value) if value else ""
        allowed = _ENGINE if field in ("engine", "engines") else _PLAIN
        if field.removeprefix("origin.") in self._kept and allowed.match(value):
            return value
        return shape(value)

    def _json_text(self, text: str) -> str:
        """JSON within a text, which stays JSON."""
        try:
            return msgspec.json.encode(_hidden_json(msgspec.json.decode(text))).decode()
        except (msgspec.DecodeError, RecursionError):
            return shape(text)

    def _hash(self, value: str) -> str:
        return hashlib.blake2b(value.encode(), key=self._key, digest_size=8).hexdigest()


def _is_field(name: str, parent: str) -> bool:
    """Whether a key is the name of a field, and not data: as ours are written."""
    return re.fullmatch(r"[a-z_]{1,24}", name) is not None and parent != "engines"


def _path(name: str, parent: str) -> str:
    return f"origin.{name}" if parent == "origin" else name


def _hidden_json(value: Any) -> Any:
    match value:
        case str():
            return shape(value)
        case bool() | None:
            return value
        case int() | float():
            return 0
        case dict():
            return {shape(name): _hidden_json(one) for name, one in value.items()}
        case list():
            return [_hidden_json(one) for one in value]
    return None
