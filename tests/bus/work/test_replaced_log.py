"""Streams, consumers and whole stores that vanish, or are put back from a copy, under a running worker."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from nats.errors import Error as NatsError
from nats.js import api

from bus import subjects
from bus.errors import LogReplaced
from bus.events import CharacterCreated, CharacterEvent, FrameBatch, LiveEvent, ReplyEnded, ReplyStarted, Watching
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.work.runner import run_service
from bus.work.service import Service
from tests.bus.work.helpers import echo, message_event, read_until, service
from tests.conftest import free_port
from tests.nats_servers import ServerProcess

ALL = ("CONVERSATIONS", "AUDIO", "FRAMES", "IDLE", "CHARACTERS", "LIVE", "DEAD", "REQUEUE", "OBJ_assets")


def pictures(index: int) -> FrameBatch:
    return FrameBatch(conversation="c", speech="s", index=index, frame=5 * index, fps=25, phase=0, units=(b"x",) * 5)


class Store:
    """A server whose store can be copied and put back while it is down."""

    def __init__(self, folder: Path) -> None:
        self.server = ServerProcess(folder)
        self._live = folder / "jetstream"
        self._copy = folder / "copy"

    def restart(self) -> None:
        self.server.kill()
        self.server.start()

    def copy(self) -> None:
        self.server.kill()
        shutil.copytree(self._live, self._copy)
        self.server.start()

    def put_back(self) -> None:
        self.server.kill()
        shutil.rmtree(self._live)
        shutil.copytree(self._copy, self._live)
        self.server.start()

    def empty(self) -> None:
        self.server.kill()
        shutil.rmtree(self._live)
        self.server.start()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    folder = tmp_path / "nats"
    folder.mkdir()
    one = Store(folder)
    one.server.start()
    yield one
    one.server.close()


@pytest.fixture
def settings(store: Store) -> Settings:
    return Settings(nats_url=store.server.url, dialogue_port=free_port(), audio_bytes=64 << 20, frames_bytes=64 << 20)


@asynccontextmanager
async def worker(settings: Settings, one: Service | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    """Run a worker as its process does, from when it is ready; gives a client of its HTTP server."""
    working = asyncio.create_task(run_service(one or service(echo), settings))
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{settings.dialogue_port}", timeout=20) as client:
            await ready(client)
            yield client
            assert not working.done()
    finally:
        working.cancel()
        await working


async def ready(client: httpx2.AsyncClient, status: int = 200, *, containing: str = "") -> str:
    async with asyncio.timeout(60):
        while True:
            try:
                answer = await client.get("/readyz")
            except httpx2.TransportError:
                answer = None
            if answer is not None and answer.status_code == status and containing in answer.text:
                return answer.text
            await asyncio.sleep(0.05)


async def until_there(event_log: EventLog, stream: str) -> api.StreamInfo:
    """Wait until somebody has made the stream."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await event_log.js.stream_info(stream)
            except NatsError:  # no such stream, or no server yet
                await asyncio.sleep(0.05)


async def answered(event_log: EventLog, number: int) -> list[str]:
    """Say something in a conversation of its own; gives the kinds of all its facts once it is answered."""
    conversation = f"c{number}"
    await event_log.append(message_event(number, conversation))
    return [type(event.body).__name__ for event in await read_until(event_log, ReplyEnded, 1, conversation)]


REPLY = ["MessageReceived", "ReplyStarted", "ReplySentence", "ReplyEnded"]


async def test_the_stream_in_memory_is_made_again_after_its_server_was_killed(settings: Settings, store: Store) -> None:
    async with worker(settings), connect(settings, name="test") as event_log:
        store.restart()
        await until_there(event_log, "LIVE")
        watching = LiveEvent(at=1, conversation="c1", body=Watching(session="s1"))
        await event_log.publish_live(watching)
        async with asyncio.timeout(30):
            while await event_log.last_live(subjects.watching("c1")) != watching:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("stream", ALL)
async def test_a_stream_that_was_deleted_is_made_again_and_work_goes_on(settings: Settings, stream: str) -> None:
    async with worker(settings) as client, connect(settings, name="test") as event_log:
        assert await answered(event_log, 1) == REPLY
        before = (await event_log.js.stream_info(stream)).config
        await event_log.js.delete_stream(stream)
        assert (await until_there(event_log, stream)).config == before
        assert await answered(event_log, 2) == REPLY
        await ready(client)


async def test_the_first_message_of_a_new_log_is_answered_although_its_place_was_done_on_the_old_one(
    settings: Settings,
) -> None:
    async with worker(settings), connect(settings, name="test") as event_log:
        for number in range(5):
            assert await answered(event_log, number) == REPLY
        await event_log.js.delete_stream("CONVERSATIONS")
        await until_there(event_log, "CONVERSATIONS")
        for number in range(5, 10):
            assert await answered(event_log, number) == REPLY


@pytest.mark.parametrize("change", [Store.put_back, Store.empty])
async def test_work_goes_on_after_the_store_was_put_back_from_a_copy_or_emptied(
    settings: Settings, store: Store, change: Callable[[Store], None]
) -> None:
    forgotten: list[bool] = []
    one = service(echo, forget=lambda: forgotten.append(True))
    async with connect(settings, name="test") as event_log:
        await event_log.append(message_event(0, "c0"))
    store.copy()
    async with worker(settings, one) as client, connect(settings, name="test") as event_log:
        await read_until(event_log, ReplyEnded, 1, "c0")
        for number in range(1, 6):
            assert await answered(event_log, number) == REPLY
        change(store)
        await until_there(event_log, "CONVERSATIONS")
        for number in range(6, 12):
            assert await answered(event_log, number) == REPLY
        assert await event_log.facts("c1") == []
        assert forgotten
        assert await ready(client) == "ok"


async def test_a_log_that_was_emptied_in_place_is_another_one(settings: Settings) -> None:
    forgotten: list[bool] = []
    one = service(echo, forget=lambda: forgotten.append(True))
    async with worker(settings, one), connect(settings, name="test") as event_log:
        assert await answered(event_log, 1) == REPLY
        await event_log.js.purge_stream("CONVERSATIONS")
        async with asyncio.timeout(30):
            while not forgotten:
                await asyncio.sleep(0.05)
        assert await answered(event_log, 2) == REPLY


@pytest.mark.parametrize("stream", ["CONVERSATIONS", "REQUEUE"])
async def test_a_consumer_that_was_deleted_is_made_again_and_nothing_is_answered_twice(
    settings: Settings, stream: str
) -> None:
    async with worker(settings) as client, connect(settings, name="test") as event_log:
        assert await answered(event_log, 1) == REPLY
        await event_log.js.delete_consumer(stream, "dialogue")
        assert await answered(event_log, 2) == REPLY
        await ready(client)
        facts = [event.body for number in (1, 2) for _, event in await event_log.facts(f"c{number}")]
        assert sum(isinstance(body, ReplyStarted) for body in facts) == 2


async def test_a_stream_made_again_with_other_settings_is_changed_to_those_declared(settings: Settings) -> None:
    async with worker(settings) as client, connect(settings, name="test") as event_log:
        wanted = (await event_log.js.stream_info("LIVE")).config
        await event_log.js.delete_stream("LIVE")
        await event_log.js.add_stream(wanted.evolve(subjects=["live.only"], max_msgs_per_subject=1))
        async with asyncio.timeout(30):
            while (await until_there(event_log, "LIVE")).config != wanted:
                await asyncio.sleep(0.05)
        assert await ready(client) == "ok"


async def test_a_stream_made_again_on_the_wrong_storage_is_said_until_it_is_mended(settings: Settings) -> None:
    async with worker(settings) as client, connect(settings, name="test") as event_log:
        wanted = (await event_log.js.stream_info("DEAD")).config
        async with asyncio.timeout(60):
            while True:  # the worker may make it first
                await event_log.js.delete_stream("DEAD")
                made = await event_log.js.add_stream(wanted.evolve(storage=api.StorageType.MEMORY))
                if made.config.storage == "memory":
                    break
        assert "stream DEAD has storage=memory" in await ready(client, 503, containing="DEAD")
        await event_log.js.delete_stream("DEAD")
        assert await ready(client) == "ok"
        assert (await until_there(event_log, "DEAD")).config.storage == "file"


async def test_a_full_log_is_said_until_there_is_room(settings: Settings) -> None:
    async with worker(settings) as client, connect(settings, name="test") as event_log:
        config = (await event_log.js.stream_info("CONVERSATIONS")).config
        await event_log.append(message_event(0, "c0"))
        await read_until(event_log, ReplyEnded, 1, "c0")
        size = (await event_log.js.stream_info("CONVERSATIONS")).state.bytes
        # Room for one more message, not for its answer.
        await event_log.append(message_event(1, "c1"))
        await read_until(event_log, ReplyEnded, 1, "c1")
        answer = (await event_log.js.stream_info("CONVERSATIONS")).state.bytes
        await event_log.js.update_stream(config.evolve(max_bytes=answer + (answer - size) // 2))
        await event_log.append(message_event(2, "c2"))
        assert "the log is full" in await ready(client, 503, containing="full")
        await event_log.js.update_stream(config)
        await read_until(event_log, ReplyEnded, 1, "c2")
        assert await ready(client) == "ok"


async def until_lost(event_log: EventLog) -> None:
    """Wait until both connections know that the server is away."""
    async with asyncio.timeout(30):
        while event_log.nc.is_connected or event_log._media_nc.is_connected:
            await asyncio.sleep(0.01)


async def test_what_is_under_way_is_not_added_to_a_log_that_was_put_back(settings: Settings, store: Store) -> None:
    async with connect(settings, name="test") as event_log:
        watching = asyncio.create_task(event_log.watch.run())
        await event_log.append(message_event(0))
        store.copy()
        await event_log.append(message_event(1))
        await event_log.watch.raise_if_replaced()
        store.server.kill()
        await until_lost(event_log)
        publishing = [
            asyncio.create_task(event_log.append(message_event(2))),
            asyncio.create_task(event_log.publish_media(pictures(1), "s-f1")),
        ]
        await asyncio.sleep(0.2)
        store.put_back()
        async with asyncio.timeout(30):
            with pytest.raises(LogReplaced):
                await watching
        for one in publishing:
            one.cancel()
        await asyncio.gather(*publishing, return_exceptions=True)
        assert [event.id for _, event in await event_log.facts("c1")] == [message_event(0).id]
        assert await event_log.count(streams.FRAMES, ">") == 0


async def test_what_is_under_way_when_nats_restarts_is_published_afterwards(settings: Settings, store: Store) -> None:
    async with connect(settings, name="test") as event_log:
        watching = asyncio.create_task(event_log.watch.run())
        await event_log.append(message_event(0))
        store.server.kill()
        await until_lost(event_log)
        looks = event_log.watch._looks
        publishing = [
            *(asyncio.create_task(event_log.append(message_event(number))) for number in range(1, 201)),
            asyncio.create_task(event_log.publish_media(pictures(0), "s-f0")),
        ]
        await asyncio.sleep(0.2)
        store.server.start()
        async with asyncio.timeout(30):
            await asyncio.gather(*publishing)
        assert len(await event_log.facts("c1")) == 201
        assert await event_log.count(streams.FRAMES, ">") == 1
        assert event_log.watch._looks - looks < 20, "of all that wait, one looks"
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


# readers


def created(name: str) -> CharacterEvent:
    body = CharacterCreated(name=name, tagline="", personality="", greeting="", look="ada", voice="female")
    return CharacterEvent(id=f"created-{name}", at=1, character=name, body=body)


async def test_a_reader_whose_last_message_is_gone_does_not_wait_for_the_next(settings: Settings) -> None:
    async with connect(settings, name="test") as event_log:
        for number in range(3):
            await event_log.append(message_event(number))
        async with aclosing(event_log.read("CONVERSATIONS", subjects.ALL_FACTS, follow=True)) as records:
            for _ in range(3):
                await anext(records)
            await event_log.js.delete_stream("CONVERSATIONS")
            await streams.ensure_streams(event_log.js, settings, update=True)
            await event_log.append(message_event(9))
            with pytest.raises(LogReplaced, match="ends at message 1, and message 3 has been read"):
                await anext(records)


async def test_a_reader_notices_another_message_in_the_place_of_its_last_one(settings: Settings, store: Store) -> None:
    async with connect(settings, name="test") as event_log:
        await event_log.append(message_event(0))
        store.copy()
        async with aclosing(event_log.read("CONVERSATIONS", subjects.ALL_FACTS, follow=True)) as records:
            await anext(records)
            await event_log.append(message_event(1))
            await anext(records)
            store.put_back()
            for number in range(2, 8):
                await event_log.append(message_event(number))
            with pytest.raises(LogReplaced, match="message 2 of stream CONVERSATIONS is another one"):
                await anext(records)


async def test_a_reader_goes_on_where_its_last_message_was_removed_alone(settings: Settings, store: Store) -> None:
    async with (
        connect(settings, name="test") as event_log,
        aclosing(event_log.read("CONVERSATIONS", subjects.ALL_FACTS, follow=True)) as records,
    ):
        last = await event_log.append(message_event(0))
        await anext(records)
        await event_log.delete_message("CONVERSATIONS", last)
        store.restart()
        waiting = asyncio.ensure_future(anext(records))
        await event_log.append(message_event(1))
        async with asyncio.timeout(30):
            assert (await waiting).sequence == last + 1


async def test_one_who_follows_anew_drops_what_was_read_and_reads_the_new_log(settings: Settings) -> None:
    names: list[str] = []
    async with connect(settings, name="test") as event_log:
        for name in ("ada", "milo"):
            await event_log.append_character(created(name))
        reading = event_log.follow_anew("CHARACTERS", subjects.ALL_CHARACTERS, on_replaced=names.clear)
        async with aclosing(reading) as records:
            for _ in range(2):
                names.append((await anext(records)).subject)
            await event_log.js.delete_stream("CHARACTERS")
            await streams.ensure_streams(event_log.js, settings, update=True)
            await event_log.append_character(created("zoe"))
            async with asyncio.timeout(30):
                names.append((await anext(records)).subject)
    assert names == ["character.zoe.created"]


async def test_what_is_read_of_a_missing_stream_comes_once_it_is_there(settings: Settings) -> None:
    async with connect(settings, name="test") as event_log:
        await event_log.js.delete_stream("CONVERSATIONS")
        reading = asyncio.ensure_future(event_log.facts("c1"))
        await streams.ensure_streams(event_log.js, settings, update=True)
        async with asyncio.timeout(30):
            assert await reading == []
