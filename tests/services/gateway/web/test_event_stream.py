"""What the page gets of a conversation, wherever it resumes: each fact once, with the changes that make its view."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.events import LiveEvent, TranscriptPartial
from bus.log.event_log import EventLog
from projections.conversation import Conversation, fold
from projections.read_model import ReadModel
from projections.shown_persons import without_person
from projections.view import view
from services.gateway.feed import Feed
from services.gateway.web.event_stream import event_stream
from tests.projections import every_fact
from tests.projections.test_view import applied, plain

CONVERSATION = "c1"
FACTS = [event for _, event in every_fact.log()]


@pytest.fixture
async def feed(event_log: EventLog, tmp_path: Path) -> AsyncIterator[Feed]:
    model = ReadModel(tmp_path / "model")
    feed = Feed(event_log, model)
    running = asyncio.create_task(feed.run())
    await feed.caught_up.wait()
    yield feed
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    model.close()


def expected() -> list[Any]:
    """The view after each fact; the first one is before all of them."""
    state = Conversation(id=CONVERSATION)
    views = [plain(view(state))]
    for sequence, event in enumerate(FACTS, 1):
        state = fold(state, sequence, event)
        views.append(plain(view(state)))
    return views


async def read(messages: AsyncIterator[bytes], count: int) -> list[tuple[int, Any]]:
    """The next facts of a stream: sequence and update."""
    found: list[tuple[int, Any]] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            lines = (await anext(messages)).decode().split("\n")
            if lines[0].startswith("id: "):
                found.append((int(lines[0][4:]), msgspec.json.decode(lines[1].removeprefix("data: "))))
    return found


def follow(shown: Any, updates: list[tuple[int, Any]], views: list[Any]) -> Any:
    """Apply updates to a view, and compare with what it should be after each."""
    for sequence, update in updates:
        assert update["event"] == plain(without_person(FACTS[sequence - 1]))
        shown = applied(shown, sequence, update["changes"])
        assert shown == views[sequence], f"after {update['event']['body']}"
    return shown


async def test_from_any_fact_on_the_changes_make_the_view(event_log: EventLog, feed: Feed) -> None:
    views = expected()
    for event in FACTS:
        await event_log.append(event)
    await feed.wait_until_applied(len(FACTS))
    for after in range(len(FACTS)):
        updates = await read(event_stream(event_log, feed, CONVERSATION, after), len(FACTS) - after)
        assert [sequence for sequence, _ in updates] == list(range(after + 1, len(FACTS) + 1))
        assert follow(views[after], updates, views) == views[-1]


async def test_facts_that_arrive_while_the_missed_ones_are_read_come_once_and_in_order(
    event_log: EventLog, feed: Feed
) -> None:
    views, half = expected(), len(FACTS) // 2
    for event in FACTS[:half]:
        await event_log.append(event)
    await feed.wait_until_applied(half)
    starts = (0, 5, half - 1, half)
    streams = [event_stream(event_log, feed, CONVERSATION, after) for after in starts]
    reading = [
        asyncio.create_task(read(stream, len(FACTS) - after)) for stream, after in zip(streams, starts, strict=True)
    ]
    for event in FACTS[half:]:
        await event_log.append(event)
    for after, updates in zip(starts, await asyncio.gather(*reading), strict=True):
        assert [sequence for sequence, _ in updates] == list(range(after + 1, len(FACTS) + 1))
        follow(views[after], updates, views)


async def test_a_page_that_missed_nothing_costs_no_read_of_the_log(feed: Feed, event_log: EventLog) -> None:
    class Unread:
        async def facts(self, conversation: str) -> list[Any]:
            raise AssertionError("read for nothing")

    await feed.wait_until_applied(await event_log.append(FACTS[0]))
    messages = event_stream(Unread(), feed, CONVERSATION, 1)  # type: ignore[arg-type]
    assert await anext(messages) == b"retry: 1000\n\n"
    following = asyncio.create_task(read(messages, 1))
    await asyncio.sleep(0.1)
    await event_log.append(FACTS[1])
    assert [sequence for sequence, _ in await following] == [2]


async def test_live_events_have_no_id_and_silence_is_filled_with_comments(event_log: EventLog, feed: Feed) -> None:
    messages = event_stream(event_log, feed, CONVERSATION, 0, keep_alive=0.05)
    assert await anext(messages) == b"retry: 1000\n\n"
    assert await anext(messages) == b": still here\n\n"
    body = TranscriptPartial(utterance="u", text="hel")
    live = LiveEvent(at=1, conversation=CONVERSATION, body=body)
    await event_log.publish_live(live)
    async with asyncio.timeout(5):
        while (message := await anext(messages)) == b": still here\n\n":
            pass
    assert message == b"event: live\ndata: " + msgspec.json.encode(live) + b"\n\n"
