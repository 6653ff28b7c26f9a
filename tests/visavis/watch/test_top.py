"""`visavis top` on a real server."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bus.errors import BusError
from bus.events import Event, MessageReceived, ReplyEnded, SpeechFailed
from bus.log.event_log import EventLog
from bus.process.discovery import announce
from bus.settings import Settings
from bus.work.runner import Runner
from tests.bus.work.helpers import echo, message_event, read_until, service
from tests.conftest import NatsServer
from visavis.watch.snapshot import Service, Snapshot
from visavis.watch.top import top
from visavis.watch.watcher import Watcher


@asynccontextmanager
async def watching(event_log: EventLog) -> AsyncIterator[Watcher]:
    watcher = Watcher(event_log)
    following = asyncio.create_task(watcher.follow())
    async with asyncio.timeout(10):
        await watcher.caught_up.wait()
    yield watcher
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def look_until(watcher: Watcher, true: Callable[[Snapshot], bool]) -> Snapshot:
    async with asyncio.timeout(20):
        while not true(shot := await watcher.look()):
            await asyncio.sleep(0.02)  # where NATS is away, it waits for nothing
    return shot


def of(shot: Snapshot, name: str) -> Service:
    [found] = [one for one in shot.services if one.name == name]
    return found


async def test_what_runs_what_waits_and_what_went_wrong(
    event_log: EventLog, settings: Settings, nats_server: NatsServer
) -> None:
    working = asyncio.create_task(Runner(event_log, service(echo)).run())
    await event_log.append(message_event(1))
    await read_until(event_log, ReplyEnded, 1)
    asked = Event(id="e9", at=1, conversation="c9", turn="t9", body=MessageReceived(message="m", text="\x1b[2J"))
    failed = SpeechFailed(speech="s", reply="r", index=0, code="engine_failed", detail="no voice")
    await event_log.append_copy(Event(id="e7", at=1, conversation="c7", turn="t7", body=asked.body), stored=1)
    await event_log.append(Event(id="e8", at=2, conversation="c8", turn="t8", body=failed))
    gateway = announce(event_log, "gateway", metadata=lambda: {"sessions": "3", "ready": "0"})
    async with gateway, watching(event_log) as watcher:
        shot = await look_until(watcher, lambda shot: of(shot, "dialogue").workers[0].done == 1)
        [worker] = of(shot, "dialogue").workers
        assert (worker.engine, worker.ready, worker.held, worker.failed) == ("echo", True, 0, 0)
        assert worker.memory
        assert worker.mean_seconds
        assert of(shot, "dialogue").waiting == 0
        assert (of(shot, "stt").workers, of(shot, "stt").waiting) == ((), None)
        assert not of(shot, "gateway").workers[0].ready
        assert shot.sessions == 3
        assert [(one.service, one.what) for one in shot.failures] == [("tts", "engine_failed")]
        assert [one.name for one in shot.streams][:3] == ["CONVERSATIONS", "AUDIO", "FRAMES"]
        assert shot.streams[1].limit == settings.audio_bytes
        assert [(one.refuses, one.limit) for one in shot.streams if one.name == "CONVERSATIONS"] == [(True, -1)]
        second = await watcher.look()
        assert all(worker.cpu is not None for one in second.services for worker in one.workers)
        # Nobody answers this one; a copy is nobody's work.
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await event_log.append(asked)
        shot = await look_until(watcher, lambda shot: of(shot, "dialogue").waiting == 1)
        assert of(shot, "dialogue").workers == ()
        assert ("c9", "first_sentence", "dialogue") in [
            (one.conversation, one.step, one.service) for one in shot.turns
        ]
        assert "c7" not in [one.conversation for one in shot.turns]
        nats_server.kill()
        away = await look_until(watcher, lambda shot: shot.nats_away_since is not None)
        assert away.services == shot.services
        assert (await watcher.look()).nats_away_since == away.nats_away_since
        nats_server.start()
        back = await look_until(watcher, lambda shot: shot.nats_away_since is None)
        assert of(back, "dialogue").waiting == 1


async def test_the_command_prints_one_picture_or_json_and_needs_a_server(
    event_log: EventLog, settings: Settings, nats_server: NatsServer, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    async with announce(event_log, "tts", "hibari"):
        with monkeypatch.context() as dumb:  # a terminal on which nothing can be drawn again
            dumb.setenv("TERM", "dumb")
            dumb.setattr(sys.stdout, "isatty", lambda: True)
            assert await top(settings, once=False, as_json=False, color=False) == 0
        assert capsys.readouterr().out.startswith("Visavis ")
        assert await top(settings, once=True, as_json=False, color=False) == 0
        picture = capsys.readouterr().out
        assert await top(settings, once=True, as_json=True, color=False) == 0
        as_json = capsys.readouterr().out
        assert await quit_by_key(settings) == 0
    assert "\x1b" not in picture
    assert "not running" in picture
    # The processes have some tenths of a second to answer, which a busy machine may miss: the live view looks again.
    assert {one["name"] for one in json.loads(as_json)["services"]} >= {"gateway", "stt", "dialogue", "tts", "render"}
    nats_server.kill()
    with pytest.raises(BusError, match="no NATS server at "):
        await top(settings, once=True, as_json=False, color=False, wait=0.5)


async def quit_by_key(settings: Settings) -> int:
    """Start the live view in a terminal, press p, p, an arrow and q; returns its exit status."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    before = termios.tcgetattr(theirs)
    # The size is the terminal's: workers of the tests have one of their own in the environment.
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment = {**inherited, "VISAVIS_NATS_URL": settings.nats_url, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "visavis", "top", env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    shown = bytearray()
    asyncio.get_running_loop().add_reader(ours, lambda: shown.extend(os.read(ours, 65536)))
    try:
        async with asyncio.timeout(60):
            for key, expected in (("", b"hibari"), ("p", b"paused"), ("p\x1b[C", b"by memory"), ("q", b"\x1b[?1049l")):
                os.write(ours, key.encode())
                while expected not in shown:
                    await asyncio.sleep(0.02)
            await process.wait()
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        if process.returncode is None:
            process.kill()
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
    assert process.returncode is not None
    return process.returncode
