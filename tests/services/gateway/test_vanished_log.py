"""A gateway whose streams, or whose read model, vanish while it serves."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from bus.dropped import counts
from bus.events import CharacterEvent
from bus.log.event_log import EventLog
from bus.settings import Settings
from tests.services.gateway.conftest import FullDisk, Running, character, serving


async def status(client: httpx2.AsyncClient, path: str, wanted: int) -> None:
    """Wait until a request is answered with this status."""
    async with asyncio.timeout(60):
        while (await client.get(path)).status_code != wanted:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("all_streams", [False, True])
async def test_new_conversations_are_served_and_those_of_the_old_log_are_gone(
    gateway: Running, all_streams: bool
) -> None:
    old = await gateway.open()
    await status(gateway.client, f"/api/conversations/{old}", 200)
    names = ("CONVERSATIONS", "CHARACTERS", "AUDIO", "FRAMES", "IDLE", "LIVE", "DEAD", "REQUEUE", "OBJ_assets")
    for name in names if all_streams else names[:1]:
        await gateway.event_log.js.delete_stream(name)
    await status(gateway.client, f"/api/conversations/{old}", 404)
    if all_streams:
        async with asyncio.timeout(60):
            while (await gateway.client.get("/api/characters")).json() != []:
                await asyncio.sleep(0.05)
        again = CharacterEvent(id="ada-again", at=1, character="ada", body=character("Ada"))
        await gateway.event_log.append_character(again)
        async with asyncio.timeout(60):
            while not (await gateway.client.get("/api/characters")).json():
                await asyncio.sleep(0.05)
    new = await gateway.open()
    await status(gateway.client, f"/api/conversations/{new}", 200)
    await status(gateway.client, "/readyz", 200)
    said = await gateway.client.post(f"/api/conversations/{new}/messages", json={"text": "Hello"})
    assert said.status_code == 202
    listed = (await gateway.client.get("/api/conversations")).json()
    assert [one["id"] for one in listed] == [new]


async def test_garbage_on_every_stream_keeps_no_gateway_from_starting(event_log: EventLog, settings: Settings) -> None:
    subjects = (
        "conv.c1.message.received", "conv.c1.session.opened", "conv.c1.no.such_kind", "character.ada.created",
        "character.x.removed", "frames.idle.ada", "frames.c1.s", "audio.c1.in.u", "audio.c1.out.s", "live.c1.watching",
        "live.lease.x", "link.l1", "dead.CONVERSATIONS.tts", "requeue.tts", "inbox.a.b.c", "delivery.a.b",
    )  # fmt: skip
    for subject in subjects:
        for data in (b"", b"\xff\x00", b"{}", b"[" * 10_000):
            await event_log.js.publish(subject, data)
    (settings.data_folder / "sessions").mkdir(parents=True)
    (settings.data_folder / "sessions" / "s1.json").write_bytes(b"\xff")
    before = counts().get("undecodable", 0)
    async with serving(event_log, settings) as gateway:
        conversation = await gateway.open()
        said = await gateway.client.post(f"/api/conversations/{conversation}/messages", json={"text": "Hello"})
        assert said.status_code == 202
        await status(gateway.client, "/readyz", 200)
        assert gateway.model.undecodable == 12
        assert counts()["undecodable"] > before


async def test_no_conversation_counts_as_gone_while_the_read_model_is_built_anew(
    event_log: EventLog, settings: Settings
) -> None:
    async with serving(event_log, settings, model=FullDisk, retry_for=0.1) as gateway:
        assert isinstance(gateway.model, FullDisk)
        conversation = await gateway.open()
        one = f"/api/conversations/{conversation}"
        facts = len(await event_log.facts(conversation))
        gateway.model.refusals = 10**9
        gateway.model.path.unlink()
        await status(gateway.client, "/readyz", 503)
        requests: list[tuple[str, str, dict[str, str]]] = [
            ("GET", one, {}),
            ("GET", f"{one}/events", {}),
            ("POST", f"{one}/messages", {"text": "Hello"}),
            ("PUT", f"{one}/character", {"character": "milo"}),
            ("POST", f"{one}/interrupt", {}),
            ("POST", f"{one}/rtc", {}),
            ("GET", "/api/conversations", {}),
            ("POST", "/api/conversations", {"character": "ada"}),
            ("GET", "/api/search?text=hello", {}),
        ]
        for method, path, body in requests:
            answer = await gateway.client.request(method, path, json=body)
            assert (path, answer.status_code, answer.json()["error"]["code"]) == (path, 503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0
        assert len(await event_log.facts(conversation)) == facts
        gateway.model.refusals = 0
        await status(gateway.client, one, 200)
        listed = (await gateway.client.get("/api/conversations")).json()
        assert [row["id"] for row in listed] == [conversation]


async def test_a_conversation_opened_while_the_read_model_is_nearly_built_waits_for_it(
    event_log: EventLog, settings: Settings
) -> None:
    async with serving(event_log, settings, model=FullDisk) as gateway:
        assert isinstance(gateway.model, FullDisk)
        await gateway.open()
        gateway.model.refusals = 1
        gateway.model.path.unlink()
        await status(gateway.client, "/readyz", 503)
        assert (await gateway.client.post("/api/conversations", json={"character": "ada"})).status_code == 201
