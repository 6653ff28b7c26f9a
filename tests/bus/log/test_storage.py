"""A full log, by its limit or its disk: what waits for it is done afterwards, once."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from bus import subjects
from bus.errors import BusError
from bus.events import AudioIn, Event, ReplyEnded, tag_of
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.work.service import Output, Reader
from tests.bus.work.helpers import echo, message_event, read_until, running, service
from tests.conftest import free_port
from visavis.nats.server import EmbeddedServer
from visavis.nats.watchdog import Watchdog
from visavis.supervisor import Child, Supervisor


def chunk(index: int, size: int, *, final: bool = False) -> AudioIn:
    return AudioIn(conversation="c1", utterance="u1", index=index, sample=0, pcm=bytes(size), final=final)


async def test_work_waits_for_a_full_log_and_is_done_once_after_it_has_space(event_log: EventLog) -> None:
    asked = asyncio.Event()

    async def answers(event: Event, reader: Reader) -> AsyncIterator[Output]:
        asked.set()
        await asyncio.sleep(0.2)
        async for output in echo(event, reader):
            yield output

    async with running(event_log, service(answers)):
        await event_log.append(message_event(1))
        async with asyncio.timeout(10):
            await asked.wait()
        info = await event_log.js.stream_info(streams.CONVERSATIONS)
        await event_log.js.update_stream(info.config.evolve(max_bytes=info.state.bytes))
        with pytest.raises(BusError, match="full"):
            await event_log.append(message_event(2))
        await asyncio.sleep(1)
        assert len(await event_log.facts("c1")) == 1
        await event_log.js.update_stream(info.config)
        events = await read_until(event_log, ReplyEnded, 1)
    assert [tag_of(event.body) for event in events] == [
        "message.received",
        "reply.started",
        "reply.sentence",
        "reply.ended",
    ]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system can be mounted by root only: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_after_a_full_disk_the_server_is_restarted_and_waiting_messages_are_stored(small_disk: Path) -> None:
    settings = Settings(
        nats_port=free_port(), audio_bytes=16 << 20, frames_bytes=4 << 20, assets_bytes=1 << 20, inbox_bytes=1 << 20
    )
    printed: list[str] = []
    supervisor = Supervisor(lambda name, line: printed.append(line))
    server = EmbeddedServer(small_disk, settings.nats_port)
    child = Child("nats", server.command(), is_shown=lambda line: "[INF]" not in line)
    supervisor.start(child)
    watchdog = Watchdog(
        small_disk, supervisor, child, lambda name, line: printed.append(line), interval=0.3, min_free=8 << 20
    )
    watching = asyncio.create_task(watchdog.watch())
    try:
        async with connect(settings, name="test") as event_log:
            await event_log.publish_media(chunk(0, 100_000), "u1-0")
            ballast = small_disk / "ballast"
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 16))
            waiting = asyncio.create_task(event_log.publish_media(chunk(1, 500_000, final=True), "u1-1"))
            async with asyncio.timeout(20):
                while not any("stores nothing" in line for line in printed):
                    await asyncio.sleep(0.1)
            assert not waiting.done()
            assert child.starts == 1
            ballast.unlink()
            await waiting
            chunks = [one async for one in event_log.follow(AudioIn, subjects.audio_in("c1", "u1"))]
            assert [one.index for one in chunks] == [0, 1]
            assert child.starts == 2
    finally:
        watching.cancel()
        await supervisor.stop()


@pytest.mark.parametrize("swapped", [False, True])
async def test_a_server_whose_store_is_taken_away_or_swapped_is_restarted(tmp_path: Path, swapped: bool) -> None:
    settings = Settings(
        nats_port=free_port(), audio_bytes=16 << 20, frames_bytes=4 << 20, assets_bytes=1 << 20, inbox_bytes=1 << 20
    )
    printed: list[str] = []
    supervisor = Supervisor(lambda name, line: printed.append(line))
    server = EmbeddedServer(tmp_path, settings.nats_port)
    child = Child("nats", server.command(), is_shown=lambda line: "[INF]" not in line)
    supervisor.start(child)
    watchdog = Watchdog(tmp_path, supervisor, child, lambda name, line: printed.append(line), interval=0.3, min_free=1)
    watching = asyncio.create_task(watchdog.watch())
    store = tmp_path / "jetstream"
    try:
        async with connect(settings, name="test") as event_log:
            await event_log.append(message_event(1))
            await asyncio.to_thread(shutil.copytree, store, tmp_path / "copy")
            await event_log.append(message_event(2))
            # The server is seen healthy first, with the store that it has now.
            async with asyncio.timeout(20):
                await watchdog.has_looked.wait()
            await asyncio.to_thread(shutil.rmtree, store)
            if swapped:
                await asyncio.to_thread((tmp_path / "copy").rename, store)
            async with asyncio.timeout(30):
                while child.starts < 2:
                    await asyncio.sleep(0.1)
        async with connect(settings, name="test") as event_log:
            assert [event.id for _, event in await event_log.facts("c1")] == (["ec11"] if swapped else [])
            await event_log.append(message_event(3))
            assert child.starts == 2
    finally:
        watching.cancel()
        await supervisor.stop()


async def test_a_slow_reader_of_many_messages_gets_all_in_order(event_log: EventLog) -> None:
    for index in range(120):
        await event_log.publish_media(chunk(index, 400_000, final=index == 119), f"u1-{index}")
    read: list[int] = []
    async with aclosing(event_log.follow(AudioIn, subjects.audio_in("c1", "u1"))) as chunks:
        async for one in chunks:
            read.append(one.index)
            await asyncio.sleep(0.01)
    assert read == list(range(120))
