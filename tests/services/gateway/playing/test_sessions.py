"""The sessions of one gateway: none is left when it ends, and each is reached once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from services.gateway.playing.other_gateways import Outcome, TakeOver
from services.gateway.playing.sessions import Sessions


class _Log:
    connected = False


class _Session:
    """Is served until it is ended."""

    def __init__(self, name: str, opened_at: int = 0) -> None:
        self.id, self.conversation, self.opened_at = name, "c1", opened_at
        self.reasons: list[str] = []
        self.recorded = asyncio.Event()
        self._ended = asyncio.Event()

    def end(self, reason: str) -> None:
        self.reasons.append(reason)
        self._ended.set()

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


async def test_of_sessions_that_open_at_once_at_two_gateways_the_one_later_on_the_log_stays() -> None:
    served = sessions()
    earlier, later, opening = _Session("s1", 5), _Session("s2", 9), _Session("s3")
    for one in (earlier, later, opening):
        served.serve(one)
    assert await served._act(TakeOver(conversation="c1", opened_at=7)) == Outcome(did=True)
    assert (earlier.reasons, later.reasons, opening.reasons) == (["replaced"], [], [])
    await served.close()
