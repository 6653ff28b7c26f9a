"""A gateway whose streams vanish while it serves."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from bus.events import CharacterEvent
from tests.services.gateway.conftest import Running, character


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
    names = ("CONVERSATIONS", "CHARACTERS", "AUDIO", "FRAMES", "LIVE", "DEAD", "REQUEUE", "OBJ_assets")
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
