"""What updates say, of all kinds, and that none of a new form fails."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import UndecodableEvent
from bus.events import Origin
from services.channels.channel import Content, Edited, Ignored, Incoming, Reachable, Recording, Text, Unsupported
from services.channels.telegram.updates import parse_update

ANN = {"id": 777000111, "is_bot": False, "first_name": "Ann", "last_name": "Lee", "username": "ann"}
PRIVATE = {"id": 777000111, "type": "private", "first_name": "Ann"}
FILE = {"file_id": "AwACAgIAAx1", "file_unique_id": "AgADAIB", "file_size": 10757, "duration": 2}
ORIGIN = Origin(channel="telegram", account="42", chat="777000111", sender="777000111", message="2")


def message(**content: Any) -> dict[str, Any]:
    sender = ANN | {"language_code": "de"}
    return {"message_id": 2, "from": sender, "chat": PRIVATE, "date": 1795345741} | content


def parse(kind: str, content: Any) -> Sequence[Incoming]:
    return parse_update(msgspec.json.encode({"update_id": 1001, kind: content}), "42")


def contents(**content: Any) -> list[Content]:
    return [incoming.content for incoming in parse("message", message(**content))]


def test_a_voice_note_with_all_that_is_known_of_it() -> None:
    voice = FILE | {"mime_type": "audio/ogg"}
    assert parse("message", message(voice=voice)) == [
        Incoming(
            content=Recording(media="AwACAgIAAx1", kind="voice", bytes=10757),
            origin=ORIGIN,
            at=1795345741_000_000,
            sender_name="Ann Lee",
            forwarded=False,
            language="de",
        )
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"text": "hello"}, [Text(text="hello")]),
        ({"text": "/start l_abc", "entities": [{"type": "bot_command"}]}, [Text(text="/start l_abc")]),
        ({"audio": FILE | {"title": "Song"}}, [Recording(media="AwACAgIAAx1", kind="audio", bytes=10757)]),
        ({"video_note": FILE | {"length": 384}}, [Recording(media="AwACAgIAAx1", kind="video_note", bytes=10757)]),
        ({"document": FILE | {"mime_type": "audio/mpeg"}}, [Recording(media="AwACAgIAAx1", kind="audio", bytes=10757)]),
        ({"document": FILE | {"mime_type": "text/plain"}}, [Unsupported(kind="document")]),
        ({"voice": {"file_id": "x"}}, [Recording(media="x", kind="voice", bytes=0)]),
        (
            {"voice": FILE, "caption": "listen"},
            [Recording(media="AwACAgIAAx1", kind="voice", bytes=10757), Text(text="listen")],
        ),
        ({"photo": [FILE], "caption": "what is it?"}, [Unsupported(kind="picture"), Text(text="what is it?")]),
        ({"sticker": FILE}, [Unsupported(kind="sticker")]),
        ({"video": FILE}, [Unsupported(kind="video")]),
        ({"animation": FILE, "document": FILE}, [Unsupported(kind="video")]),
        ({"location": {"latitude": 1.0}}, [Unsupported(kind="location")]),
        ({"venue": {"title": "x"}, "location": {"latitude": 1.0}}, [Unsupported(kind="location")]),
        ({"contact": {"phone_number": "1"}}, [Unsupported(kind="contact")]),
        ({"poll": {"id": "1"}}, [Unsupported(kind="poll")]),
        ({"dice": {"value": 3}}, [Unsupported(kind="other")]),
    ],
)
def test_each_kind_of_content(content: dict[str, Any], expected: list[Content]) -> None:
    assert contents(**content) == expected


@pytest.mark.parametrize("change", [{"pinned_message": {}}, {"new_chat_title": "x"}, {"kind_of_2031": {"a": [1]}}])
def test_what_the_service_says_is_ignored(change: dict[str, Any]) -> None:
    (content,) = contents(**change)
    assert isinstance(content, Ignored)


@pytest.mark.parametrize(
    "where",
    [
        {"chat": {"id": -100, "type": "group"}},
        {"chat": {"id": -100, "type": "supergroup"}},
        {"chat": {"id": -100, "type": "channel"}, "from": None},
        {"from": ANN | {"is_bot": True}},
        {"from": None},
        {"chat": None},
    ],
)
@pytest.mark.parametrize("kind", ["message", "edited_message"])
def test_only_a_person_alone_with_us_is_answered(kind: str, where: dict[str, Any]) -> None:
    (incoming,) = parse(kind, message(text="hello") | where)
    assert isinstance(incoming.content, Ignored)


def test_words_that_were_passed_on_are_marked() -> None:
    origin = {"type": "user", "sender_user": ANN, "date": 1}
    (forwarded,) = parse("message", message(voice=FILE, forward_origin=origin))
    assert forwarded.forwarded


def test_an_edited_message_is_one() -> None:
    (incoming,) = parse("edited_message", message(text="hello!", edit_date=1795345800))
    assert (incoming.content, incoming.origin, incoming.at) == (Edited(), ORIGIN, 1795345800_000_000)


def test_a_place_that_moves_is_no_edit() -> None:
    (incoming,) = parse("edited_message", message(location={"latitude": 1.0}, edit_date=1795345800))
    assert isinstance(incoming.content, Ignored)


@pytest.mark.parametrize(("status", "reachable"), [("kicked", False), ("member", True)])
def test_a_person_who_blocks_us_is_not_reachable(status: str, reachable: bool) -> None:
    change = {"from": ANN, "chat": PRIVATE, "date": 5, "new_chat_member": {"status": status, "user": {"id": 42}}}
    (incoming,) = parse("my_chat_member", change)
    assert incoming.content == Reachable(reachable=reachable)
    assert incoming.origin is not None
    assert (incoming.origin.sender, incoming.origin.message) == ("777000111", "")


def test_a_kind_of_update_that_is_not_known_is_ignored() -> None:
    (incoming,) = parse("update_of_2031", {"a": 1})
    assert isinstance(incoming.content, Ignored)


@pytest.mark.parametrize(
    "raw", [b"", b"{oh", b"[]", b'{"update_id":1,"message":{"text":5}}', b'{"update_id":1,"x":"\xff']
)
def test_what_is_no_update_is_refused_without_its_words(raw: bytes) -> None:
    with pytest.raises(UndecodableEvent):
        parse_update(raw, "42")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=12).map(lambda name: f"new_{name}"), VALUES, max_size=5))
def test_fields_of_later_versions_change_nothing(added: dict[str, Any]) -> None:
    assert contents(text="hello", **added) == [Text(text="hello")]


@given(st.binary(max_size=200))
def test_any_bytes_are_an_update_or_are_refused(raw: bytes) -> None:
    with contextlib.suppress(UndecodableEvent):
        parse_update(raw, "42")
