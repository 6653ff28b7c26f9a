"""The channels service as one process: what fails in one of its works does not take the others down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bus.errors import BusError, ConfigurationError, VisavisError
from bus.events import MessageReceived
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.process.discovery import discover
from bus.process.drain import Drain
from bus.process.health import ENDING, routes
from bus.settings import Settings
from services.channels.accounts import CHANNELS, build_channels
from services.channels.channel import Channel, Store
from services.channels.folder import Folder
from services.channels.process import ALONE, REQUIRED, ChannelsProcess, Pauses
from services.channels.recordings.decoding import RecordingDecoder
from visavis.up import publish_builtin_characters

SOON = Pauses(first=0.05, longest=0.1)
TTL = 0.5


class Broken(Folder):
    """A channel that cannot reach its network."""

    name = "telegram"
    account = "broken"

    def __init__(self, folder: Path, error: Exception) -> None:
        super().__init__(folder)
        self.error = error
        self.tries = 0

    async def run(self, store: Store) -> None:
        self.tries += 1
        raise self.error


class Hooked(Broken):
    """A channel that is sent updates."""

    account = "hooked"
    event = "u1"

    def routes(self, store: Store) -> list[BaseRoute]:
        async def take(request: Request) -> Response:
            try:
                return Response(status_code=200 if await store(self.event, await request.body()) else 208)
            except BusError:
                return Response(status_code=503)

        return [Route("/hook", take, methods=["POST"])]


@asynccontextmanager
async def running(event_log: EventLog, *channels: Channel, ttl: float = TTL) -> AsyncIterator[ChannelsProcess]:
    process = ChannelsProcess(event_log.settings, channels, RecordingDecoder(10), SOON, ttl)
    task = asyncio.create_task(process.run(event_log))
    try:
        yield process
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], Awaitable[object] | object]) -> None:
    async with asyncio.timeout(40):
        while True:
            found = condition()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "notes", idle=0.05)


def ask(folder: Folder, name: str, text: str) -> None:
    temporary = folder.folder / "made elsewhere"
    temporary.write_text(text)
    temporary.rename(folder.inbox / name)


async def messages(event_log: EventLog) -> list[str]:
    from bus import codec, subjects

    reading = event_log.read(streams.CONVERSATIONS, subjects.facts_of_kind(MessageReceived))
    bodies = [codec.decode_event(record.data).body async for record in reading]
    return [body.text for body in bodies if isinstance(body, MessageReceived)]


@pytest.mark.parametrize("error", [VisavisError("no network"), RuntimeError("a bug"), ConfigurationError("no token")])
async def test_a_channel_that_fails_is_begun_again_and_the_others_go_on(
    event_log: EventLog, folder: Folder, tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    await publish_builtin_characters(event_log)
    broken = Broken(tmp_path / "broken", error)
    async with running(event_log, broken, folder):
        await until(folder.inbox.is_dir)
        ask(folder, "question.txt", "Hello there")

        async def arrived() -> bool:
            return await messages(event_log) == ["Hello there"]

        await until(arrived)
        await until(lambda: broken.tries >= 3)
    assert "failed; begun again" in caplog.text


async def test_a_text_becomes_one_message_of_the_owner_and_the_link_is_made_once(
    event_log: EventLog, folder: Folder
) -> None:
    await publish_builtin_characters(event_log)
    for question in ("one", "two"):
        async with running(event_log, folder):
            await until(folder.inbox.is_dir)
            ask(folder, f"{question}.txt", question)

            async def arrived(wanted: str = question) -> bool:
                return wanted in await messages(event_log)

            await until(arrived)
    assert await messages(event_log) == ["one", "two"]
    assert await event_log.last_sequence(streams.PEOPLE) == 3  # asked, linked, and the conversation that was opened


async def test_of_two_processes_one_receives_and_the_other_takes_over(
    event_log: EventLog, settings: Settings, tmp_path: Path
) -> None:
    first, second = (Broken(tmp_path / name, VisavisError("no network")) for name in ("first", "second"))
    async with connect(settings, name="other") as other:
        async with running(event_log, first, ttl=1.5):
            await until(lambda: first.tries >= 2)
            another = ChannelsProcess(settings, [second], RecordingDecoder(10), SOON, ttl=1.5)
            standby = asyncio.create_task(another.run(other))
            await asyncio.sleep(2.0)
            assert second.tries == 0
        await until(lambda: second.tries >= 2)
        standby.cancel()
        with suppress(asyncio.CancelledError):
            await standby


@pytest.mark.parametrize("holds_lease", [True, False])
async def test_a_process_that_is_to_end_leaves_its_work_to_the_other_at_once(
    event_log: EventLog, settings: Settings, tmp_path: Path, holds_lease: bool
) -> None:
    first, second = (Broken(tmp_path / name, VisavisError("no network")) for name in ("first", "second"))
    async with connect(settings, name="other") as other:
        pair = [
            ChannelsProcess(settings, [channel], RecordingDecoder(10), SOON, TTL, drain=Drain(600.0))
            for channel in (first, second)
        ]
        async with asyncio.timeout(60):
            tasks = [asyncio.create_task(pair[0].run(event_log))]
            await until(lambda: first.tries)
            tasks.append(asyncio.create_task(pair[1].run(other)))
            ending = 0 if holds_lease else 1
            pair[ending].drain.begin()
            await tasks[ending]
            assert await pair[ending].health.not_ready_reason() == f"notes: {ENDING}"
            if holds_lease:
                await until(lambda: second.tries)
            else:
                assert not second.tries
            tasks[1 - ending].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_update_is_refused_until_there_is_a_log_and_then_stored_once(
    event_log: EventLog, tmp_path: Path
) -> None:
    channel = Hooked(tmp_path, VisavisError("no network"))
    process = ChannelsProcess(event_log.settings, [channel], RecordingDecoder(10), SOON, TTL)
    transport = httpx2.ASGITransport(app=Starlette(routes=process.routes()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.post("/hook", content=b"{}")).status_code == 503
        task = asyncio.create_task(process.run(event_log))
        await until(lambda: channel.tries)
        assert [(await client.post("/hook", content=b"{}")).status_code for _ in range(2)] == [200, 208]
        channel.event = "u2"  # more than NATS takes: cut, it stops nothing, and is found among the dead letters
        assert [(await client.post("/hook", content=bytes(2 << 20))).status_code for _ in range(2)] == [200, 208]
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert (await event_log.count(streams.INBOX, "inbox.telegram.hooked.u1")) == 1


async def test_it_begins_anew_on_another_log(event_log: EventLog, folder: Folder) -> None:
    await publish_builtin_characters(event_log)
    async with running(event_log, folder):
        await until(folder.inbox.is_dir)
        ask(folder, "before.txt", "before")

        async def before() -> bool:
            return await messages(event_log) == ["before"]

        await until(before)
        for name in (streams.CONVERSATIONS, streams.PEOPLE, streams.INBOX, streams.DELIVERIES):
            await event_log.js.delete_stream(name)
        event_log.watch.wake()

        async def begun_anew() -> bool:
            with suppress(Exception):
                return await event_log.last_sequence(streams.PEOPLE) >= 2
            return False

        await until(begun_anew)
        ask(folder, "after.txt", "after")

        async def after() -> bool:
            return await messages(event_log) == ["after"]

        await until(after)


async def test_health_and_discovery_tell_of_all_workers(event_log: EventLog, folder: Folder) -> None:
    async with running(event_log, folder) as process:
        await until(folder.inbox.is_dir)
        transport = httpx2.ASGITransport(app=Starlette(routes=routes(process.health)))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:

            async def ready() -> bool:
                return (await client.get("/readyz")).text == "ok"

            await until(ready)
            text = (await client.get("/metrics")).text
        found = {
            (family.name, sample.labels["service"])
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if "service" in sample.labels  # the others are of the process, whatever works in it
        }
        assert {service for name, service in found if name == "visavis_ready"} == {*REQUIRED, *ALONE}
        services = {one.name: one for one in await discover(event_log)}
        assert {"notes", "channels"} <= services.keys()
        assert str(folder.folder) in services["channels"].metadata["channels"]


def test_each_row_of_the_table_is_off_or_says_how_it_is_switched_on() -> None:
    assert [option.name for option in CHANNELS if not option.is_configured(Settings())] == ["telegram", "whatsapp"]
    (folder,) = build_channels(Settings())
    assert isinstance(folder, Folder)
    assert build_channels(Settings(notes_folder="off")) == []


async def test_a_full_inbox_refuses_what_comes_and_says_so_until_there_is_room(
    event_log: EventLog, tmp_path: Path
) -> None:
    channel = Hooked(tmp_path, VisavisError("no network"))
    kept = (await event_log.js.stream_info(streams.INBOX)).config
    async with running(event_log, channel) as process:
        await until(lambda: channel.tries)
        app = Starlette(routes=[*process.routes(), *routes(process.health)])
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:

            async def send(event: str) -> tuple[int, bool]:
                channel.event = event
                answer = await client.post("/hook", content=b"{}")
                return answer.status_code, "INBOX_BYTES" in (await client.get("/readyz")).text

            assert await send("u1") == (200, False)
            await event_log.js.update_stream(kept.evolve(max_msgs=1))
            assert await send("u2") == (503, True)
            await event_log.js.update_stream(kept)
            assert await send("u2") == (200, False)
