"""What is left of calls that have ended: nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bus.events import SessionClosed, SessionOpened
from bus.log.event_log import EventLog
from services.gateway.playing.resume import ResumePoint, find_resume_point
from services.gateway.web.sdp_sections import usable_candidates
from tests.services.gateway.conftest import Running
from tests.services.gateway.playing.peer import Peer


async def test_an_ended_call_is_freed_without_a_collection_of_cycles(gateway: Running) -> None:
    threads: list[int] = []
    remains: list[weakref.ref[object]] = []
    gc.disable()  # a process with much on its heap collects cycles once in many minutes
    try:
        for _ in range(3):
            peer = Peer()
            await peer.connect(gateway, await gateway.open())
            call = gateway.server._sessions.here[peer.location.rsplit("/", 1)[1]]
            while not call.is_connected or not call._microphone._packets:
                await asyncio.sleep(0.02)
            remains += [weakref.ref(call), weakref.ref(call._microphone), weakref.ref(call.floor)]
            del call
            await peer.close()
            while gateway.server._sessions._tasks:
                await asyncio.sleep(0.02)
            threads.append(_thread_count())
        await asyncio.sleep(0.1)  # the last callbacks of the connection
        left = [type(one()).__name__ for one in remains if one() is not None]
    finally:
        gc.enable()
    assert left == []
    assert threads[1:] == threads[:-1], "an ended call has left threads"


def _thread_count() -> int:
    """Threads of this process, those of libraries included."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


async def test_a_call_that_is_left_while_it_opens_ends_although_a_request_swallows_that(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def swallowing(event_log: EventLog, conversation: str, *args: Any, **options: Any) -> ResumePoint:
        point = await find_resume_point(event_log, conversation, *args, **options)
        (call,) = gateway.server._sessions.here.values()
        call.end("left")
        with suppress(asyncio.CancelledError):  # as Python 3.11's wait_for does
            await asyncio.sleep(20)
        return point

    monkeypatch.setattr("services.gateway.playing.session.find_resume_point", swallowing)
    peer = Peer()
    conversation = await gateway.open()
    await peer.connect(gateway, conversation)
    async with asyncio.timeout(15):
        while gateway.server._sessions._tasks:
            await asyncio.sleep(0.02)
    bodies = [event.body for _, event in await gateway.event_log.facts(conversation)]
    assert [type(one) for one in bodies if isinstance(one, SessionOpened | SessionClosed)] == [
        SessionOpened, SessionClosed
    ]  # fmt: skip
    await peer.close()


@pytest.mark.parametrize(
    ("line", "usable"),
    [
        ("1 1 udp 1 192.0.2.1 65535 typ host", True),
        ("1 1 udp 1 192.0.2.1 65536 typ host", False),
        ("1 1 udp 1 192.0.2.1 0 typ host", False),
        ("1 1 udp 1 192.0.2.1 -9 typ host", False),
    ],
)
def test_candidates_have_ports_that_there_are(line: str, usable: bool) -> None:
    assert bool(usable_candidates([f"a=candidate:{line}"])) is usable
