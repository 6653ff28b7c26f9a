"""The sessions of one gateway: none is left when it ends, and each is reached once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from services.gateway.playing.other_gateways import Join, Outcome
from services.gateway.playing.sessions import Sessions


class _Log:
    connected = False


class _Session:
    """Is served until it is ended."""

    def __init__(self, name: str, opened_at: int = 0, *, silent: bool = False) -> None:
        self.id, self.conversation, self.opened_at, self.silent = name, "c1", opened_at, silent
        self.reasons: list[str] = []
        self.recorded = asyncio.Event()
        self._ended = asyncio.Event()

    def end(self, reason: str) -> None:
        self.reasons.append(reason)
        self._ended.set()

    def end_if_silent(self) -> bool:
        if self.silent:
            self.end("lost")
        return self.silent

    async def run(self) -> None:
        await self._ended.wait()
        self.recorded.set()


def sessions() -> Any:
    return cast("Any", Sessions(cast("Any", _Log()), cast("Any", SimpleNamespace())))


async def test_a_session_that_is_not_yet_served_when_the_gateway_ends_is_closed_too() -> None:
    served = sessions()
    before, after = _Session("s1"), _Session("s2")
    served.serve(before)
    await served.close()  # before its task has had a turn
    served.serve(after)  # the answer to its offer took long
    await asyncio.wait(served._tasks.values(), timeout=20)
    assert (before.reasons, after.reasons) == (["shutdown"], ["shutdown"])
    await asyncio.sleep(0)
    assert (served.here, served._tasks) == ({}, {})


async def test_a_session_that_begins_ends_the_earlier_ones_that_are_gone_and_knows_whether_others_play_on() -> None:
    served = sessions()
    gone, later, opening = _Session("s1", 5, silent=True), _Session("s2", 9, silent=True), _Session("s3", silent=True)
    for one in (gone, later, opening):
        served.serve(one)
    assert await served._act(Join(conversation="c1", opened_at=7)) == Outcome(did=False)
    assert (gone.reasons, later.reasons, opening.reasons) == (["lost"], [], [])
    later.silent = False
    assert await served._act(Join(conversation="c1", opened_at=10)) == Outcome(did=True)
    assert await served._act(Join(conversation="c2", opened_at=10)) == Outcome(did=False)
    await served.close()
