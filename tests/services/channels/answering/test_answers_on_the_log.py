"""The channels service as a worker on a real log: each message is queued once, whatever dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from bus import clock, codec
from bus.channel_events import DeliveryEvent, DeliveryQueued, TextContent, VoiceContent
from bus.errors import InvalidInput
from bus.events import Event, ReplyInterrupted, StepFailed
from bus.log import streams
from bus.log.event_log import EventLog
from bus.work.runner import Runner
from services.channels.answering import turn_answers
from services.channels.answering.answers import Answers, service
from services.channels.answering.turn_progress import TurnProgress
from services.channels.channel import Capabilities
from tests.services.channels.answering.turns import Facts, FakeLinks, QuietChannel, reply_of


@asynccontextmanager
async def working(event_log: EventLog, links: FakeLinks, *channels: QuietChannel) -> AsyncIterator[None]:
    """One worker of the service."""
    answers = Answers(channels or [QuietChannel()], links)
    task = asyncio.create_task(Runner(event_log, service(answers)).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def publish(event_log: EventLog, facts: Facts, begin: int = 0) -> None:
    for _, event in facts.events[begin:]:
        await event_log.append(event)


async def deliveries(event_log: EventLog) -> list[DeliveryEvent]:
    records = event_log.read(streams.DELIVERIES, "delivery.>")
    return [codec.decode_delivery_event(record.data) async for record in records]


async def deliveries_until(event_log: EventLog, enough: Callable[[list[DeliveryEvent]], bool]) -> list[DeliveryEvent]:
    async with asyncio.timeout(30):
        while not enough(found := await deliveries(event_log)):
            await asyncio.sleep(0.05)
    return found


def queued(event: DeliveryEvent) -> DeliveryQueued:
    assert isinstance(event.body, DeliveryQueued)
    return event.body


async def all_done(event_log: EventLog) -> None:
    """Wait until every work item is acknowledged."""
    async with asyncio.timeout(30):
        while True:
            info = await event_log.consumer_info(streams.CONVERSATIONS, "channels")
            if not info.num_pending and not info.num_ack_pending:
                return
            await asyncio.sleep(0.05)


def voice_turn() -> tuple[Facts, int]:
    """A voice note with its reply, and how many facts there are before the reply."""
    facts = Facts(clock.now())
    facts.record()
    facts.transcribe()
    before = len(facts.events)
    facts.reply("Hello, Ann.", "How are you?")
    return facts, before


async def test_a_worker_that_dies_while_it_waits_is_replaced_and_queues_each_message_once(event_log: EventLog) -> None:
    facts, before = voice_turn()
    links = FakeLinks().link(form="both", echo=True)
    first = facts.events[:before]
    async with working(event_log, links):
        for _, event in first:
            await event_log.append(event)
        await deliveries_until(event_log, lambda found: len(found) == 1)  # the echo
    async with working(event_log, links):
        await publish(event_log, facts, before)
        await deliveries_until(event_log, lambda found: len(found) == 3)
        await all_done(event_log)
    echo, voice, text = map(queued, await deliveries(event_log))
    assert echo.content == TextContent(text="“hello”")
    assert voice.content == VoiceContent(speeches=("s0", "s1"), text="Hello, Ann. How are you?")
    assert text.content == TextContent(text="Hello, Ann. How are you?", markdown=True)


async def test_work_that_is_done_again_queues_nothing_again(event_log: EventLog) -> None:
    facts, _ = voice_turn()
    await publish(event_log, facts)
    links = FakeLinks().link()
    for _ in range(2):
        async with working(event_log, links):
            await deliveries_until(event_log, lambda found: len(found) == 1)
            await all_done(event_log)
        await event_log.js.delete_consumer(streams.CONVERSATIONS, "channels")
    assert len(await deliveries(event_log)) == 1


async def test_an_interrupted_turn_is_shown_elsewhere_but_not_answered(event_log: EventLog) -> None:
    facts = Facts(clock.now())
    facts.write("hello")
    facts.start()
    facts.tell("One.", "Two.")
    links = FakeLinks().link("telegram").link("whatsapp")
    async with working(event_log, links, QuietChannel("telegram"), QuietChannel("whatsapp")):
        await publish(event_log, facts)
        cut = facts.add(ReplyInterrupted(reply=reply_of("t1"), heard="One.", by="button"))
        await event_log.append(cut)
        await deliveries_until(event_log, lambda found: len(found) == 1)
        await all_done(event_log)
    [shown] = await deliveries(event_log)
    assert shown.channel == "whatsapp"
    assert queued(shown).content == TextContent(text="You (Telegram): hello\n\nada: One. …", markdown=True)


async def test_where_nobody_is_linked_a_turn_of_the_page_leaves_nothing(event_log: EventLog) -> None:
    facts = Facts(clock.now())
    facts.write("hello", channel="web")
    facts.reply("Hello.")
    async with working(event_log, FakeLinks()):
        await publish(event_log, facts)
        await all_done(event_log)
    assert await deliveries(event_log) == []
    assert len(await event_log.facts("c")) == len(facts.events)


async def test_a_failure_for_good_is_on_the_log_and_told_to_the_person(
    event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(progress: TurnProgress, *rest: object) -> None:
        raise InvalidInput("this cannot be sent")

    monkeypatch.setattr(turn_answers, "contents_of", refuse)
    facts, _ = voice_turn()
    async with working(event_log, FakeLinks().link()):
        await publish(event_log, facts)
        [told] = await deliveries_until(event_log, lambda found: len(found) == 1)
        await all_done(event_log)
    content = queued(told).content
    assert content == TextContent(text="Something went wrong on the way, so I can't send you the answer here.")
    failures = [event for _, event in await event_log.facts("c") if isinstance(event.body, StepFailed)]
    assert [(one.cause, one.turn) for one in failures] == [("note-t1", "t1")]


async def test_conversations_do_not_wait_for_each_other(event_log: EventLog) -> None:
    """One whose answer does not come holds up no other."""
    waiting = Facts(clock.now())
    waiting.write("hello")
    events = [event for _, event in waiting.events]
    facts, _ = voice_turn()
    async with working(event_log, FakeLinks().link(), QuietChannel(capabilities=Capabilities())):
        for event in events:
            await event_log.append(_moved(event))
        await publish(event_log, facts)
        [answer] = await deliveries_until(event_log, lambda found: len(found) == 1)
    assert queued(answer).conversation == "c"


def _moved(event: Event) -> Event:
    return Event(
        id=f"other-{event.id}", at=event.at, conversation="other", turn=event.turn, cause=event.cause, body=event.body
    )  # fmt: skip
