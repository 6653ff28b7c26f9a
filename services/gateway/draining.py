"""When a gateway that is to end lets its sessions go: the page then goes on with another gateway.

At first when nothing is being said and nothing is to be said; later between two sentences, since the next session goes
on with the first sentence that was not said to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from bus import clock
from bus.process.drain import Drain
from projections.conversation import Conversation
from services.gateway.playing.resume import reply_to_resume
from services.gateway.playing.session import Session
from services.gateway.web.conversations import has_words

NOTICE = 2.0
"""Seconds in which a load balancer can notice, by `/readyz`, that new sessions have to go elsewhere."""
_LOOK = 0.02
"""Seconds between two looks at the sessions: as often as something is played."""
_THINKING = 30_000_000
"""Microseconds after which no reply is awaited any more."""


def may_go(session: Session, state: Conversation, now: int, *, hurry: bool) -> bool:
    """Whether a session may be ended now.

    Args:
        state: of its conversation.
        now: microseconds since 1970.
        hurry: the pause between two sentences is enough.
    """
    if not session.is_between_sentences:
        return False
    return hurry or (session.floor.is_free and not _is_awaited(state, now))


def _is_awaited(state: Conversation, now: int) -> bool:
    """Whether a reply is being thought out, or has parts that are still to be heard."""
    if reply_to_resume(state, now) is not None:
        return True
    newest = state.turns[-1] if state.turns else None
    return newest is not None and newest.reply is None and has_words(newest) and now - newest.at < _THINKING


async def let_go(
    sessions: Mapping[str, Session],
    state_of: Callable[[str], Conversation],
    drain: Drain,
    *,
    is_alone: Callable[[], Awaitable[bool]],
    watchers: Callable[[], int],
) -> None:
    """End each session at a good moment; returns when there are none, or the time is over.

    Args:
        is_alone: tells whether no other gateway takes them.
        watchers: counts the pages that follow a conversation.
    """
    if not (sessions or watchers()):
        return
    loop = asyncio.get_running_loop()
    alone = await is_alone()
    began, limit = loop.time(), drain.limit(alone)
    if not alone:
        await asyncio.sleep(NOTICE if limit is None else min(NOTICE, limit / 4))
    while sessions and (limit is None or loop.time() - began < limit):
        hurry = limit is not None and loop.time() - began > limit / 2
        _end_those_that_may(list(sessions.values()), state_of, hurry=hurry)
        await asyncio.sleep(_LOOK)


def _end_those_that_may(
    sessions: Collection[Session], state_of: Callable[[str], Conversation], *, hurry: bool
) -> None:
    now = clock.now()
    for session in sessions:
        if session.is_between_sentences and may_go(session, state_of(session.conversation), now, hurry=hurry):
            session.end("shutdown")
