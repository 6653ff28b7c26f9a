"""A killed node loses no acknowledged message and stops no reader and no call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from nats.js.api import StoreCompression

from bench.peer import Peer
from bus import codec, subjects
from bus.events import (
    AudioIn,
    Body,
    Event,
    FramesStarted,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    SessionOpened,
    SpeechEnded,
    TranscriptFinal,
    UtteranceStarted,
)
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.process.http_server import bind
from bus.settings import Settings
from bus.work.runner import Runner
from projections.read_model import ReadModel
from services.dialogue.__main__ import build as build_dialogue
from services.gateway.listening.voice_activity import PocketsphinxDetector
from services.gateway.server import GatewayServer
from services.render.__main__ import build as build_render
from services.stt.__main__ import build as build_stt
from services.tts.__main__ import build as build_tts
from tests import voices
from tests.cluster.conftest import Nodes, all_copies
from tests.nats_servers import free_port
from visavis.up import publish_builtin_characters

BUILDERS = (build_stt, build_dialogue, build_tts, build_render)


def session_event(number: int) -> Event:
    """A fact that no service consumes."""
    return Event(id=f"loss-{number}", at=1, conversation="loss", turn=None, body=SessionOpened(session=f"s{number}"))


async def test_acknowledged_messages_survive_the_leader_and_readers_continue(nodes: Nodes) -> None:
    expected = [session_event(number) for number in range(120)]
    read: list[Event] = []

    async def follow(event_log: EventLog) -> None:
        facts = event_log.read(streams.CONVERSATIONS, subjects.facts_of("loss"), follow=True)
        async with aclosing(facts) as records:
            async for record in records:
                read.append(codec.decode_event(record.data))
                if len(read) == len(expected):
                    return

    gateway, dialogue = connect(nodes.settings(), name="gateway"), connect(nodes.settings(), name="dialogue")
    async with gateway as writer, dialogue as reader:
        reading = asyncio.create_task(follow(reader))
        for one in expected[:60]:
            await writer.append(one)
        info = await writer.js.stream_info(streams.CONVERSATIONS)
        assert info.cluster is not None
        leader = str(info.cluster.leader)
        nodes.kill(leader)
        try:
            for one in expected[60:]:
                await writer.append(one)
            async with asyncio.timeout(30):
                await reading
            assert [found for _, found in await reader.facts("loss")] == expected
        finally:
            nodes.start(leader)
    assert read == expected
    async with connect(nodes.settings(), name="operator") as operator:
        assert await all_copies(operator) == (3, [])
        led_by = await leader_of(operator)
        follower = next(one for one in ("nats1", "nats2", "nats3") if one != led_by)
        nodes.kill(follower)
        nodes.start(follower)
        assert await all_copies(operator) == (3, [])


async def leader_of(event_log: EventLog) -> str:
    info = await event_log.js.stream_info(streams.CONVERSATIONS)
    assert info.cluster is not None
    return str(info.cluster.leader)


async def test_facts_with_several_copies_are_never_compressed(nodes: Nodes) -> None:
    """A restarted node of NATS 2.15.1 would destroy a part of its copy; docs/operations.md, "A cluster"."""

    async def compression(event_log: EventLog) -> StoreCompression | None:
        return (await event_log.js.stream_info(streams.CONVERSATIONS)).config.compression

    async with connect(nodes.settings(), name="operator") as operator:
        assert await compression(operator) == StoreCompression.NONE
        # A log of an earlier version, which compressed them; then a process that does not know of the copies.
        config = (await operator.js.stream_info(streams.CONVERSATIONS)).config
        await operator.js.update_stream(config.evolve(compression=StoreCompression.S2))
        await streams.ensure_streams(operator.js, nodes.settings(nats_replicas=1), update=True)
        assert await compression(operator) == StoreCompression.NONE


@asynccontextmanager
async def all_services(settings: Settings) -> AsyncIterator[str]:
    """Run all services, each as its own user; gives the URL of the gateway."""
    port = free_port()
    model = ReadModel(settings.data_folder / "gateway.sqlite")
    async with AsyncExitStack() as stack:
        work = []
        for build in BUILDERS:
            service = build(settings)
            event_log = await stack.enter_async_context(connect(settings, name=service.name))
            work.append(asyncio.create_task(Runner(event_log, service).run()))
        event_log = await stack.enter_async_context(connect(settings, name="gateway"))
        server = GatewayServer(event_log, settings, model, PocketsphinxDetector)
        work.append(asyncio.create_task(server.run(bind("127.0.0.1", port, "VISAVIS_PORT"))))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            for one in work:
                one.cancel()
            for one in work:
                with suppress(asyncio.CancelledError):
                    await one
            model.close()


async def wait_for_characters(address: str) -> None:
    """Wait until the gateway knows the characters."""
    async with httpx2.AsyncClient(base_url=address) as client, asyncio.timeout(40):
        while not (await client.get("/api/characters")).json():
            await asyncio.sleep(0.1)


async def speak(gateway: EventLog, conversation: str, recording: str) -> None:
    """Publish a recorded phrase as the gateway does, but not in real time."""
    sound = voices.spoken(recording)
    started = UtteranceStarted(utterance="u", session="s")
    await gateway.append(Event(id="u", at=1, conversation=conversation, turn="u", body=started))
    for index, start in enumerate(range(0, len(sound), 3_200)):
        piece = AudioIn(
            conversation=conversation,
            utterance="u",
            index=index,
            sample=start // 2,
            pcm=sound[start : start + 3_200],
            final=start + 3_200 >= len(sound),
        )
        await gateway.publish_media(piece, f"u-{index}")


async def until(event_log: EventLog, conversation: str, kind: type[Body]) -> list[Event]:
    """All facts of the conversation, once it has one of this kind."""
    async with asyncio.timeout(40):
        while True:
            events = [event for _, event in await event_log.facts(conversation)]
            if any(isinstance(event.body, kind) for event in events):
                return events
            await asyncio.sleep(0.1)


async def test_a_call_is_answered_and_played_to_its_end_despite_a_lost_node(
    nodes: Nodes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It also shows that each user has the permissions that its service needs."""
    caplog.set_level(logging.INFO)
    settings = nodes.settings(data=str(tmp_path), video_size=128)
    async with connect(nodes.settings(), name="operator") as operator, all_services(settings) as address:
        await publish_builtin_characters(operator)
        await wait_for_characters(address)
        peer = Peer(address)
        leader = ""
        try:
            await peer.connect()
            async with connect(settings, name="gateway") as gateway:
                await speak(gateway, peer.conversation, "what_can_you_do_for_me_rms")
            await until(operator, peer.conversation, PlaybackStarted)
            info = await operator.js.stream_info(streams.AUDIO)
            assert info.cluster is not None
            leader = str(info.cluster.leader)
            nodes.kill(leader)
            events = await until(operator, peer.conversation, ReplyEnded)
            (sentences,) = [event.body.sentences for event in events if isinstance(event.body, ReplyEnded)]
            played: list[PlaybackFinished] = []
            while len(played) < sentences:
                await asyncio.sleep(0.2)
                events = await until(operator, peer.conversation, PlaybackFinished)
                played = [event.body for event in events if isinstance(event.body, PlaybackFinished)]
        finally:
            if leader:
                nodes.start(leader)
            await peer.close()
    kinds = {type(event.body) for event in events}
    assert kinds >= {TranscriptFinal, FramesStarted}
    spoken = [event.body.samples for event in events if isinstance(event.body, SpeechEnded)]
    assert [one.samples for one in played] == spoken
    assert [one.complete for one in played] == [True] * sentences
    assert "refused by nats" not in caplog.messages
