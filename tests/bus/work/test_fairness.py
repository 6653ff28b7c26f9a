"""Work is shared out among persons, however many conversations and messages one of them has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from hypothesis import given, settings
from hypothesis import strategies as st

from bus.events import ConversationOpened, Event, MessageReceived, ReplyEnded, ReplyStarted
from bus.log.event_log import EventLog
from bus.work.service import Output, Reader
from bus.work.slots import Slots
from tests.bus.work.helpers import message_event, read_until, running, service


def opened(person: str, conversation: str) -> Event:
    body = ConversationOpened(person=person, character="ada")
    return Event(id=f"o{conversation}", at=0, conversation=conversation, body=body)


async def served(count: int, wanted: list[str]) -> list[str]:
    """The owners in the order in which they get slots, where each wants one slot for each time that it is named."""
    slots, order = Slots(count), list[str]()

    async def work(owner: str) -> None:
        async with slots.place(0.0, owner):
            order.append(owner)
            await asyncio.sleep(0)

    await asyncio.gather(*map(work, wanted))
    assert not slots.is_full
    return order


async def test_a_free_slot_goes_to_whoever_has_fewest() -> None:
    assert await served(1, ["crowd"] * 5 + ["ann", "bob"]) == ["crowd", "ann", "bob", *["crowd"] * 4]
    assert (await served(2, ["crowd"] * 9 + ["ann"] * 2))[2:5] == ["ann", "crowd", "ann"]


@settings(max_examples=25)
@given(st.integers(1, 4), st.lists(st.sampled_from("abc"), max_size=20), st.sets(st.integers(0, 19)))
def test_slots_are_never_lost_whoever_is_cancelled(count: int, wanted: list[str], cancelled: set[int]) -> None:
    async def run() -> None:
        slots, having = Slots(count), 0

        async def work(owner: str) -> None:
            nonlocal having
            async with slots.place(0.0, owner):
                having += 1
                assert having <= count
                try:
                    await asyncio.sleep(0)
                finally:
                    having -= 1

        tasks = [asyncio.create_task(work(owner)) for owner in wanted]
        await asyncio.sleep(0)
        for place in cancelled:
            if place < len(tasks):
                tasks[place].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(5):
            await asyncio.gather(*(work(one) for one in "abcd"))
        assert not slots.is_full

    asyncio.run(run())


async def test_another_person_goes_before_the_rest_of_a_flood_of_conversations(event_log: EventLog) -> None:
    begun, go_on = list[str](), asyncio.Semaphore(0)

    async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
        assert isinstance(event.body, MessageReceived)
        begun.append(event.conversation)
        await go_on.acquire()
        yield ReplyStarted(reply=f"r{event.turn}", character="ada", engine="echo")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    flood = [f"c{number}" for number in range(12)]
    for conversation in flood:
        await event_log.append(opened("mallory", conversation))
        for number in range(3):
            await event_log.append(message_event(number, conversation))
    await event_log.append(opened("ann", "quiet"))
    await event_log.append(message_event(1, "quiet"))
    async with running(event_log, service(handle, concurrency=4)), asyncio.timeout(30):
        while len(begun) < 4:
            await asyncio.sleep(0.01)
        assert "quiet" not in begun  # it was written last
        for done in range(1, 37):
            go_on.release()
            while len(begun) < min(37, 4 + done):
                await asyncio.sleep(0.01)
            if "quiet" in begun:
                break
        assert begun.index("quiet") < 12  # of 37
        for _ in range(40):
            go_on.release()
        await read_until(event_log, ReplyEnded, 1, "quiet")
