"""What is left of calls that have ended: nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

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
            session = gateway.server._sessions.here[peer.location.rsplit("/", 1)[1]]
            while not session.is_connected or not session._microphone._packets:
                await asyncio.sleep(0.02)
            remains += [weakref.ref(session), weakref.ref(session._microphone), weakref.ref(session.floor)]
            del session
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
