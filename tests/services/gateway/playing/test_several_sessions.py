"""Several sessions of one conversation at once: two tabs and a phone, at one gateway or at two."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from bus.events import (
    OPUS_FRAME,
    AudioOut,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    SessionClosed,
    SessionOpened,
    TranscriptFinal,
    UtteranceStarted,
)
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.gateway.playing.floor import Floor
from tests.services.gateway.conftest import Running, tone
from tests.services.gateway.playing.peer import Peer
from tests.services.gateway.playing.test_any_gateway import call, two_gateways
from tests.services.gateway.playing.test_session import events_of, reply, speech


async def until(
    gateway: Running, conversation: str, kind: type[PlaybackStarted | PlaybackFinished], *wanted: tuple[int, str]
) -> list[tuple[int, str, bool]]:
    """Wait until the log has facts of a kind about these sessions and speeches; returns all of that kind: the session's
    number, the speech, and whether it was played to its end."""
    async with asyncio.timeout(40):
        while True:
            facts = [event.body for _, event in await gateway.event_log.facts(conversation)]
            sessions = [body.session for body in facts if isinstance(body, SessionOpened)]
            found = [
                (sessions.index(body.session), body.speech, isinstance(body, PlaybackFinished) and body.complete)
                for body in facts
                if isinstance(body, kind)
            ]
            if {one[:2] for one in found}.issuperset(wanted):
                return found
            await asyncio.sleep(0.02)


def is_loud(peer: Peer) -> bool:
    return bool(peer.heard) and bool(np.abs(np.concatenate(peer.heard)).max() > 3000)


async def begin(gateway: Running, conversation: str, index: int) -> None:
    """Publish the first part of a sentence; it does not end by itself."""
    await gateway.record(conversation, "t1", speech(f"s{index}", index))
    await publish(gateway, conversation, f"s{index}", 0, final=False)


async def publish(gateway: Running, conversation: str, name: str, index: int, *, final: bool) -> None:
    packets = tone(0.4)
    audio = AudioOut(
        conversation=conversation, speech=name, index=index, sample=index * len(packets) * OPUS_FRAME, packets=packets,
        final=final,
    )  # fmt: skip
    await gateway.event_log.publish_media(audio, f"{name}-{index}")


async def test_every_session_hears_every_sentence_and_one_that_joins_the_next(gateway: Running) -> None:
    conversation = await gateway.open()
    async with call(gateway, conversation) as first:
        await gateway.record(conversation, "t1", *reply("One.", "Two."), ReplyEnded(reply="r1", sentences=2))
        await begin(gateway, conversation, 0)
        await until(gateway, conversation, PlaybackStarted, (0, "s0"))
        await begin(gateway, conversation, 1)
        async with call(gateway, conversation, 2) as second:
            while not any(one.has_reply("r1") for one in floors(gateway)[1:]):
                await asyncio.sleep(0.01)
            assert await until(gateway, conversation, PlaybackStarted, (0, "s0")) == [(0, "s0", False)]
            assert not is_loud(second)
            await publish(gateway, conversation, "s0", 1, final=True)
            await until(gateway, conversation, PlaybackStarted, (0, "s1"), (1, "s1"))
            while not (is_loud(first) and is_loud(second)):
                await asyncio.sleep(0.01)
            assert (await gateway.client.delete(second.location)).status_code == 204
            (closed,) = await events_of(gateway, conversation, SessionClosed)
            await publish(gateway, conversation, "s1", 1, final=True)
            finished = await until(gateway, conversation, PlaybackFinished, (0, "s1"))
    assert isinstance(closed.body, SessionClosed)
    assert closed.body.reason == "left"
    assert sorted(finished) == [(0, "s0", True), (0, "s1", True), (1, "s1", False)]


def floors(gateway: Running) -> list[Floor]:
    return [one.floor for one in gateway.server._sessions.here.values()]


async def test_words_into_one_microphone_interrupt_for_all(
    event_log: EventLog, settings: Settings, tmp_path: Path
) -> None:
    async with two_gateways(event_log, settings, tmp_path) as (gateway, other):
        conversation = await gateway.open()
        async with call(gateway, conversation), call(other, conversation, 2):
            opened = await events_of(gateway, conversation, SessionOpened, 2)
            _, phone = (one.body.session for one in opened if isinstance(one.body, SessionOpened))
            await gateway.record(conversation, "t1", *reply("One two three."))
            await begin(gateway, conversation, 0)
            await until(gateway, conversation, PlaybackStarted, (0, "s0"), (1, "s0"))
            words = TranscriptFinal(utterance="u1", text="what time is it", language="en", confidence=0.9)
            await gateway.record(conversation, "t2", UtteranceStarted(utterance="u1", session=phone), words)
            finished = await until(gateway, conversation, PlaybackFinished, (0, "s0"), (1, "s0"))
            (cut,) = await events_of(gateway, conversation, ReplyInterrupted)
    assert sorted(finished) == [(0, "s0", False), (1, "s0", False)]
    assert cut.turn == "t1"
