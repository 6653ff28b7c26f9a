"""Encodes and decodes messages: facts and live events as JSON, media and dead letters as msgpack."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from bus.access_events import AccessEvent
from bus.channel_events import DeliveryEvent, LinkEvent
from bus.errors import UndecodableEvent
from bus.events import CharacterEvent, DeadLetter, Event, LiveEvent, Media

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()
_event = msgspec.json.Decoder(Event)
_character = msgspec.json.Decoder(CharacterEvent)
_link = msgspec.json.Decoder(LinkEvent)
_access = msgspec.json.Decoder(AccessEvent)
_delivery = msgspec.json.Decoder(DeliveryEvent)
_live = msgspec.json.Decoder(LiveEvent)
_media: msgspec.msgpack.Decoder[Media] = msgspec.msgpack.Decoder(Media)
_dead = msgspec.msgpack.Decoder(DeadLetter)

T = TypeVar("T")


def encode(
    message: Event | CharacterEvent | LinkEvent | AccessEvent | DeliveryEvent | LiveEvent | Media | DeadLetter,
) -> bytes:
    if isinstance(message, Event | CharacterEvent | LinkEvent | AccessEvent | DeliveryEvent | LiveEvent):
        return _json.encode(message)
    return _msgpack.encode(message)


def _decode(decoder: msgspec.json.Decoder[T] | msgspec.msgpack.Decoder[T], data: bytes, expected: str) -> T:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # the last: nested too deeply
        raise UndecodableEvent(f"expected {expected}, got {len(data)} bytes: {error}") from error


def decode_event(data: bytes) -> Event:
    """Decode a fact of a conversation.

    Raises:
        UndecodableEvent: not JSON, not an event, or of a kind that this version does not know.
    """
    return _decode(_event, data, "an event")


def decode_character_event(data: bytes) -> CharacterEvent:
    return _decode(_character, data, "a character event")


def decode_link_event(data: bytes) -> LinkEvent:
    return _decode(_link, data, "an event of a link")


def decode_access_event(data: bytes) -> AccessEvent:
    return _decode(_access, data, "an event of access")


def decode_delivery_event(data: bytes) -> DeliveryEvent:
    return _decode(_delivery, data, "an event of a delivery")


def decode_live(data: bytes) -> LiveEvent:
    return _decode(_live, data, "a live event")


def decode_media(data: bytes) -> Media:
    return _decode(_media, data, "media")


def decode_dead_letter(data: bytes) -> DeadLetter:
    return _decode(_dead, data, "a dead letter")
