"""Two versions of Visavis side by side on one log, as during an update."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import msgspec

from bus import codec
from bus.events import AudioOut, Event, MessageReceived, ReplyEnded, ReplySentence, TranscriptFinal
from bus.log import dead_letters, streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.work.runner import Runner
from bus.work.service import Output, Reader, Service
from projections.conversation import Conversation, fold_all
from projections.read_model import ReadModel
from tests.bus.work.helpers import echo, message_event, read_until, running, service


def of_a_newer_version(event: Event) -> bytes:
    """The event as a version writes it whose facts say more."""
    known = json.loads(codec.encode(event))
    return json.dumps({**known, "weather": "rain", "body": {**known["body"], "tone": {"of": ["voice"]}}}).encode()


async def test_what_a_newer_version_adds_is_passed_over(event_log: EventLog, settings: Settings) -> None:
    added = {"Visavis-Added": "1"}
    unknown = {"id": "e9", "at": 1, "conversation": "c1", "turn": "t1", "body": {"type": "reply.sung", "notes": 3}}
    async with running(event_log, service(echo)):
        await asyncio.sleep(0.2)
        for subject, data in (
            ("conv.c1.reply.sung", json.dumps(unknown).encode()),
            ("conv.c1.message.received", of_a_newer_version(message_event(1))),
            ("live.c1.reply_hummed", json.dumps({**unknown, "body": {"type": "reply_hummed"}}).encode()),
            ("audio.c1.hummed.s1", b"\x80"),
        ):
            await event_log.nc.publish(subject, data, headers=added)
        await event_log.publish_core("work.dialogue", b'{"worker":"w","holds":[],"mood":{"is":"new"}}')
        events = await read_until(event_log, ReplyEnded, 1)
    assert [event.turn for event in events if isinstance(event.body, ReplySentence)] == ["t1"]
    assert [one async for one in dead_letters.read_all(event_log)] == []
    facts = await event_log.facts("c1")
    assert "e9" not in {event.id for _, event in facts}
    (turn,) = fold_all(Conversation(id="c1"), facts).turns
    assert turn.reply is not None
    model = ReadModel(settings.data_folder / "model.sqlite")
    records = [one async for one in event_log.read(streams.CONVERSATIONS, "conv.>")]
    model.apply_records(records)
    built = model.conversation("c1")
    model.close()
    assert built is not None
    assert built.turns == (turn,)
    assert len(records) == len(facts) + 1


def test_fields_that_a_newer_version_adds_to_media_are_passed_over() -> None:
    chunk = AudioOut(conversation="c1", speech="s1", index=0, sample=0, packets=(b"a",), final=True)
    data = msgspec.msgpack.decode(codec.encode(chunk))
    assert codec.decode_media(msgspec.msgpack.encode({**data, "loudest": 1})) == chunk


async def test_what_only_the_newer_version_of_a_service_consumes_is_left_to_it(
    event_log: EventLog, settings: Settings
) -> None:
    by_new: list[str | None] = []
    by_old: list[str | None] = []

    def handler(done: list[str | None]) -> object:
        async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
            done.append(event.turn)
            yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

        return handle

    old = service(handler(by_old))  # type: ignore[arg-type]
    new = Service(
        name="dialogue",
        consumes=(MessageReceived, TranscriptFinal),
        handle=handler(by_new),  # type: ignore[arg-type]
        engine="newer",
    )
    # The old version has the consumer to itself until the newer one makes it wider.
    final = TranscriptFinal(utterance="u1", text="hello", language="en", confidence=1.0)
    async with running(event_log, old), connect(settings, name="newer") as newer_log:
        await event_log.append(message_event(1))
        await read_until(event_log, ReplyEnded, 1)
        newer = asyncio.create_task(Runner(newer_log, new).run())
        for number in range(4):
            while not {"conv.*.transcript.final"} <= set(await filters(event_log)):
                await asyncio.sleep(0.02)
            event = Event(id=f"f{number}", at=1, conversation=f"d{number}", turn=f"t{number}", body=final)
            await event_log.append(event)
        for number in range(4):
            await read_until(event_log, ReplyEnded, 1, f"d{number}")
        newer.cancel()
        await asyncio.gather(newer, return_exceptions=True)
    assert by_old == ["t1"]
    assert sorted(filter(None, by_new)) == [f"t{number}" for number in range(4)]
    assert [one async for one in dead_letters.read_all(event_log)] == []


async def filters(event_log: EventLog) -> list[str]:
    """The subjects that the consumer of the dialogue takes."""
    return (await event_log.consumer_info(streams.CONVERSATIONS, "dialogue")).config.filter_subjects or []
