"""The event log on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import msgspec
import pytest
from nats.errors import FlushTimeoutError

from bus import clock, subjects
from bus.errors import BusError, Conflict, StreamStalled
from bus.events import (
    AudioIn,
    CharacterCreated,
    CharacterEvent,
    Event,
    IdleBatch,
    LiveEvent,
    MessageReceived,
    Watching,
)
from bus.log import streams
from bus.log.event_log import EventLog, Fence, connect
from bus.settings import Settings
from bus.stamping import new_event
from bus.work.executor import is_log_unavailable
from services.characters import current_characters
from tests.conftest import NatsServer
from tests.proxy import Wire


def message(number: int, conversation: str = "c1") -> Event:
    body = MessageReceived(message=f"m{number}", text=f"number {number}")
    return Event(id=f"e{conversation}{number}", at=number, conversation=conversation, turn=f"t{number}", body=body)


def chunk(index: int, *, final: bool = False) -> AudioIn:
    return AudioIn(conversation="c1", utterance="u1", index=index, sample=index * 1600, pcm=b"\0\1" * 1600, final=final)


async def test_appended_events_are_read_in_order(event_log: EventLog) -> None:
    events = [message(number) for number in range(600)]
    for event in events:
        await event_log.append(event)
    assert [event for _, event in await event_log.facts("c1")] == events


async def test_the_same_id_twice_is_one_event(event_log: EventLog) -> None:
    first = await event_log.append(message(1))
    assert await event_log.append(message(1)) == first
    assert len(await event_log.facts("c1")) == 1


async def test_reading_goes_on_after_a_sequence(event_log: EventLog) -> None:
    sequences = [await event_log.append(message(number)) for number in range(5)]
    later = await event_log.facts("c1", after=sequences[2])
    assert [event.id for _, event in later] == ["ec13", "ec14"]


async def test_another_conversation_is_not_read(event_log: EventLog) -> None:
    await event_log.append(message(1))
    await event_log.append(message(2, "c2"))
    assert [event.conversation for _, event in await event_log.facts("c2")] == ["c2"]


async def test_reading_leaves_no_consumer_behind_whether_there_is_something_or_not(event_log: EventLog) -> None:
    await event_log.append(message(1, "a"))
    assert [len(await event_log.facts(conversation)) for conversation in ("a", "b")] == [1, 0]
    while await event_log.js.consumers_info(streams.CONVERSATIONS):
        await asyncio.sleep(0.02)  # the server is told to delete them, and does so in its own time


async def test_a_fence_that_no_longer_holds_raises_conflict(event_log: EventLog) -> None:
    first = await event_log.append(message(1))
    subject = subjects.fact(message(1))
    with pytest.raises(Conflict):
        await event_log.append_fenced(message(2), Fence(subject, 0))
    assert (await event_log.append_fenced(message(2), Fence(subject, first))).sequence == first + 1


async def test_followed_media_end_with_the_final_chunk(event_log: EventLog) -> None:
    sent = [chunk(index, final=index == 9) for index in range(10)]

    async def send() -> None:
        for one in sent:
            await event_log.publish_media(one, f"u1-{one.index}")
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(send())
        assert [one async for one in event_log.follow(AudioIn, subjects.audio_in("c1", "u1"))] == sent


async def test_media_that_stop_without_a_final_chunk_are_an_error(event_log: EventLog) -> None:
    await event_log.publish_media(chunk(0), "u1-0")
    chunks = event_log.follow(AudioIn, subjects.audio_in("c1", "u1"), timeout=0.3)
    with pytest.raises(StreamStalled, match="no final chunk"):
        _ = [one async for one in chunks]


async def test_a_reader_that_gets_no_place_on_the_stream_is_told_so_and_may_try_again(event_log: EventLog) -> None:
    js, subject = event_log.media_js, subjects.audio_in("c1", "u1")
    config = (await js.stream_info(streams.AUDIO)).config
    await js.delete_stream(streams.AUDIO)
    await js.add_stream(config.evolve(max_consumers=1))
    sent = [chunk(0), chunk(1, final=True)]
    for one in sent:
        await event_log.publish_media(one, f"u1-{one.index}")
    async with aclosing(event_log.follow(AudioIn, subject)) as first:
        assert await anext(first) == sent[0]
        with pytest.raises(BusError, match="as many readers as NATS allows") as refused:
            await _all(event_log.follow(AudioIn, subject, timeout=1.0))
        assert is_log_unavailable(refused.value), "the item waits for the log, and is no failure"
        waiting = asyncio.create_task(_all(event_log.follow(AudioIn, subject)))
        await asyncio.sleep(0.1)  # so that it is refused at first
    assert await waiting == sent


async def _all(chunks: AsyncIterator[AudioIn]) -> list[AudioIn]:
    return [one async for one in chunks]


async def test_a_follower_continues_after_a_network_cut_longer_than_its_timeout(
    event_log: EventLog, settings: Settings, nats_server: NatsServer
) -> None:
    wire = Wire(nats_server.port)
    async with wire.strung():
        far = msgspec.structs.replace(settings, nats_url=f"nats://127.0.0.1:{wire.port}")
        async with connect(far, name="far") as far_log:
            await event_log.publish_media(chunk(0), "u1-0")
            chunks = far_log.follow(AudioIn, subjects.audio_in("c1", "u1"), timeout=0.5)
            async with aclosing(chunks):
                assert (await anext(chunks)).index == 0
                wire.cut()
                following = asyncio.ensure_future(anext(chunks))
                await asyncio.sleep(1.5)
                await event_log.publish_media(chunk(1, final=True), "u1-1")
                wire.mend()
                assert (await following).index == 1


async def test_a_follower_continues_after_the_server_is_killed(event_log: EventLog, nats_server: NatsServer) -> None:
    read: list[int] = []
    async with aclosing(event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, follow=True)) as records:
        await event_log.append(message(0))
        read.append((await anext(records)).sequence)
        await asyncio.sleep(0.3)
        nats_server.kill()
        nats_server.start()
        for number in range(1, 50):
            await event_log.append(message(number))
        async with asyncio.timeout(30):
            read.extend([(await anext(records)).sequence for _ in range(49)])
    assert read == list(range(1, 51))


async def test_a_core_subscription_gives_new_messages_at_once_and_no_old_ones(event_log: EventLog) -> None:
    async with aclosing(event_log.subscribe_core("live.c1.>")) as heard:
        waiting = asyncio.ensure_future(anext(heard))
        await asyncio.sleep(0.1)
        live = LiveEvent(at=1, conversation="c1", body=Watching(session="s1"))
        await event_log.publish_live(live)
        subject, _ = await waiting
    assert subject == "live.c1.watching"
    async with asyncio.timeout(10):  # subscribers have it before it is stored
        while (stored := await event_log.last_live(subjects.watching("c1"))) is None:
            await asyncio.sleep(0.01)
    assert stored == live
    assert await event_log.last_live(subjects.watching("c2")) is None


async def test_the_last_event_of_a_character_counts(event_log: EventLog) -> None:
    def created(name: str) -> CharacterCreated:
        return CharacterCreated(name=name, tagline="", personality="", greeting="", look="ada", voice="female")

    for at, name in enumerate(["Ada", "Adah"]):
        await event_log.append_character(CharacterEvent(id=f"x{at}", at=at, character="ada", body=created(name)))
    assert await current_characters(event_log) == {"ada": created("Adah")}


async def test_a_second_connection_changes_no_stream_but_applies_a_new_limit(
    settings: Settings, event_log: EventLog
) -> None:
    await event_log.append(message(1))
    async with connect(settings, name="again") as again:
        assert await again.last_sequence(streams.CONVERSATIONS) == 1
    smaller = msgspec.structs.replace(settings, audio_bytes=32 << 20)
    async with connect(smaller, name="smaller") as changed:
        info = await changed.js.stream_info(streams.AUDIO)
        assert info.config.max_bytes == 32 << 20


async def test_a_missing_server_is_an_error_with_its_url(settings: Settings, nats_server: NatsServer) -> None:
    nats_server.kill()
    with pytest.raises(BusError, match=settings.nats_url):
        async with connect(settings, name="test", wait=0.5):
            pass


async def test_reads_of_the_newest_message_skip_undecodable_ones(event_log: EventLog) -> None:
    for subject in ("idle.ada", "live.c1.watching", "character.ada.created", "conv.c1.message.received"):
        await event_log.js.publish(subject, b"\x00undecodable")
    assert await event_log.last_media(IdleBatch, "idle.ada") is None
    assert await event_log.last_live("live.c1.watching") is None
    assert await current_characters(event_log) == {}
    assert await event_log.facts("c1") == []


async def test_a_full_log_is_an_error_and_keeps_its_events(event_log: EventLog) -> None:
    info = await event_log.js.stream_info(streams.CONVERSATIONS)
    await event_log.js.update_stream(info.config.evolve(max_bytes=20_000))

    async def write_on() -> None:
        for number in range(1000):
            await event_log.append(message(number))

    with pytest.raises(BusError, match="the log is full") as refused:
        await write_on()
    assert refused.value.code == "log_full"
    assert not refused.value.retryable
    kept = await event_log.facts("c1")
    assert [event for _, event in kept] == [message(number) for number in range(len(kept))]


async def test_a_read_only_connection_changes_no_limits(settings: Settings, event_log: EventLog) -> None:
    smaller = msgspec.structs.replace(settings, audio_bytes=1 << 20)
    async with connect(smaller, name="looker", update_streams=False):
        assert (await event_log.js.stream_info(streams.AUDIO)).config.max_bytes == settings.audio_bytes


async def test_the_age_of_a_live_event_is_told_by_the_logs_clock_and_not_by_its_senders(
    event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = 3_600_000_000
    subject = subjects.watching("c1")
    asking = asyncio.create_task(event_log.live_age(subject))
    await asyncio.wait([asking], timeout=0.1)
    assert not asking.done()  # NATS has just started: who watches may be about to tell
    monkeypatch.setattr("bus.log.log_store.LIVE_SETTLES", 0.0)
    assert await asking is None
    ages = []
    for at in (clock.now() - hour, clock.now() + hour, 0):
        live = LiveEvent(at=at, conversation="c1", body=Watching(session="s"))
        await event_log.publish_live(live)
        async with asyncio.timeout(20):
            while await event_log.last_live(subject) != live:
                await asyncio.sleep(0.01)
        age = await event_log.live_age(subject)
        assert age is not None
        ages.append(age)
    assert all(abs(age) < hour / 1_000_000 / 2 for age in ages)


@pytest.mark.parametrize("off", [15_000_000, -15_000_000, -90_000_000])
async def test_a_process_whose_clock_is_off_goes_by_the_servers(
    event_log: EventLog, settings: Settings, monkeypatch: pytest.MonkeyPatch, off: int, caplog: pytest.LogCaptureFixture
) -> None:
    right = clock.wall
    monkeypatch.setattr(clock, "_correction", 0)
    monkeypatch.setattr(clock, "wall", lambda: right() + off)
    async with connect(settings, name="off") as other:
        before = right()
        await other.append(new_event(MessageReceived(message="m", text="hello"), conversation="c"))
        assert before - 1_000_000 < (await other.facts("c"))[0][1].at < right() + 1_000_000
        assert abs(clock.ahead() - off / 1_000_000) < 1
        assert abs(await other.clock_ahead() - off / 1_000_000) < 1  # what `visavis doctor` tells
        assert [one.message for one in caplog.records if "clock" in one.message] == [
            "the clock differs from that of the NATS server"
        ]
        monkeypatch.setattr(clock, "wall", right)
        await other.watch.check()
        assert clock.ahead() == 0


async def test_the_clock_of_this_process_is_compared_with_the_servers(event_log: EventLog) -> None:
    asked = clock.now()
    server = await event_log.server_time()
    assert abs(server - asked) < 60_000_000  # both run on this machine
    assert abs(await event_log.clock_ahead()) < 60


@pytest.mark.parametrize("gives_up", ["cancelled", "timed out"])
async def test_who_gives_up_waiting_for_an_answer_breaks_no_connection(
    event_log: EventLog, nats_server: NatsServer, caplog: pytest.LogCaptureFixture, gives_up: str
) -> None:
    nats_server.freeze()
    await asyncio.sleep(0.2)  # a signal takes its time
    waiting = asyncio.create_task(event_log.nc.flush(timeout=30 if gives_up == "cancelled" else 1))
    await asyncio.sleep(0.05)
    if gives_up == "cancelled":
        waiting.cancel()
    with pytest.raises((asyncio.CancelledError, FlushTimeoutError)):
        await waiting
    nats_server.thaw()
    await event_log.nc.flush(timeout=5)
    await event_log.append(message(1))
    assert event_log.nc.stats["reconnects"] == 0
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
