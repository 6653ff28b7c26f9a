"""Webhooks are split into single items, and read as what people did."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from bus import subjects
from bus.errors import UndecodableEvent
from bus.events import Origin
from services.channels.channel import (
    AliasLearned,
    Content,
    Edited,
    Ignored,
    Incoming,
    OutcomeUnknown,
    Progress,
    Recording,
    Text,
    Unsupported,
)
from services.channels.whatsapp.errors import answer_failure
from services.channels.whatsapp.updates import parse, split
from tests.services.channels import whatsapp_shapes as shapes
from tests.services.channels.whatsapp_shapes import Json

NUMBER_ID = "106540352242922"
NUMBER = "16505551234"
USER = "US.13491208655302741918"
CONTACT = shapes.contact(NUMBER, USER, "Zoë")


def message(content: Json, **fields: Any) -> Json:
    head = {"from": NUMBER, "from_user_id": USER, "id": "wamid.A=", "timestamp": "1749416383"}
    return {name: value for name, value in (head | content | fields).items() if value is not None}


def body(**value: list[Json]) -> bytes:
    return shapes.as_sent(shapes.webhook(NUMBER_ID, "15550783881", value))


def read(one: Json, contacts: list[Json] | None = None) -> list[Incoming]:
    contacts = [CONTACT] if contacts is None else contacts
    return list(parse(body(contacts=contacts, messages=[one]), NUMBER_ID))


def content_of(one: Json) -> Content:
    return read(one)[-1].content


def test_a_voice_note_says_who_sent_it_and_when_and_that_the_number_is_the_same_person() -> None:
    origin = Origin(channel="whatsapp", account=NUMBER_ID, chat=NUMBER, sender=USER, message="wamid.A=")
    at = 1749416383_000_000
    assert read(message(shapes.voice("19", b"x", "https://x"))) == [
        Incoming(content=AliasLearned(sender=USER), origin=msgspec.structs.replace(origin, sender=NUMBER), at=at),
        Incoming(content=AliasLearned(sender=NUMBER), origin=origin, at=at),
        Incoming(content=Recording(media="19", kind="voice"), origin=origin, at=at, sender_name="Zoë"),
    ]


CONTENTS: list[tuple[Json, Content]] = [
    (shapes.voice("19", b"x", "https://x", recorded=False), Recording(media="19", kind="audio")),
    (shapes.text("Hi/ho"), Text(text="Hi/ho")),
    ({"type": "button", "button": {"text": "Yes", "payload": "p"}}, Text(text="Yes")),
    (
        {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Go on"}}},
        Text(text="Go on"),
    ),
    (
        {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "Luna"}}},
        Text(text="Luna"),
    ),
    ({"type": "interactive", "interactive": {"type": "nfm_reply"}}, Unsupported(kind="other")),
    ({"type": "image", "image": {"id": "1"}}, Unsupported(kind="picture")),
    ({"type": "video", "video": {"id": "1"}}, Unsupported(kind="video")),
    ({"type": "sticker", "sticker": {"id": "1"}}, Unsupported(kind="sticker")),
    ({"type": "document", "document": {"id": "1"}}, Unsupported(kind="document")),
    ({"type": "location", "location": {"latitude": 1.0}}, Unsupported(kind="location")),
    ({"type": "contacts", "contacts": []}, Unsupported(kind="contact")),
    ({"type": "order", "order": {}}, Unsupported(kind="other")),
    ({"type": "unsupported", "unsupported": {"type": "poll"}}, Unsupported(kind="poll")),
    ({"type": "unsupported", "errors": [{"code": 131051}]}, Unsupported(kind="other")),
    ({"type": "of 2027"}, Unsupported(kind="other")),
    ({"type": "reaction", "reaction": {"message_id": "wamid.B=", "emoji": "👍"}}, Ignored(why="a reaction")),
    ({"type": "revoke", "revoke": {"original_message_id": "wamid.B="}}, Ignored(why="a deletion")),
    ({"type": "text", "text": {"body": "all"}, "group_id": "g1"}, Ignored(why="in a group")),
]


@pytest.mark.parametrize(("sent", "content"), CONTENTS, ids=lambda one: one["type"] if isinstance(one, dict) else "")
def test_each_kind_of_message_is_known(sent: Json, content: Content) -> None:
    assert content_of(message(sent)) == content


def test_an_edit_is_about_the_message_that_it_changes() -> None:
    edit = {"type": "edit", "edit": {"original_message_id": "wamid.B=", "message": shapes.text("Hi")}}
    edited = read(message(edit))[-1]
    assert edited.origin is not None
    assert (edited.content, edited.origin.message) == (Edited(), "wamid.B=")


@pytest.mark.parametrize("how", ["forwarded", "frequently_forwarded"])
def test_what_was_passed_on_is_marked(how: str) -> None:
    assert read(message(shapes.text("new conversation"), context={how: True}))[-1].forwarded
    assert not read(message(shapes.text("yes"), context={"from": "1", "id": "wamid.B="}))[-1].forwarded


def test_a_person_without_a_number_is_their_user_id() -> None:
    hidden = shapes.contact(NUMBER, USER, "Maria", hidden=True)
    (only,) = read(message(shapes.text("Hi"), **{"from": None}), [hidden])
    assert only.origin == Origin(channel="whatsapp", account=NUMBER_ID, chat=USER, sender=USER, message="wamid.A=")


def test_a_person_without_a_user_id_is_their_number() -> None:
    (only,) = read(message(shapes.text("Hi"), from_user_id=None), [{"profile": {}, "wa_id": NUMBER}])
    assert only.origin == Origin(channel="whatsapp", account=NUMBER_ID, chat=NUMBER, sender=NUMBER, message="wamid.A=")


def test_a_message_of_nobody_is_refused() -> None:
    with pytest.raises(UndecodableEvent, match="without a sender"):
        read(message(shapes.text("Hi"), **{"from": None, "from_user_id": None}), [])


def test_a_new_number_is_learned_from_every_old_id() -> None:
    notice = message(shapes.changed_number(NUMBER, "4915112345", USER, "DE.77"), from_user_id=None)
    learned = [(one.origin.sender, one.content) for one in read(notice, []) if one.origin]
    assert learned == [
        (USER, AliasLearned(sender="DE.77")),
        (USER, AliasLearned(sender="4915112345")),
        (NUMBER, AliasLearned(sender="DE.77")),
        (NUMBER, AliasLearned(sender="4915112345")),
    ]


def test_a_new_user_id_is_learned() -> None:
    system = {"type": "user_changed_user_id", "body": "…", "user_id": "US.2", "previous_user_id": USER}
    (learned,) = read(message({"type": "system", "system": system}, **{"from": None, "from_user_id": None}), [])
    assert learned.origin is not None
    assert (learned.origin.sender, learned.content) == (USER, AliasLearned(sender="US.2"))


def test_other_notices_change_nothing() -> None:
    notice = message({"type": "system", "system": {"type": "customer_identity_changed", "body": "…"}})
    assert [one.content for one in read(notice, [])] == [Ignored(why="a notice of WhatsApp")]


def status(kind: str, **fields: Any) -> bytes:
    return body(statuses=[{"id": "wamid.A=", "status": kind, "timestamp": "1749416383", **fields}])


def test_statuses_say_what_became_of_a_message() -> None:
    (read_one,) = parse(status("read", biz_opaque_callback_data="d1"), NUMBER_ID)
    progress = Progress(delivery="d1", message="wamid.A=", status="read")
    assert read_one == Incoming(content=progress, origin=None, at=1749416383_000_000)
    errors = [shapes.status_error(131047)]
    (failed,) = parse(status("failed", biz_opaque_callback_data="d1", errors=errors), NUMBER_ID)
    assert failed.content == Progress(
        delivery="d1",
        message="wamid.A=",
        status="failed",
        code="window_closed",
        detail="Re-engagement message (WhatsApp's code 131047)",
    )


@pytest.mark.parametrize(("errors", "code"), [([], "failed"), ([{"code": 7}], "whatsapp_7"), (None, "failed")])
def test_failures_without_a_known_reason_have_a_code_too(errors: list[Json] | None, code: str) -> None:
    (failed,) = parse(status("failed", errors=errors), NUMBER_ID)
    assert isinstance(failed.content, Progress)
    assert (failed.content.delivery, failed.content.code) == ("", code)


def test_data_of_another_program_is_no_delivery_of_ours() -> None:
    (sent,) = parse(status("sent", biz_opaque_callback_data="order 7, paid"), NUMBER_ID)
    assert sent.content == Progress(delivery="", message="wamid.A=", status="sent")


def test_a_webhook_is_split_into_items_that_can_be_read_alone() -> None:
    ben = shapes.contact("4930123", "DE.5", "Ben")
    first, second = (
        message(shapes.text("Grüße")),
        message(shapes.text("2"), id="wamid.B=", **{"from": "4930123", "from_user_id": "DE.5"}),
    )
    whole = json.loads(body(contacts=[CONTACT, ben], messages=[first, second]))
    whole["entry"].append(json.loads(status("delivered", biz_opaque_callback_data="d1"))["entry"][0])
    items = split(shapes.as_sent(whole), NUMBER_ID).items
    assert [key.split("-")[0] for key, _ in items] == ["msg", "msg", "st"]
    assert [parse(data, NUMBER_ID)[-1].content for _, data in items] == [
        Text(text="Grüße"),
        Text(text="2"),
        Progress(delivery="d1", message="wamid.A=", status="delivered"),
    ]
    assert b"Ben" not in items[0][1]
    assert items[0][1].count(b"Gr\\u00fc\\u00dfe") == 1  # as it came


def test_ids_are_those_of_the_message_and_of_each_status() -> None:
    def keys(*bodies: bytes) -> list[str]:
        return [key for one in bodies for key, _ in split(one, NUMBER_ID).items]

    one = message(shapes.text("1"))
    assert keys(body(messages=[one])) == keys(body(contacts=[CONTACT], messages=[one | {"timestamp": "2"}]))
    different = keys(
        body(messages=[one]), body(messages=[one | {"id": "wamid.B="}]), status("sent"), status("read"), b"{", b"[]"
    )
    assert len(set(different)) == len(different) == 6
    assert [subjects.token(key, "id") for key in different] == different


def test_what_cannot_be_read_is_kept_and_stops_nothing() -> None:
    whole = json.loads(body(messages=[{"type": "text"}, message(shapes.text("Hi"))], statuses=[{"id": 5}]))
    whole["entry"][0]["changes"].insert(0, {"field": "messages", "value": 7})
    items = split(json.dumps(whole).encode(), NUMBER_ID).items
    assert [key.split("-")[0] for key, _ in items] == ["raw", "raw", "msg", "raw"]
    for key, data in items:
        if key.startswith("raw"):
            with pytest.raises(UndecodableEvent):
                parse(data, NUMBER_ID)
    ((_, large),) = split(bytes(3 << 20), NUMBER_ID).items
    assert large == bytes(512 << 10)
    (_, broken) = split(b'{"entry": ', NUMBER_ID).items[0]
    assert broken == b'{"entry": '
    with pytest.raises(UndecodableEvent, match="cannot be read"):
        parse(broken, NUMBER_ID)


def test_a_voice_note_without_its_file_is_refused() -> None:
    with pytest.raises(UndecodableEvent, match="type audio without its content"):
        read(message({"type": "audio"}))


def test_other_fields_and_other_numbers_are_left_out() -> None:
    alert = {"field": "account_alerts", "value": {"entity_type": "WABA"}}
    whole = json.loads(body(messages=[message(shapes.text("Hi"))]))
    whole["entry"][0]["changes"].append(alert)
    assert split(json.dumps(whole).encode(), NUMBER_ID).others == ["account_alerts"]
    assert split(body(errors=[shapes.status_error(130429)]), NUMBER_ID).others == ["errors"]
    strange = split(json.dumps(whole).encode(), "999")
    assert (strange.items, strange.strange_numbers) == ([], 1)
    with pytest.raises(UndecodableEvent, match="of our number"):
        parse(json.dumps(whole).encode(), "999")


def test_statuses_that_say_nothing_about_delivery_are_left_out() -> None:
    left = split(status("deleted"), NUMBER_ID)
    assert (left.items, left.others) == ([], ["status_deleted"])
    with pytest.raises(UndecodableEvent, match="of kind 'deleted'"):
        parse(status("deleted"), NUMBER_ID)


@pytest.mark.parametrize("raw", [b'{"entry":[{"id":"\xff"}]}', b'{"entry":' + b"[" * 100_000 + b"]" * 100_000 + b"}"])
def test_what_is_no_utf_8_or_is_nested_without_end_is_put_aside(raw: bytes) -> None:
    ((key, parked),) = split(raw, "106540352242922").items
    assert key.startswith("raw-")
    with pytest.raises(UndecodableEvent):
        parse(parked, "106540352242922")
    assert isinstance(answer_failure(500, raw), OutcomeUnknown)
