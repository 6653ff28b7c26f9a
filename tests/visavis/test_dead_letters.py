"""`visavis dead`: its output, its effects and its exit status."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from datetime import datetime

import pytest
from msgspec import structs

from bus import codec
from bus.channel_events import DeliveryQueued, TextContent
from bus.errors import BusError
from bus.events import DeadLetter, MessageReceived
from bus.log import dead_letters
from bus.log.event_log import EventLog
from bus.process.discovery import announce
from bus.settings import Settings
from bus.stamping import new_delivery_event
from tests.fakes import event
from visavis.__main__ import main
from visavis.dead_letters import show_list

EVENT = event(MessageReceived(message="m1", text="Grüß dich"), turn="t1", conversation="c1", name="e1")
AT = 1_700_000_000_123_456


def letter(service: str, sequence: int, data: bytes = codec.encode(EVENT)) -> DeadLetter:
    return DeadLetter(
        at=AT,
        stream="CONVERSATIONS",
        sequence=sequence,
        subject="conv.c1.message.received",
        service=service,
        code="engine_failed",
        detail="the model\nis away",
        deliveries=5,
        data=data,
    )


@pytest.fixture
async def letters(event_log: EventLog) -> EventLog:
    """Numbers 1 and 3 of dialogue, 2 of TTS; 3 has undecodable data; 4 is not a dead letter."""
    for one in (letter("dialogue", 7), letter("tts", 8), letter("dialogue", 9, b"\xff\xfe")):
        await event_log.publish_dead_letter(one)
    await event_log.js.publish("dead.CONVERSATIONS.stt", b"undecodable")
    return event_log


async def visavis(settings: Settings, *words: str) -> tuple[int, list[str], list[str]]:
    """Exit status, and the lines on standard output and on standard error, of `visavis dead …`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "visavis", "dead", *words),
        env={**os.environ, "VISAVIS_NATS_URL": settings.nats_url, "PYTHONIOENCODING": "utf-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode().splitlines(), errors.decode().splitlines()


async def numbers(event_log: EventLog) -> list[int]:
    return [one.number async for one in dead_letters.read_all(event_log)]


async def test_each_is_one_line_with_time_service_and_reason(letters: EventLog, settings: Settings) -> None:
    when = f"{datetime.fromtimestamp(AT / 1e6):%Y-%m-%d %H:%M:%S}"
    assert await visavis(settings, "list") == (
        0,
        [
            f"   1  {when}  dialogue  engine_failed     c1  the model is away",
            f"   2  {when}  tts       engine_failed     c1  the model is away",
            f"   3  {when}  dialogue  engine_failed     c1  the model is away",
            f"   4  {'':19}  stt       ? 11 B that are no dead letter",
        ],
        [],
    )


async def test_with_json_each_line_is_an_object(letters: EventLog, settings: Settings) -> None:
    status, out, errors = await visavis(settings, "list", "--service", "dialogue", "--json")
    assert (status, errors) == (0, [])
    first, third = map(json.loads, out)
    expected = {
        "number": 1,
        "service": "dialogue",
        "conversation": "c1",
        "at": AT,
        "stream": "CONVERSATIONS",
        "sequence": 7,
        "subject": "conv.c1.message.received",
        "code": "engine_failed",
        "detail": "the model\nis away",
        "deliveries": 5,
    }
    assert first == expected
    assert {name: third[name] for name in expected} == expected | {"number": 3, "sequence": 9}
    assert third["undecodable"].startswith("expected an event, got 2 bytes")


async def test_one_is_shown_with_its_event_or_its_bytes(letters: EventLog, settings: Settings) -> None:
    status, out, errors = await visavis(settings, "show", "1")
    assert (status, errors) == (0, [])
    assert out[:2] == ["number        1", "service       dialogue"]
    assert "message       CONVERSATIONS 7 on conv.c1.message.received" in out
    place = next(place for place, row in enumerate(out) if row.startswith("event "))
    shown = json.loads("\n".join(out[place:]).removeprefix("event"))
    assert shown == json.loads(codec.encode(EVENT))

    _, out, _ = await visavis(settings, "show", "3")
    assert out[-1] == "bytes         b'\\xff\\xfe'"
    assert out[-2].startswith("event         none that this version knows: expected an event, got 2 bytes")
    found = json.loads((await visavis(settings, "show", "4", "--json"))[1][0])
    assert base64.b64decode(found["data"]) == b"undecodable"


async def test_valid_dead_letters_are_requeued_and_the_others_are_named(letters: EventLog, settings: Settings) -> None:
    async with announce(letters, "dialogue"):
        status, out, errors = await visavis(settings, "requeue", "--all")
    assert status == 1
    assert out == ["put back: 1 (dialogue, conversation c1)", "put back: 2 (tts, conversation c1)"]
    assert errors[0].startswith("error: not put back: 3 holds no event that this version knows (expected an event, got")
    assert errors[0].endswith("; --force puts it back all the same")
    assert errors[1:] == [
        "error: not put back: 4 is no dead letter of Visavis",
        "no worker of tts is running; it waits for one",
    ]
    assert await numbers(letters) == [3, 4]
    assert (await visavis(settings, "requeue", "3", "--force"))[:2] == (0, ["put back: 3 (dialogue, conversation c1)"])
    assert await numbers(letters) == [4]


async def test_they_are_dropped_by_number_by_service_or_all(letters: EventLog, settings: Settings) -> None:
    assert await visavis(settings, "drop", "2", "2") == (0, ["dropped: 2 (tts, conversation c1)"], [])
    status, out, _ = await visavis(settings, "drop", "--service", "dialogue")
    assert (status, len(out), await numbers(letters)) == (0, 2, [4])
    assert await visavis(settings, "drop", "--all") == (0, ["dropped: 4 (stt)"], [])
    assert await visavis(settings, "drop", "--all") == (0, [], ["no dead letters, nothing was dropped"])
    assert await visavis(settings, "requeue", "--all") == (0, [], ["no dead letters, nothing was put back"])
    assert await visavis(settings, "list", "--service", "tts") == (0, [], ["no dead letters of tts"])


async def test_an_unknown_number_raises_before_anything_is_done(letters: EventLog, settings: Settings) -> None:
    for words in (("show", "77"), ("requeue", "1", "77"), ("drop", "77", "1")):
        assert await visavis(settings, *words) == (1, [], ["error: there is no dead letter 77"])
    assert await numbers(letters) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "requeue",
        "drop",
        "show",
        "requeue 0",
        "drop one",
        "requeue 1 --all",
        "drop 1 --service tts",
        "drop --all --service tts",
        "list --service a.b",
    ],
)
def test_a_selection_is_required(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dead", *words.split()])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: visavis dead")


async def test_a_missing_server_is_named_with_the_time_it_was_waited_for() -> None:
    with pytest.raises(BusError) as caught:
        await show_list(Settings(nats_url="nats://127.0.0.1:1"), None, as_json=False, wait=0.1)
    assert caught.value.detail == "no NATS server at nats://127.0.0.1:1 within 0.1 s"


UPDATE = b'{"update_id":7,"message":{"text":"Gr\xc3\xbc\xc3\x9f dich"}}'
DELIVERY = new_delivery_event(
    DeliveryQueued(account="1", chat="7", content=TextContent(text="hello")), channel="telegram", delivery="d1"
)


@pytest.fixture
async def letters_of_channels(event_log: EventLog) -> EventLog:
    """Number 1 of the inbox, 2 of the sender."""
    inbox = structs.replace(letter("inbox", 4, UPDATE), stream="INBOX", subject="inbox.telegram.1.7")
    sender = structs.replace(
        letter("sender", 5, codec.encode(DELIVERY)), stream="DELIVERIES", subject="delivery.telegram.d1"
    )
    for one in (inbox, sender):
        await event_log.publish_dead_letter(one)
    return event_log


async def test_those_of_channels_are_listed_and_shown_with_what_the_channel_sent(
    letters_of_channels: EventLog, settings: Settings
) -> None:
    _, listed, _ = await visavis(settings, "list")
    assert [line.split("  ")[-2].strip() for line in listed] == ["telegram 1 7", "telegram d1"]
    _, update, _ = await visavis(settings, "show", "1")
    place = next(place for place, row in enumerate(update) if row.startswith("update "))
    assert json.loads("\n".join(update[place:]).removeprefix("update")) == json.loads(UPDATE)
    _, delivery, _ = await visavis(settings, "show", "2", "--json")
    shown = json.loads(delivery[0])
    assert (shown["service"], shown["conversation"]) == ("sender", "")
    assert shown["event"]["body"]["content"] == {"type": "text", "text": "hello", "markdown": False}


async def test_those_of_channels_are_requeued_for_the_process_of_the_channels(
    letters_of_channels: EventLog, settings: Settings
) -> None:
    status, out, errors = await visavis(settings, "requeue", "--all")
    assert (status, out) == (0, ["put back: 1 (inbox, telegram 1 7)", "put back: 2 (sender, telegram d1)"])
    assert errors == [f"no worker of {name} is running; it waits for one" for name in ("inbox", "sender")]
    assert await numbers(letters_of_channels) == []
