"""Channels and links as the other side of them: what discovery tells, and what a channel writes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from bus import clock, codec
from bus.channel_events import (
    LinkBody,
    LinkClaimed,
    PairingRequested,
)
from bus.log import streams
from bus.process.discovery import announce
from bus.stamping import new_link_event
from services.link_secrets import link_id
from tests.services.gateway.conftest import Running

TELEGRAM = {
    "name": "telegram",
    "account": "visavis_bot",
    "label": "@visavis_bot",
    "link": "https://t.me/visavis_bot?start=l_{token}",
}
FOLDER = {"name": "folder", "account": "here"}
ANN = LinkClaimed(account="visavis_bot", sender="701234", chat="701234", name="Ann")


@asynccontextmanager
async def channels(gateway: Running, *listed: Mapping[str, str]) -> AsyncIterator[None]:
    """The process of these channels, as far as discovery sees it."""
    async with announce(gateway.event_log, "channels", metadata=lambda: {"channels": json.dumps(listed)}):
        yield


async def append(gateway: Running, link: str, body: LinkBody) -> None:
    """Append an event of a link as the channels do."""
    newest = await gateway.event_log.last_message(f"link.{link}")
    after = 0 if newest is None else newest.sequence
    await gateway.event_log.append_link(new_link_event(body, link=link), after=after)


async def bodies(gateway: Running, link: str) -> list[Any]:
    records = gateway.event_log.read(streams.PEOPLE, f"link.{link}")
    return [codec.decode_link_event(record.data).body async for record in records]


async def offer(gateway: Running, channel: str = "telegram", **wanted: str) -> dict[str, Any]:
    answer = await gateway.client.post("/api/links", json={"channel": channel} | wanted)
    assert answer.status_code == 201
    offered: dict[str, Any] = answer.json()
    return offered


async def links(gateway: Running, client: httpx2.AsyncClient | None = None) -> list[dict[str, Any]]:
    answer = await (client or gateway.client).get("/api/channels")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["links"]
    return found


async def linked(gateway: Running, **wanted: str) -> str:
    """A confirmed link of the person with Ann's account; returns its id."""
    link: str = (await offer(gateway, **wanted))["id"]
    await append(gateway, link, ANN)
    assert (await gateway.client.post(f"/api/links/{link}/confirm")).status_code == 200
    return link


async def ask_for_code(gateway: Running, code: str, *, holds: int = 60_000_000) -> str:
    """Let a stranger on Telegram be told a pairing code; returns the link's id."""
    asked = PairingRequested(
        channel="telegram", account="visavis_bot", sender="95", chat="95", name="Ben", expires_at=clock.now() + holds
    )
    await append(gateway, link_id(code), asked)
    return link_id(code)


# channels
