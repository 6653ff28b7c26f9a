"""Several sessions of one conversation at once: two tabs and a phone, at one gateway or at two."""

from __future__ import annotations

import asyncio

import numpy as np

from bus.events import PlaybackFinished, PlaybackStarted, SessionClosed, SessionOpened
from tests.services.gateway.conftest import Running
from tests.services.gateway.playing.peer import Peer
from tests.services.gateway.playing.test_any_gateway import call
from tests.services.gateway.playing.test_moved_sessions import tell
from tests.services.gateway.playing.test_session import events_of


async def until(
    gateway: Running, conversation: str, kind: type[PlaybackStarted | PlaybackFinished], *wanted: tuple[int, str]
) -> list[tuple[int, str, bool]]:
    """Wait until the log has facts of a kind about these sessions and speeches; returns all of that kind: the session's
    number, the speech, and whether it was played to its end."""
    async with asyncio.timeout(40):
        while True:
            facts = [event.body for _, event in await gateway.event_log.facts(conversation)]
            sessions = [body.session for body in facts if isinstance(body, SessionOpened)]
            found = [
                (sessions.index(body.session), body.speech, isinstance(body, PlaybackFinished) and body.complete)
                for body in facts
                if isinstance(body, kind)
            ]
            if {one[:2] for one in found}.issuperset(wanted):
                return found
            await asyncio.sleep(0.02)


def is_loud(peer: Peer) -> bool:
    return bool(peer.heard) and bool(np.abs(np.concatenate(peer.heard)).max() > 3000)


async def test_every_session_hears_every_sentence_and_one_that_joins_the_next(gateway: Running) -> None:
    conversation = await gateway.open()
    async with call(gateway, conversation) as first:
        await tell(gateway, conversation, 3, seconds=1.6)
        await until(gateway, conversation, PlaybackStarted, (0, "t1-0"))
        async with call(gateway, conversation, 2) as second:
            await until(gateway, conversation, PlaybackStarted, (0, "t1-1"), (1, "t1-1"))
            await asyncio.sleep(0.3)
            assert is_loud(first)
            assert is_loud(second)
            assert (await gateway.client.delete(second.location)).status_code == 204
            (closed,) = await events_of(gateway, conversation, SessionClosed)
            assert isinstance(closed.body, SessionClosed)
            assert closed.body.reason == "left"
            finished = await until(gateway, conversation, PlaybackFinished, (0, "t1-2"))
    assert [one for one in finished if one[0] == 0] == [(0, f"t1-{index}", True) for index in range(3)]
    assert [one for one in finished if one[0] == 1] == [(1, "t1-1", False)]
