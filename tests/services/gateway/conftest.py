"""A gateway on a real event log, without the other services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx2
import numpy as np
import pytest

from bus.errors import VisavisError
from bus.events import (
    AudioOut,
    Body,
    CharacterCreated,
    CharacterEvent,
    ConversationOpened,
    Event,
    FrameBatch,
    IdleBatch,
    SpeechStarted,
)
from bus.log.event_log import EventLog
from bus.process.drain import Drain
from bus.process.http_server import bind
from bus.settings import Settings
from projections.read_model import ReadModel
from services.audio import OpusEncoder
from services.gateway.listening.voice_activity import PocketsphinxDetector, VoiceActivityDetector
from services.gateway.playing.session import CONNECT_TIMEOUT
from services.gateway.server import GatewayServer
from services.gateway.web.conversations import REQUEST_RETRY_FOR
from services.render.encoder import H264Encoder
from tests.conftest import free_port

SIZE = 128


def character(name: str) -> CharacterCreated:
    return CharacterCreated(
        name=name, tagline="t", personality="p", greeting=f"I am {name}.", look="ada", voice="female"
    )


def pictures(count: int, grey: int) -> tuple[bytes, ...]:
    """A group of pictures of one shade, H.264."""
    picture = np.full((SIZE * 3 // 2, SIZE), 128, np.uint8)
    picture[:SIZE] = grey
    return H264Encoder(SIZE, SIZE, 25, bitrate=300_000).encode([picture] * count)


def tone(seconds: float) -> tuple[bytes, ...]:
    """A tone in place of a spoken sentence: Opus packets."""
    samples = (8000 * np.sin(np.arange(int(48_000 * seconds)) * 2 * np.pi * 440 / 48_000)).astype(np.int16)
    encoder = OpusEncoder()
    return (*encoder.push(samples), *encoder.flush())


class FullDisk(ReadModel):
    """Cannot be written a number of times."""

    refusals = 0

    def apply_records(self, records: Iterable[Any]) -> list[str]:
        if self.refusals:
            self.refusals -= 1
            raise VisavisError("database or disk is full", code="not_written", retryable=True)
        return super().apply_records(records)


@dataclass
class Running:
    """A gateway that serves, and a person's HTTP client for it."""

    event_log: EventLog
    url: str
    client: httpx2.AsyncClient
    server: GatewayServer
    model: ReadModel

    def stranger(self) -> httpx2.AsyncClient:
        """The client of another person."""
        return httpx2.AsyncClient(base_url=self.url, timeout=20)

    async def open(self, character: str = "ada") -> str:
        answer = await self.client.post("/api/conversations", json={"character": character})
        assert answer.status_code == 201
        conversation_id: str = answer.json()["id"]
        return conversation_id

    async def owner(self, conversation: str) -> str:
        """Whose a conversation is, on the log."""
        fact = await self.event_log.last_fact(conversation, ConversationOpened)
        assert fact is not None
        assert isinstance(fact.body, ConversationOpened)
        return fact.body.person

    async def record(self, conversation: str, turn: str, *bodies: Body) -> None:
        """Append the facts of a turn, as the services would publish them."""
        for number, body in enumerate(bodies):
            name = f"{turn}-{type(body).__name__}-{getattr(body, 'index', number)}"
            await self.event_log.append(
                Event(id=name, at=number, conversation=conversation, turn=turn, body=body)  # type: ignore[arg-type]
            )

    async def speak(self, conversation: str, turn: str, started: SpeechStarted, seconds: float) -> None:
        """Publish a sentence with voice and face, as TTS and render would."""
        await self.record(conversation, turn, started)
        packets = tone(seconds)
        audio = AudioOut(
            conversation=conversation, speech=started.speech, index=0, sample=0, packets=packets, final=True
        )
        await self.event_log.publish_media(audio, f"{started.speech}-0")
        count = len(packets) // 2 + 1
        batch = FrameBatch(
            conversation=conversation,
            speech=started.speech,
            index=0,
            frame=0,
            fps=25,
            phase=0,
            units=pictures(count, 200),
            final=True,
        )
        await self.event_log.publish_media(batch, f"{started.speech}-f0")


@pytest.fixture
async def gateway(event_log: EventLog, settings: Settings) -> AsyncIterator[Running]:
    """A gateway that knows Ada and Milo; only Ada has an idle loop."""
    async with serving(event_log, settings, PocketsphinxDetector) as running:
        yield running


@asynccontextmanager
async def serving(
    event_log: EventLog,
    settings: Settings,
    make_detector: Callable[[], VoiceActivityDetector] = PocketsphinxDetector,
    *,
    model: type[ReadModel] = ReadModel,
    retry_for: float = REQUEST_RETRY_FOR,
    connect_timeout: float = CONNECT_TIMEOUT,
    drain: Drain | None = None,
    key: str = "",
) -> AsyncIterator[Running]:
    """See `gateway`."""
    for name in ("ada", "milo"):
        event = CharacterEvent(id=f"x-{name}", at=1, character=name, body=character(name.title()))
        await event_log.append_character(event)
    for index in range(2):
        batch = IdleBatch(
            character="ada",
            version="v1",
            index=index,
            frame=10 * index,
            fps=25,
            loop=20,
            units=pictures(10, 60),
            final=index == 1,
        )
        await event_log.publish_media(batch, f"idle-{index}")
    port = free_port()
    read_model = model(settings.data_folder / "gateway.sqlite")
    server = GatewayServer(
        event_log, settings, read_model, make_detector,
        retry_for=retry_for, connect_timeout=connect_timeout, drain=drain,
    )  # fmt: skip
    serving = asyncio.create_task(server.run(bind("127.0.0.1", port, "VISAVIS_PORT")))
    url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx2.AsyncClient(base_url=url, timeout=20, headers=headers) as client:
        async with asyncio.timeout(60):
            for path in ("/api/characters/ada/portrait", "/api/conversations"):
                while (answer := await _get(client, path)) is None or answer.status_code != 200:
                    await asyncio.sleep(0.05)
        yield Running(event_log, url, client, server, read_model)
    serving.cancel()
    _, late = await asyncio.wait([serving], timeout=60)
    if late:
        for task in asyncio.all_tasks():
            task.print_stack()
        raise AssertionError("the gateway did not end within a minute")
    with suppress(asyncio.CancelledError):
        await serving
    read_model.close()


async def _get(client: httpx2.AsyncClient, path: str) -> httpx2.Response | None:
    try:
        return await client.get(path)
    except httpx2.TransportError:
        return None
