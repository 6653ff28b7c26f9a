"""A conversation's facts and what each changed, as server-sent events (docs/api.md, "Events")."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from bus.events import LiveEvent, TranscriptStable
from bus.log.event_log import EventLog
from projections.conversation import Conversation, fold, fold_all
from projections.shown_persons import without_person
from projections.view import ConversationUpdate, changes
from services.gateway.feed import Feed

KEEP_ALIVE = 15.0
"""Seconds without news after which a comment is sent."""


async def event_stream(
    event_log: EventLog,
    feed: Feed,
    conversation: str,
    after: int,
    *,
    keep_alive: float = KEEP_ALIVE,
    may_go_on: Callable[[], bool] = lambda: True,
) -> AsyncIterator[bytes]:
    """Every fact after a sequence exactly once and in order: first those that were missed, then those that follow.

    Changes applied in order to the view at `after` make the view after each fact.

    Args:
        may_go_on: asked before each message; False ends the stream.
    """
    # Subscribed before the log is read, so that no fact falls between the two.
    with feed.subscribe(conversation) as subscription:
        yield b"retry: 1000\n\n"
        if after < feed.state_of(conversation).seq:
            async for sequence, update in _missed(event_log, conversation, after):
                yield _message(update, sequence)
                after = sequence
        async for news in subscription.news(timeout=keep_alive):
            if not may_go_on():
                return
            if news is None:
                yield b": still here\n\n"
            elif isinstance(news, LiveEvent):
                if isinstance(news.body, TranscriptStable):
                    continue  # the page has those words, and shows nothing of it
                yield b"event: live\ndata: " + msgspec.json.encode(news) + b"\n\n"
            elif news.sequence > after:
                yield _message(ConversationUpdate(event=news.event, changes=news.changes), news.sequence)
                after = news.sequence


async def _missed(event_log: EventLog, conversation: str, after: int) -> AsyncIterator[tuple[int, ConversationUpdate]]:
    """The facts after a sequence. The read model has only the newest state, so the conversation is folded anew."""
    facts = await event_log.facts(conversation)
    known = [fact for fact in facts if fact[0] <= after]
    # In a thread: a long conversation takes longer than the pause between two packets of audio.
    state = await asyncio.to_thread(fold_all, Conversation(id=conversation), known)
    for sequence, event in facts[len(known) :]:
        before, state = state, fold(state, sequence, event)
        yield sequence, ConversationUpdate(event=event, changes=changes(before, state))


def _message(update: ConversationUpdate, sequence: int) -> bytes:
    shown = msgspec.structs.replace(update, event=without_person(update.event))
    return b"id: %d\ndata: %s\n\n" % (sequence, msgspec.json.encode(shown))
