"""Webhooks are proved, stored, and only then confirmed."""

from __future__ import annotations

import asyncio
import json
import logging
import socket

import httpx2
import pytest
from starlette.applications import Starlette

from bus.errors import BusError
from bus.log.event_log import EventLog
from bus.process.http_server import bind, serve
from services.channels.channel import Progress, Recording, Text
from services.channels.whatsapp import webhook
from services.channels.whatsapp.adapter import WhatsApp
from tests.services.channels import whatsapp_shapes as shapes
from tests.services.channels.whatsapp.conftest import OGG, Inbox
from tests.services.channels.whatsapp_double import GraphDouble


def hello(double: GraphDouble) -> bytes:
    """A webhook with a text."""
    message, contact = double.message(double.person(), shapes.text("Grüße / hello"))
    return shapes.as_sent(
        shapes.webhook(double.number_id, double.number, {"contacts": [contact], "messages": [message]})
    )


async def until_confirmed(double: GraphDouble) -> None:
    while double._tasks:
        await asyncio.sleep(0.01)


async def test_a_voice_note_is_stored_as_it_came(double: GraphDouble, channel: WhatsApp, inbox: Inbox) -> None:
    wamid = double.records(double.person(), OGG)
    await until_confirmed(double)
    ((key, data),) = inbox.items.items()
    assert key.startswith("msg-")
    (found,) = [one for one in channel.parse(data) if isinstance(one.content, Recording)]
    assert found.origin is not None
    assert (found.origin.message, found.sender_name) == (wamid, "Zoë")


async def test_two_messages_and_a_status_are_three_items(double: GraphDouble, channel: WhatsApp, inbox: Inbox) -> None:
    person = double.person()
    messages = [double.message(person, shapes.text(words)) for words in ("one", "two")]
    status = {"id": "wamid.A=", "status": "read", "timestamp": "1749416383", "biz_opaque_callback_data": "d1"}
    double.notify(contacts=[messages[0][1]], messages=[one for one, _ in messages], statuses=[status])
    await until_confirmed(double)
    contents = [channel.parse(inbox.items[key])[-1].content for key in inbox.order]
    assert contents == [
        Text(text="one"),
        Text(text="two"),
        Progress(delivery="d1", message="wamid.A=", status="read"),
    ]


async def test_eight_copies_at_once_are_stored_once(
    double: GraphDouble, channel: WhatsApp, event_log: EventLog
) -> None:
    async def store(key: str, data: bytes) -> bool:
        stored.append(await event_log.append_inbox("whatsapp", channel.account, key, data))
        return stored[-1]

    stored: list[bool] = []
    listener = bind("127.0.0.1", 0, "a port")
    double.webhook = f"http://127.0.0.1:{listener.getsockname()[1]}/whatsapp"
    async with serve(Starlette(routes=list(channel.routes(store))), listener):
        body = hello(double)
        assert await asyncio.gather(*(double.post(body) for _ in range(8))) == [200] * 8
    assert sorted(stored) == [False] * 7 + [True]


@pytest.mark.parametrize(
    "signature", ["", "sha256=", f"sha256={'0' * 64}", "sha1=abc", "sha256=é", "\x00\xff"], ids=repr
)
async def test_what_is_not_signed_by_meta_is_refused(double: GraphDouble, inbox: Inbox, signature: str) -> None:
    body = hello(double)
    async with httpx2.AsyncClient(trust_env=False) as client:
        headers = {b"X-Hub-Signature-256": signature.replace("\x00", "ÿ").encode("latin-1")} if signature else {}
        answer = await client.post(double.webhook, content=body, headers=headers)
    assert (answer.status_code, answer.content, inbox.items) == (401, b"", {})


async def test_the_signature_is_that_of_the_bytes(double: GraphDouble, inbox: Inbox) -> None:
    body = hello(double)
    rewritten = json.dumps(json.loads(body), ensure_ascii=False).encode()
    assert await double.post(rewritten, shapes.signature(body, double.app_secret)) == 401
    assert await double.post(body, shapes.signature(body, "another secret")) == 401
    assert await double.post(body) == 200


async def test_what_is_signed_and_cannot_be_read_is_kept(double: GraphDouble, inbox: Inbox) -> None:
    assert await double.post(b"not JSON") == 200
    assert list(inbox.items.values()) == [b"not JSON"]


@pytest.mark.parametrize("error", [BusError("the log is full"), TimeoutError()])
async def test_while_the_log_is_away_meta_is_asked_to_come_again(
    double: GraphDouble, inbox: Inbox, error: Exception
) -> None:
    inbox.fails = error
    body = hello(double)
    async with httpx2.AsyncClient(trust_env=False) as client:
        headers = {"X-Hub-Signature-256": shapes.signature(body, double.app_secret)}
        answer = await client.post(double.webhook, content=body, headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    inbox.fails = None
    assert await double.post(body) == 200
    assert len(inbox.items) == 1


async def test_a_log_that_does_not_answer_is_one_that_is_away(
    double: GraphDouble, channel: WhatsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def store(key: str, data: bytes) -> bool:
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(webhook, "STORE_WITHIN", 0.05)
    listener = bind("127.0.0.1", 0, "a port")
    double.webhook = f"http://127.0.0.1:{listener.getsockname()[1]}/whatsapp"
    async with serve(Starlette(routes=list(channel.routes(store))), listener):
        assert await double.post(hello(double)) == 503


async def test_webhooks_about_another_number_are_dropped(
    double: GraphDouble, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    double.number_id = "999"
    assert await double.post(hello(double)) == 200
    assert inbox.items == {}
    assert "another number than VISAVIS_WHATSAPP_PHONE_NUMBER_ID" in caplog.text


async def test_other_fields_are_confirmed_in_one_line(
    double: GraphDouble, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=webhook.__name__)
    changes: list[shapes.Json] = [{"field": name, "value": {}} for name in ("account_alerts", "calls", "a\nb")]
    assert await double.post(json.dumps({"entry": [{"id": "1", "changes": changes}]}).encode()) == 200
    lines = [record for record in caplog.records if record.name == webhook.__name__]
    assert [vars(record)["fields"] for record in lines] == ["account_alerts,calls"]


async def test_a_body_of_more_than_three_megabytes_is_not_read(double: GraphDouble, inbox: Inbox) -> None:
    assert await double.post(bytes(webhook.MAX_BODY + 1)) == 413

    async def pieces() -> object:  # without a length in the header
        for _ in range(4):
            yield bytes(1 << 20)

    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(double.webhook, content=pieces())  # type: ignore[arg-type]
    assert answer.status_code == 413
    assert inbox.items == {}


async def test_of_large_bodies_that_nobody_has_proved_some_are_held_and_small_ones_still_come_in(
    double: GraphDouble, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "MOST_UNPROVED", 1 << 20)
    url = httpx2.URL(double.webhook)
    head = b"POST /whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 700000\r\n\r\n"
    first, first_writer = await asyncio.open_connection(url.host, url.port, family=socket.AF_INET)
    second, second_writer = await asyncio.open_connection(url.host, url.port, family=socket.AF_INET)
    for writer in (first_writer, second_writer):
        writer.write(head + bytes(690_000))
    answered, held = await asyncio.wait(
        [asyncio.create_task(one.readline()) for one in (first, second)], return_when=asyncio.FIRST_COMPLETED
    )
    assert [one.result().split()[1] for one in answered] == [b"503"]
    assert len(held) == 1
    assert await double.post(hello(double)) == 200
    for writer in (first_writer, second_writer):
        writer.close()
    await asyncio.gather(*held)
    for _ in range(3):  # what was held is given back
        assert await double.post(bytes(900_000)) == 200


async def test_a_body_that_does_not_come_is_not_waited_for(
    double: GraphDouble, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "READ_WITHIN", 0.05)
    url = httpx2.URL(double.webhook)
    reader, writer = await asyncio.open_connection(url.host, url.port, family=socket.AF_INET)
    writer.write(b"POST /whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12")
    assert (await reader.readline()).split()[1] == b"408"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ({"hub.mode": "subscribe", "hub.verify_token": "typed-in-at-meta", "hub.challenge": "42"}, 200, "42"),
        ({"hub.mode": "subscribe", "hub.verify_token": "guessed", "hub.challenge": "42"}, 403, ""),
        ({"hub.mode": "subscribe", "hub.verify_token": "gueßt", "hub.challenge": "42"}, 403, ""),
        ({"hub.mode": "else", "hub.verify_token": "typed-in-at-meta", "hub.challenge": "42"}, 403, ""),
        ({}, 403, ""),
    ],
)
async def test_the_address_is_verified_by_the_token(
    double: GraphDouble, inbox: Inbox, query: dict[str, str], status: int, text: str
) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(double.webhook, params=query)
    assert (answer.status_code, answer.text) == (status, text)


async def test_the_double_verifies_the_address(double: GraphDouble, inbox: Inbox) -> None:
    assert await double.verify()
    double.verify_token = "another"
    assert not await double.verify()
