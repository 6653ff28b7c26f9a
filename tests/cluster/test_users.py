"""The permissions of each user of the cluster, and the error for a denied one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bus import subjects
from bus.channel_events import DeliveryQueued, LinkClaimed, LinkOffered, TextContent
from bus.errors import BusError, ConfigurationError, Forbidden, NotFound, StreamStalled, VisavisError
from bus.events import (
    AudioIn,
    AudioOut,
    Body,
    CharacterCreated,
    CharacterEvent,
    CharacterRemoved,
    CommandRecognised,
    DeadLetter,
    Event,
    FaceMade,
    FaceRefused,
    FaceRequested,
    Fact,
    FrameBatch,
    FramesEnded,
    MessageReceived,
    ReplyStarted,
    SpeechStarted,
    StepFailed,
    StepRepeated,
    TranscriptCorrected,
    TranscriptFinal,
    UtteranceStarted,
    tag_of,
)
from bus.log import dead_letters, streams
from bus.log.dead_letters import Requeuer
from bus.log.event_log import EventLog, connect
from bus.log.passwords import USERS
from bus.log.records import Record
from bus.stamping import new_delivery_event, new_link_event
from bus.work.fenced_output import FencedOutput
from bus.work.lease import hold
from bus.work.runner import Runner
from bus.work.service import AssetOutput, CharacterOutput, DeliveryOutput, Output
from bus.work.stream_worker import StreamItem, StreamWork, StreamWorker
from projections.people_reader import PeopleReader
from projections.recording_reader import media_of, read_recording
from projections.replay.view import MediaPresence
from services.characters import current_characters
from services.gateway.playing.other_gateways import Act, Leave, OtherGateways, Outcome
from services.gateway.replaying.media_files import MediaFiles
from services.gateway.web.asset_collector import AssetCollector
from services.privacy.erasing import erase, record_receipt, request_erasure
from services.privacy.export import export_person
from services.privacy.person import erase_traces
from tests.bus.work.helpers import echo, service
from tests.cluster.conftest import Nodes
from visavis.doctor import check_nats


@asynccontextmanager
async def every_user(nodes: Nodes) -> AsyncIterator[dict[str, EventLog]]:
    """A connection as each user."""
    async with AsyncExitStack() as stack:
        yield {user: await stack.enter_async_context(connect(nodes.settings(), name=user)) for user in USERS}


def event(body: Fact, name: str, conversation: str = "c1") -> Event:
    return Event(id=name, at=1, conversation=conversation, turn="t", body=body)


def message_event(number: int, conversation: str = "c1") -> Event:
    return event(MessageReceived(message=f"m{number}", text="hello"), f"{conversation}-{number}", conversation)


async def test_streams_have_a_replica_on_every_node(nodes: Nodes) -> None:
    async with connect(nodes.settings(nats_replicas=1), name="operator") as event_log:
        copies = {stream.config.name: stream.config.num_replicas for stream in await event_log.js.streams_info()}
    # Also after a process connected that asks for one replica only.
    names = [
        "CONVERSATIONS", "AUDIO", "FRAMES", "IDLE", "CHARACTERS", "LIVE", "DEAD", "REQUEUE", "PEOPLE", "ACCESS",
        "INBOX", "DELIVERIES", "OBJ_assets",
    ]  # fmt: skip
    assert copies == dict.fromkeys(names, 3)


ADA = CharacterCreated(name="Ada", tagline="", personality="", greeting="", look="ada", voice="female")
PHOTO = FaceRequested(
    character="zoe", photo="upload-1", look="photo-1", owner="p", name="Zoe", tagline="", personality="", greeting="",
    voice="female", language="en",
)  # fmt: skip
SOUND = AudioIn(conversation="c1", utterance="u1", index=0, sample=0, pcm=b"\0\0", final=True)
VOICE = AudioOut(conversation="c1", speech="s1", index=0, sample=0, packets=(), visemes=(), loudness=(), final=True)

PICTURE = FrameBatch(conversation="c1", speech="s1", index=0, frame=0, fps=25, phase=0, units=(b"x",), final=True)
LINK = new_link_event(LinkOffered(person="p", channel="telegram", expires_at=1), link="l1", event_id="l1")
DELIVERY = new_delivery_event(
    DeliveryQueued(account="a", chat="7", content=TextContent(text="hello")), channel="folder", delivery="d1"
)


def letter(service: str) -> DeadLetter:
    return DeadLetter(
        at=1, stream="CONVERSATIONS", sequence=1, subject="conv.c1.x.y", service=service, code="x", detail="",
        deliveries=5, data=b"",
    )  # fmt: skip


async def test_a_user_is_denied_at_once_what_its_service_does_not_do(nodes: Nodes) -> None:
    speech = SpeechStarted(speech="s1", reply="r", index=0, character="ada", voice="v", engine="e")
    words = TranscriptFinal(utterance="u1", text="", language="en", confidence=1.0, words=(), engine="e")
    created = CharacterEvent(id="x", at=1, character="ada", body=ADA)
    async with every_user(nodes) as of, asyncio.timeout(10):
        refused = {
            "stt speaks": of["stt"].append(event(speech, "n1")),
            "stt reads photos": of["stt"].assets.get("photo"),
            "stt reads what is spoken": anext(of["stt"].follow(AudioOut, subjects.audio_out("c1", "s1"))),
            "dialogue hears": of["dialogue"].append(event(words, "n2")),
            "dialogue makes media": of["dialogue"].publish_media(VOICE, "n3"),
            "dialogue listens to what is shown": anext(of["dialogue"].subscribe_core("live.*.transcript_partial")),
            "stt listens to gateways": anext(of["stt"].subscribe_core(subjects.worker_messages("gateway"))),
            "dialogue publishes dead letters of tts": of["dialogue"].publish_dead_letter(letter("tts")),
            "tts answers": of["tts"].append(event(ReplyStarted(reply="r", character="a", engine="e"), "n4")),
            "tts records": of["tts"].publish_media(SOUND, "n5"),
            "render speaks": of["render"].publish_media(VOICE, "n6"),
            "render takes the work of tts": of["render"].js.consumer_info("CONVERSATIONS", "tts"),
            "gateway hears": of["gateway"].append(event(words, "n7")),
            "gateway makes characters": of["gateway"].append_character(created),
            "dialogue asks for faces": of["dialogue"].append(event(PHOTO, "n8")),
            "gateway draws faces": of["gateway"].append(event(FaceMade(character="zoe"), "n9")),
            "gateway drops a stream": of["gateway"].js.delete_stream("CONVERSATIONS"),
            "gateway sends through channels": of["gateway"].append_delivery(DELIVERY, after=0),
            "dialogue links people": of["dialogue"].append_link(LINK, after=0),
            "stt takes the work of notes": of["stt"].js.consumer_info("CONVERSATIONS", "notes"),
            "channels takes the work of stt": of["channels"].js.consumer_info("CONVERSATIONS", "stt"),
            "channels speaks": of["channels"].append(event(speech, "n10")),
            "channels makes pictures": of["channels"].publish_media(PICTURE, "n11"),
            "channels reads photos": anext(of["channels"].read(streams.ASSETS, "$O.assets.C.x")),
            "channels puts back dead letters": of["channels"].requeue("sender", b"x", "n12"),
            "operator receives from channels": of["operator"].append_inbox("folder", "a", "n13", b"x"),
        }
        for what, act in refused.items():
            try:
                await act
            except Forbidden as error:
                assert f"user {what.split()[0]} may not" in error.detail  # noqa: PT017
                assert not error.retryable  # noqa: PT017
            else:
                raise AssertionError(f"not refused: {what}")


@pytest.mark.parametrize("service", ["stt", "dialogue", "tts", "render", "notes", "channels"])
async def test_each_service_may_take_over_the_work_of_a_dead_worker(nodes: Nodes, service: str) -> None:
    conversation = f"c-{service}"
    picture = FrameBatch(
        conversation=conversation, speech="s1", index=0, frame=0, fps=25, phase=0, units=(b"x",), final=True
    )
    queued = DeliveryQueued(account="a", chat="7", content=TextContent(text="hello"))
    voice = msgspec.structs.replace(VOICE, conversation=conversation)
    outputs: dict[str, list[Output]] = {
        "stt": [TranscriptFinal(utterance="u1", text="", language="en", confidence=1.0)],
        "dialogue": [ReplyStarted(reply="r", character="a", engine="e"), CommandRecognised(name="stop")],
        "tts": [SpeechStarted(speech="s1", reply="r", index=0, character="a", voice="v", engine="e"), voice],
        "render": [FramesEnded(speech="s1", frames=1), picture],
        "notes": [
            UtteranceStarted(session=None, utterance="u1", language="und"),
            msgspec.structs.replace(SOUND, conversation=conversation),
        ],
        "channels": [DeliveryOutput("telegram", f"d-{service}", queued)],
    }
    async with connect(nodes.settings(), name="gateway") as gateway, asyncio.timeout(15):
        sequence = await gateway.append(message_event(1, conversation))
    user = "channels" if service == "notes" else service
    async with connect(nodes.settings(), name=user) as event_log, asyncio.timeout(15):
        for _ in range(2):
            fenced = FencedOutput(event_log, service, message_event(1, conversation), sequence)
            await fenced.take_over()
            for output in outputs[service]:
                await fenced.publish(output)
    async with connect(nodes.settings(), name="operator") as event_log:
        kinds = [type(one.body) for _, one in await event_log.facts(conversation)]
    facts = [type(one) for one in outputs[service] if isinstance(one, Body)]
    assert [kind for kind in kinds if kind is not StepRepeated] == [MessageReceived, *facts]


async def test_gateways_may_ask_one_another(nodes: Nodes) -> None:
    async def leave(act: Act) -> Outcome:
        return Outcome(did=act == Leave(conversation="c1", session="s1"))

    async with connect(nodes.settings(), name="gateway") as one, connect(nodes.settings(), name="gateway") as other:
        asking, asked = OtherGateways(one, dict, leave), OtherGateways(other, lambda: {"s1": "c1"}, leave)
        running = [asyncio.create_task(gateway.run()) for gateway in (asking, asked)]
        try:
            async with asyncio.timeout(20):
                while await asking.conversation_of("s1") is None:
                    await asyncio.sleep(0.05)
            assert await asking.ask(Leave(conversation="c1", session="s1")) == Outcome(did=True)
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)


async def test_the_channels_may_do_all_their_work(nodes: Nodes) -> None:
    handled: list[str] = []

    async def handle(item: StreamItem) -> float | None:
        handled.append(item.record.subject)
        if not item.requeued:
            raise VisavisError("not today", code="refused")
        return None

    def key(record: Record) -> str | None:
        return None if record.subject.startswith("conv.c-") else "c"  # another test's

    def work(name: str, stream: str, subject: str) -> StreamWork:
        return StreamWork(name=name, stream=stream, subjects=(subject,), key=key, handle=handle)

    async with every_user(nodes) as of, asyncio.timeout(40), asyncio.TaskGroup() as tasks:
        channels = of["channels"]
        people = PeopleReader(channels)
        reading = tasks.create_task(people.run())
        await of["gateway"].append_link(LINK, after=0)
        await people.caught_up()
        assert set(people.people.links) == {"l1"}
        claimed = LinkClaimed(account="a", sender="7", chat="7", name="Zoe")
        await channels.append_link(new_link_event(claimed, link="l1"), after=people.people.links["l1"].seq)
        gateways = PeopleReader(of["gateway"])
        following = tasks.create_task(gateways.run())
        await gateways.caught_up()
        assert gateways.people.links["l1"].state == "claimed"
        async with hold(channels, "inbox"), hold(channels, "sender"):
            assert await channels.append_inbox("telegram", "a", "1", b"{}")
            await channels.append_delivery(DELIVERY, after=0)
            await of["dialogue"].append(event(CommandRecognised(name="help"), "commanded"))
            commands = subjects.facts_of_kind(CommandRecognised)
            works = [
                work("inbox", streams.INBOX, subjects.ALL_INBOX),
                work("welcomes", streams.PEOPLE, subjects.ALL_LINKS),
                work("channel-commands", streams.CONVERSATIONS, commands),
                work("sender", streams.DELIVERIES, subjects.deliveries_of("folder")),
            ]
            working = [tasks.create_task(StreamWorker(channels, one).run()) for one in works]
            requeuer = Requeuer(of["operator"])
            while len(handled) < 10:
                for one in [one async for one in dead_letters.read_all(of["operator"])]:
                    await requeuer.requeue(one)
                await asyncio.sleep(0.1)
        for task in (reading, following, *working):
            task.cancel()
    command = ["conv.c1.command.recognised"] * 2
    links = ["link.l1"] * 4  # offered and claimed
    assert sorted(handled) == [*command, *["delivery.folder.d1"] * 2, *["inbox.telegram.a.1"] * 2, *links]


async def test_the_gateway_may_replay_a_conversation(nodes: Nodes) -> None:
    name = "c-replayed"
    failed = StepFailed(service="dialogue", code="x", retryable=False, detail="")
    async with every_user(nodes) as of, asyncio.timeout(20):
        gateway = of["gateway"]
        sequence = await gateway.append(message_event(1, name))
        await of["dialogue"].append(event(failed, "gave-up", name))
        given_up = replace(letter("dialogue"), subject=f"conv.{name}.message.received", sequence=sequence)
        await of["dialogue"].publish_dead_letter(given_up)
        for user, message in (("gateway", SOUND), ("tts", VOICE), ("render", PICTURE)):
            await of[user].publish_media(replace(message, conversation=name), f"{name}-{user}")
        recording = await read_recording(gateway, name)
        assert [one.sequence for one in recording.given_up] == [sequence]
        assert await media_of(gateway, name) == MediaPresence(utterances={"u1"}, speeches={"s1"}, drawn={"s1"})
        assert len(await MediaFiles(gateway).person_sound(name, "u1")) == 46
        for subject in (subjects.audio_out(name, "s1"), subjects.frames(name, "s1")):
            assert [one async for one in gateway.read(streams.stream_of(subject), subject)]


async def test_the_gateway_may_erase_a_conversation_and_a_person_wherever_they_are(
    nodes: Nodes, tmp_path: Path
) -> None:
    name = "c-erased"
    async with every_user(nodes) as of, asyncio.timeout(20):
        gateway = of["gateway"]
        await gateway.append(message_event(1, name))
        for user, message in (("gateway", SOUND), ("tts", VOICE), ("render", PICTURE)):
            await of[user].publish_media(replace(message, conversation=name), f"{name}-{user}")
        await export_person(gateway, "p-erased", [name], tmp_path / "all.zip")
        await request_erasure(gateway, name, "person")
        removed = await erase(gateway, name)
        await record_receipt(gateway, name, removed)
        assert removed == {"CONVERSATIONS": 1, "AUDIO": 2, "FRAMES": 1}
        assert await erase_traces(gateway, "p-erased") == {}
        async with hold(gateway, "erasing"):
            pass


async def test_who_follows_a_medium_may_see_whether_it_goes_on(nodes: Nodes) -> None:
    spoken, drawn = subjects.audio_out("c-still", "s1"), subjects.frames("c-still", "s1")
    followed: tuple[tuple[str, Any, str], ...] = (
        ("stt", AudioIn, subjects.audio_in("c-still", "u1")), ("tts", AudioOut, spoken), ("render", AudioOut, spoken),
        ("gateway", AudioOut, spoken), ("gateway", FrameBatch, drawn), ("channels", AudioOut, spoken),
        ("channels", FrameBatch, drawn),
    )  # fmt: skip
    async with every_user(nodes) as of, asyncio.timeout(20):
        for user, kind, subject in followed:
            with pytest.raises(StreamStalled):
                await anext(of[user].follow(kind, subject, timeout=0.05))


async def test_the_operator_may_bring_in_a_conversation_and_correct_it(nodes: Nodes) -> None:
    async with connect(nodes.settings(), name="import") as event_log, asyncio.timeout(20):
        await event_log.append_copy(message_event(1, "c-imported"), stored=1)
        for message in (SOUND, VOICE, PICTURE):
            await event_log.publish_media(replace(message, conversation="c-imported"), f"imported-{type(message)}")
        await event_log.append(event(TranscriptCorrected(utterance="u1", text="five"), "corrected", "c-imported"))
        assert [tag_of(one.body) for _, one in await event_log.facts("c-imported")] == [
            "message.received", "transcript.corrected"
        ]  # fmt: skip


async def test_users_may_request_make_and_remove_a_face(nodes: Nodes) -> None:
    async with every_user(nodes) as of, asyncio.timeout(20):
        await of["gateway"].assets.put("upload-1", b"photo" * 50_000)
        sequence = await of["gateway"].append(event(PHOTO, "asked"))
        fenced = FencedOutput(of["render"], "render", event(PHOTO, "asked"), sequence)
        assert await of["render"].asset("upload-1") == b"photo" * 50_000
        outputs: tuple[Output, ...] = (
            AssetOutput("photo-1", b"portrait"),
            CharacterOutput("zoe", ADA),
            FaceMade(character="zoe"),
            AssetOutput("upload-1", None),
            FaceRefused(character="yan", code="x", detail="y"),
        )
        for output in outputs:
            await fenced.publish(output)
        assert "zoe" in await current_characters(of["stt"])
        assert await of["operator"].asset("photo-1") == b"portrait"
        gone = CharacterEvent(id="gone", at=1, character="zoe", body=CharacterRemoved())
        await of["gateway"].append_character(gone)
        await of["gateway"].assets.remove("photo-1")
        assert await AssetCollector(of["gateway"]).collect(time.time() + 7200.0) == 0
        assert "zoe" not in await current_characters(of["dialogue"])
        await of["operator"].assets.put("photo-2", b"by hand")
        assert await of["render"].asset("photo-2") == b"by hand"
        with pytest.raises(NotFound):
            await of["render"].asset("photo-1")


async def test_subscribing_to_the_inbox_of_another_user_is_denied(nodes: Nodes) -> None:
    async with connect(nodes.settings(), name="tts") as event_log:
        with pytest.raises(Forbidden, match="may not subscribe to _inbox_gateway"):
            await anext(event_log.subscribe_core("_INBOX_gateway.>"))


async def test_the_error_for_a_missing_stream_says_how_to_create_it(nodes: Nodes) -> None:
    async with connect(nodes.settings(), name="operator") as operator:
        await operator.js.delete_stream(streams.DEAD)
        with pytest.raises(BusError, match=r"stream DEAD is not there .* run `visavis streams`"):
            async with connect(nodes.settings(), name="tts"):
                pass
        async with connect(nodes.settings(), name="operator"), connect(nodes.settings(), name="tts") as event_log:
            assert await event_log.last_sequence(streams.DEAD) == 0


async def test_a_service_does_not_change_the_limits_of_the_operator(nodes: Nodes) -> None:
    async with connect(nodes.settings(audio_bytes=1 << 20), name="gateway") as event_log:
        assert (await event_log.js.stream_info(streams.AUDIO)).config.max_bytes == 16 << 20


async def test_a_service_that_runs_as_another_services_user_stops(nodes: Nodes) -> None:
    async with connect(nodes.settings(), name="gateway") as event_log:
        with pytest.raises(Forbidden, match=r"user gateway may not publish on .*consumer"):
            await Runner(event_log, service(echo)).run()


async def test_a_wrong_and_a_missing_password_are_errors(nodes: Nodes) -> None:
    stranger = nodes.settings(nats_passwords="", nats_user="tts", nats_password="guessed")
    with pytest.raises(BusError, match="refuses the user or password") as refused:
        async with connect(stranger, name="tts", wait=1):
            pass
    assert "guessed" not in refused.value.detail
    (told,) = await check_nats(stranger, timeout=2)
    assert (told.state, told.message, "VISAVIS_NATS_USER" in told.remedy) == ("failure", refused.value.detail, True)
    with pytest.raises(ConfigurationError, match="go together"):
        async with connect(nodes.settings(nats_user="tts"), name="tts", wait=1):
            pass
