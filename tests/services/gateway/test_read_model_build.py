"""The next read model is built beside the one that is served, by a process that may be killed, and takes its place."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from itertools import islice
from pathlib import Path

import pytest

from bench.event_logs import fill, spoken
from bus.errors import BusError
from bus.events import Event, MessageReceived
from bus.log.event_log import EventLog
from bus.process.drain import Drain
from bus.settings import Settings
from projections.read_model import ReadModel
from projections.read_model_builder import building_path, open_read_model
from projections.read_model_tables import VERSION
from services.gateway.feed import Feed
from services.gateway.read_model_build import ReadModelBuild
from services.gateway.web.health import GatewayHealth
from services.gateway.web.space import Space
from services.gateway.web.turn_latencies import TurnLatencies

EVENTS = 22_000
"""So many that a gateway builds beside, and that a build can be killed meanwhile."""
_OLD = 7
"""A version that this program can read."""


@asynccontextmanager
async def following(feed: Feed) -> AsyncIterator[None]:
    running = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


def committed(path: Path) -> int:
    """The position of a file that another process writes."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT seq FROM position").fetchone()[0])
    return 0


def build_process(settings: Settings, target: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "VISAVIS_NATS_URL": settings.nats_url, "VISAVIS_DATA": settings.data}
    command = [sys.executable, "-m", "projections", "build", str(target)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


def end(process: subprocess.Popen[bytes]) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    status = process.wait(timeout=20)
    process.stdout.close()
    return status


def said(number: int) -> Event:
    body = MessageReceived(message=f"m{number}", text=f"pineapple {number}")
    return Event(id=f"m-{number}", at=number, conversation="c", turn=f"t{number}", body=body)


async def followed(event_log: EventLog, path: Path, end: int) -> str:
    """The digest of a read model that has followed the log, without building."""
    with closing(ReadModel(path)) as model:
        async for batch in event_log.read_batches("CONVERSATIONS", "conv.>"):
            model.apply_records([record for record in batch if record.sequence <= end])
        return model.digest()


async def test_a_killed_build_goes_on_and_its_file_takes_the_place_of_the_one_that_was_served(
    event_log: EventLog, settings: Settings, tmp_path: Path
) -> None:
    await fill(event_log, islice(spoken(), EVENTS))
    target = settings.data_folder / "gateway.sqlite"
    building = building_path(target)

    # Without a file that can be read, requests are refused, with how far the build is.
    empty = open_read_model(target)
    feed = Feed(event_log, empty, ReadModelBuild(settings, target, retry_delay=0.05))
    async with following(feed):
        await until(lambda: feed.build_progress is not None)
        with pytest.raises(BusError, match=r"read from the log: [\d,]+ of [\d,]+ events, [\d,]+ a second"):
            feed.caught_up_model()
        space = Space(event_log, event_log.settings)
        health = GatewayHealth(event_log, feed, TurnLatencies(), lambda: 0, Drain(), space)
        reason = await health.not_ready_reason()
        assert reason is not None
        assert reason.startswith("building the conversations from the log: ")
        await until(feed.caught_up.is_set)
        assert (empty.position, feed.build_progress, building.exists()) == (EVENTS, None, False)
    expected = await followed(event_log, tmp_path / "followed", EVENTS)
    assert empty.digest() == expected
    empty.close()

    # The parent of a build dies: the build ends. It is killed itself: what it had committed is kept.
    orphan = build_process(settings, target)
    assert await asyncio.to_thread(end, orphan) == 1
    killed = build_process(settings, target)
    await until(lambda: committed(building))
    killed.send_signal(signal.SIGKILL)
    assert await asyncio.to_thread(end, killed) == -signal.SIGKILL

    # A file of an older version is served, and followed, while its successor is built from where it was left.
    with closing(sqlite3.connect(target)) as db, db:
        db.execute("UPDATE position SET version = ?", (_OLD,))
    model = open_read_model(target)
    assert (model.version, committed(building) > 0) == (_OLD, True)
    feed = Feed(event_log, model, ReadModelBuild(settings, target, retry_delay=0.05))
    with feed.subscribe("c") as subscription:
        async with following(feed):
            await feed.wait_until_caught_up(timeout=10)
            sequence = await event_log.append(said(1))
            await feed.wait_until_applied(sequence, timeout=10)
            await until(lambda: model.version == VERSION)
            assert model.position == sequence  # nothing that had been read is missing for a while
            await feed.wait_until_applied(await event_log.append(said(2)))
        assert (subscription.unread.qsize(), subscription.cut_off) == (2, False)
    assert model.digest() == await followed(event_log, tmp_path / "again", sequence + 1)
    assert [path.name for path in settings.data_folder.glob("gateway.sqlite*building*")] == []

    # What was built of a log that has been replaced takes no place.
    shutil.copy(target, building)
    await feed._forget()
    assert (model.position, building.exists()) == (0, False)
    model.close()
