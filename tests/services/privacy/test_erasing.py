"""What is erased is gone from the disk: every file of the server and of the gateway is searched for it."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from pathlib import Path
from zlib import crc32

import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from bus.channel_events import (
    DeliveryQueued,
    LinkClaimed,
    Linked,
    LinkOffered,
    TextContent,
)
from bus.events import (
    AudioIn,
    CharacterCreated,
    ConversationOpened,
    DeadLetter,
    FrameBatch,
    MessageReceived,
    Origin,
    ReplySentence,
    ReplyStarted,
)
from bus.ids import derive_id
from bus.log import streams
from bus.log.event_log import EventLog
from bus.settings import Settings
from bus.stamping import new_character_event, new_event, new_link_event
from services.gateway import erasing
from services.gateway.web.identity import COOKIE
from services.privacy.erasing import request_erasure
from tests.nats_servers import NatsServer, ServerProcess
from tests.services.gateway.conftest import Running, serving

MARK, KEPT = "zanzibar-marker", "kamchatka-marker"
UPDATE = "inbox.telegram.bot.u1"


def found(folder: Path, mark: str) -> set[str]:
    """Files in which a marker is."""
    mine = (path for path in folder.rglob("*") if path.is_file())
    return {path.name for path in mine if mark.encode() in path.read_bytes()}


async def talk(event_log: EventLog, conversation: str, mark: str, *, many: int = 1) -> None:
    """A turn in which a marker is everywhere that words, sound and pictures are kept."""
    said = new_event(MessageReceived(message="m1", text=f"{mark} said"), conversation=conversation, turn="t1")
    await event_log.append(said)
    for body in (
        ReplyStarted(reply=f"r-{mark}", character="ada", engine="e"),
        *(ReplySentence(reply=f"r-{mark}", index=one, character="ada", text=f"{mark} {one}") for one in range(many)),
    ):
        await event_log.append(new_event(body, conversation=conversation, turn="t1"))
    for index in range(3):
        chunk = AudioIn(conversation=conversation, utterance="u1", index=index, sample=0, pcm=mark.encode() * 20)
        await event_log.publish_media(chunk, f"{conversation}-{index}")
    batch = FrameBatch(
        conversation=conversation, speech="s1", index=0, frame=0, fps=25, phase=0, units=(mark.encode(),), final=True
    )
    await event_log.publish_media(batch, f"{conversation}-f")
    letter = DeadLetter(
        at=1, stream=streams.CONVERSATIONS, sequence=crc32(conversation.encode()),
        subject=f"conv.{conversation}.message.received", service="tts",
        code="x", detail="y", deliveries=5, data=mark.encode(),
    )  # fmt: skip
    await event_log.publish_dead_letter(letter)
    await event_log.queue_delivery(
        "telegram", f"d-{conversation}",
        DeliveryQueued(account="bot", chat="c", content=TextContent(text=mark), conversation=conversation),
    )  # fmt: skip


async def receipt(gateway: Running, conversation: str) -> dict[str, int]:
    while True:
        answer = (await gateway.client.get(f"/api/erasures/{conversation}")).json()
        if answer["removed"] is not None:
            removed: dict[str, int] = answer["removed"]
            return removed
        await asyncio.sleep(0.05)


async def test_an_erased_conversation_is_gone_from_every_stream_and_file_and_others_stay(
    event_log: EventLog, settings: Settings, nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "AGAIN_AFTER", (0.0, 1.0))
    # One that a gateway had not come to when it died.
    await talk(event_log, "broken", MARK)
    await request_erasure(event_log, "broken", "operator")
    async with serving(event_log, settings) as gateway:
        conversation, other = await gateway.open(), await gateway.open()
        await talk(event_log, conversation, MARK, many=40)
        await talk(event_log, other, KEPT)
        await event_log.append_inbox("telegram", "bot", "u1", json.dumps({"text": MARK}).encode())
        origin = Origin(channel="telegram", account="bot", chat="c", sender="s", message="7")
        by_channel = MessageReceived(message="m2", text=MARK, channel="telegram", origin=origin)
        await event_log.append(
            new_event(by_channel, conversation=conversation, event_id=derive_id(f"{UPDATE}.0", "message"), turn="t2")
        )
        await asyncio.sleep(0.3)
        assert (await gateway.client.get("/api/search", params={"text": MARK})).json() != []
        if isinstance(nats_server, ServerProcess):
            assert {"1.blk", "gateway.sqlite-wal"} <= found(tmp_path, MARK)

        answer = await gateway.client.delete(f"/api/conversations/{conversation}")
        assert answer.status_code == 202
        assert (await gateway.client.get(f"/api/conversations/{conversation}")).status_code == 404
        removed = await receipt(gateway, conversation)
        assert removed["AUDIO"] == 3
        assert removed["FRAMES"] == removed["DEAD"] == removed["DELIVERIES"] == removed["INBOX"] == 1
        assert removed["CONVERSATIONS"] >= 43
        await receipt(gateway, "broken")
        # What a worker had begun before is shown to nobody.
        late = ReplySentence(reply=f"r-{MARK}", index=99, character="ada", text="late")
        await event_log.append(new_event(late, conversation=conversation, turn="t1"))
        mine = [one["id"] for one in (await gateway.client.get("/api/conversations")).json()]
        assert mine == [other]
        assert (await gateway.client.get("/api/search", params={"text": "said"})).json()[0]["conversation"] == other
        while await event_log.last_fact(conversation, ReplySentence) is not None:
            await asyncio.sleep(0.05)
    assert found(tmp_path, MARK) == set()
    if isinstance(nats_server, ServerProcess):
        assert {"1.blk", "gateway.sqlite"} <= found(tmp_path, KEPT)
    kept = [event.body.__struct_config__.tag for _, event in await event_log.facts(conversation)]
    assert kept[:2] == ["conversation.erasure_requested", "conversation.erased"]


async def test_a_person_takes_all_with_them_and_is_then_unknown(
    event_log: EventLog, settings: Settings, nats_server: NatsServer, tmp_path: Path
) -> None:
    async with serving(event_log, settings) as gateway:
        conversation = await gateway.open()
        await talk(event_log, conversation, MARK)
        (opened,) = [event for _, event in await event_log.facts(conversation)][:1]
        assert isinstance(opened.body, ConversationOpened)
        person = opened.body.person
        await link(event_log, person, conversation)
        await event_log.append_inbox("telegram", "bot", "u2", json.dumps({"from": {"id": 4711}, "t": MARK}).encode())
        await event_log.append_inbox("telegram", "bot", "u3", json.dumps({"from": {"id": 47110}, "t": KEPT}).encode())
        await event_log.js.add_consumer(streams.INBOX, ConsumerConfig(durable_name="inbox", ack_policy=AckPolicy.ALL))
        (*_, last) = await (await event_log.js.pull_subscribe_bind("inbox", streams.INBOX)).fetch(2)
        await last.ack_sync()
        look = "photo-1"
        await event_log.assets.put(look, MARK.encode() * 1000)
        mine = CharacterCreated(
            name=MARK, tagline=MARK, personality=MARK, greeting=MARK, look=look, voice="female", owner=person
        )
        await event_log.append_character(new_character_event(mine, character="zoe"))

        answer = await gateway.client.get("/api/person/export")
        assert answer.headers["content-type"] == "application/zip"
        file = zipfile.ZipFile(io.BytesIO(answer.content))
        folder = f"conversations/{conversation}/"
        assert f"You: {MARK} said" in file.read(f"{folder}messages.txt").decode()
        assert len(file.read(f"{folder}facts.jsonl").splitlines()) == len(await event_log.facts(conversation))
        assert MARK.encode() in file.read(f"{folder}sound/u1.wav")
        about = json.loads(file.read("person.json"))
        assert [one["name"] for one in about["links"]] == [MARK]
        assert file.read("characters/zoe") == MARK.encode() * 1000
        assert [MARK.encode() in file.read(name) for name in file.namelist() if "/received/" in name] == [True]

        answer = await gateway.client.delete("/api/person")
        assert answer.status_code == 202
        assert COOKIE not in gateway.client.cookies
        await receipt(gateway, conversation)
        assert (await gateway.client.get("/api/conversations")).json() == []
        assert "zoe" not in [one["id"] for one in (await gateway.client.get("/api/characters")).json()]
    assert found(tmp_path, MARK) == set()
    if isinstance(nats_server, ServerProcess):
        assert "1.blk" in found(tmp_path, KEPT)  # a sender whose number begins with the other's


async def link(event_log: EventLog, person: str, conversation: str) -> None:
    """An account of a channel that is linked with a person."""
    after = 0
    for body in (
        LinkOffered(person=person, channel="telegram", conversation=None, expires_at=1 << 52),
        LinkClaimed(account="bot", sender="4711", chat="4711", name=MARK),
        Linked(person=person, conversation=conversation),
    ):
        after = await event_log.append_link(new_link_event(body, link="l1"), after=after)
