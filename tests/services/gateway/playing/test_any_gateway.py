"""Two gateways without sticky sessions: the call is at one, and requests reach the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bus.events import (
    Body,
    CharacterChosen,
    Event,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyInterrupted,
    SessionClosed,
    SessionOpened,
)
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.gateway.playing import delivery
from tests.services.gateway.conftest import Running, serving
from tests.services.gateway.playing.peer import Peer
from tests.services.gateway.playing.test_moved_sessions import tell
from tests.services.gateway.playing.test_session import events_of

TEXT = "One two three four five six seven eight nine ten."


@asynccontextmanager
async def two_gateways(
    event_log: EventLog, settings: Settings, tmp_path: Path
) -> AsyncIterator[tuple[Running, Running]]:
    async with AsyncExitStack() as stack:
        settings = msgspec.structs.replace(settings, secret="s" * 32)  # of both, which share no folder
        first = await stack.enter_async_context(serving(event_log, settings))
        other = msgspec.structs.replace(settings, data=str(tmp_path / "other"))
        second = await stack.enter_async_context(serving(event_log, other))
        second.client.cookies = first.client.cookies
        yield first, second


@asynccontextmanager
async def call(gateway: Running, conversation: str, number: int = 1) -> AsyncIterator[Peer]:
    peer = Peer()
    try:
        await peer.connect(gateway, conversation)
        await events_of(gateway, conversation, SessionOpened, number)
        yield peer
    finally:
        await peer.close()


async def is_silent(peer: Peer) -> bool:
    await asyncio.sleep(0.2)
    peer.heard.clear()
    await asyncio.sleep(0.2)
    return bool(np.abs(np.concatenate(peer.heard)).max() < 300)


async def is_heard(gateway: Running, conversation: str, reply: str) -> None:
    """Wait until a second of a reply has been played."""
    progress: list[Event] = []
    while not any(isinstance(one.body, PlaybackProgress) and one.body.reply == reply for one in progress):
        progress = await events_of(gateway, conversation, PlaybackProgress, len(progress) + 1)


async def follow_up(gateway: Running, conversation: str, kind: type[Body], count: int = 1) -> Event:
    return (await events_of(gateway, conversation, kind, count))[-1]


async def test_the_other_gateway_interrupts_takes_messages_and_ends_the_call(
    event_log: EventLog, settings: Settings, tmp_path: Path
) -> None:
    async with two_gateways(event_log, settings, tmp_path) as (first, second):
        conversation = await first.open()
        async with call(first, conversation) as peer:
            path = f"/api/conversations/{conversation}"
            candidates = await second.client.patch(
                peer.location, content="a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n",
                headers={"content-type": "application/trickle-ice-sdpfrag"},
            )
            assert candidates.status_code == 204
            acts = (
                ("POST", f"{path}/interrupt", None),
                ("POST", f"{path}/messages", {"text": "and you?"}),
                ("PUT", f"{path}/character", {"character": "milo"}),
            )
            for number, (method, where, body) in enumerate(acts, 1):
                await tell(first, conversation, 1, seconds=10.0, turn=f"t{number}", text=TEXT)
                await is_heard(first, conversation, f"t{number}")
                assert (await second.client.request(method, where, json=body)).is_success
                interrupted = await follow_up(first, conversation, ReplyInterrupted, number)
                assert isinstance(interrupted.body, ReplyInterrupted)
                assert interrupted.turn == f"t{number}"
                assert interrupted.body.heard
                assert TEXT.startswith(interrupted.body.heard)
                assert interrupted.body.heard != TEXT
                finished = await follow_up(first, conversation, PlaybackFinished, number)
                assert isinstance(finished.body, PlaybackFinished)
                assert not finished.body.complete
            assert await is_silent(peer)
            assert await events_of(first, conversation, CharacterChosen)
            async with second.stranger() as stranger:
                assert (await stranger.delete(peer.location)).status_code == 404
            assert (await second.client.delete(peer.location)).status_code == 204
            closed = await follow_up(first, conversation, SessionClosed)
            assert isinstance(closed.body, SessionClosed)
            assert closed.body.reason == "left"
            assert (await second.client.delete("/api/rtc/snever")).status_code == 404


async def test_a_session_of_the_other_gateway_goes_on_with_what_was_not_heard(
    event_log: EventLog, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RECENT", 30)
    async with two_gateways(event_log, settings, tmp_path) as (first, second):
        conversation = await first.open()
        async with call(first, conversation) as gone:
            await tell(first, conversation, 2, seconds=0.8)
            await events_of(first, conversation, PlaybackFinished)
            gone.vanish()
            await asyncio.sleep(1.2)  # the second one is sent to nobody
            async with call(second, conversation, 2) as older:
                before = await events_of(first, conversation, PlaybackFinished, 3)
                await tell(first, conversation, 2, seconds=1.2, turn="t2")
                await events_of(first, conversation, PlaybackStarted, 4)
                async with call(first, conversation, 3) as newer:  # in mid-sentence
                    await events_of(first, conversation, PlaybackStarted, 6)
                    finished = await events_of(first, conversation, PlaybackFinished, 6)
                    assert not any("replaced" in one for one in (*older.pings, *newer.pings))
    opened = await events_of(first, conversation, SessionOpened)
    sessions = [one.body.session for one in opened if isinstance(one.body, SessionOpened)]
    heard = [one.body for one in before if isinstance(one.body, PlaybackFinished)]
    both = [one.body for one in finished if isinstance(one.body, PlaybackFinished)][3:]
    assert [(sessions.index(one.session), one.speech, one.complete) for one in heard] == [
        (0, "t1-0", True),
        (0, "t1-1", False),
        (1, "t1-1", True),
    ]
    assert sorted((sessions.index(one.session), one.speech, one.complete) for one in both) == [
        (1, "t2-0", True),
        (1, "t2-1", True),
        (2, "t2-1", True),
    ]
