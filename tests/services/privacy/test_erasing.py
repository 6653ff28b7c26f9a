"""What is erased is gone from the disk: every file of the server and of the gateway is searched for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bus.channel_events import (
    DeliveryQueued,
    TextContent,
)
from bus.events import (
    AudioIn,
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
from bus.stamping import new_event
from services.gateway import erasing
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
        at=1, stream=streams.CONVERSATIONS, sequence=1, subject=f"conv.{conversation}.message.received", service="tts",
        code="x", detail="y", deliveries=5, data=mark.encode(),
    )  # fmt: skip
    await event_log.publish_dead_letter(letter)
    await event_log.queue_delivery(
        "telegram", f"d-{mark}",
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
