"""Fixtures: a double of the Cloud API, the channel over it, and the server that takes its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from bus.process.http_server import bind, serve
from bus.settings import Settings
from services.channels.whatsapp.adapter import WhatsApp
from tests.services.channels.whatsapp_double import GraphDouble

OGG = b"OggS" + bytes(24) + b"OpusHead" + bytes([1, 1]) + bytes(100)
"""As much of a mono voice note as WhatsApp looks at."""


class Inbox:
    """A store that keeps each id once, as the log does; `fails` is raised instead, if set."""

    def __init__(self) -> None:
        self.items: dict[str, bytes] = {}
        self.order: list[str] = []
        self.fails: Exception | None = None

    async def store(self, key: str, data: bytes) -> bool:
        if self.fails is not None:
            raise self.fails
        if key in self.items:
            return False
        self.items[key] = data
        self.order.append(key)
        return True


@pytest.fixture
async def double() -> AsyncIterator[GraphDouble]:
    async with GraphDouble().serve() as serving:
        yield serving


@pytest.fixture
async def channel(double: GraphDouble) -> AsyncIterator[WhatsApp]:
    made = WhatsApp(Settings(**double.settings), timeout=0.5)  # type: ignore[arg-type]  # texts by name
    yield made
    await made.close()


@pytest.fixture
async def inbox(double: GraphDouble, channel: WhatsApp) -> AsyncIterator[Inbox]:
    """The webhooks of the double go to the channel, and what they hold goes here."""
    made = Inbox()
    listener = bind("127.0.0.1", 0, "a port")
    double.webhook = f"http://127.0.0.1:{listener.getsockname()[1]}/whatsapp"
    async with serve(Starlette(routes=list(channel.routes(made.store))), listener):
        yield made
