"""Work is shared out among persons and networks, however many conversations, messages or persons one of them has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.events import ConversationOpened, Event, MessageReceived, ReplyEnded, ReplyStarted
from bus.log.event_log import EventLog
from bus.work.service import Output, Reader
from bus.work.slots import Owner, Slots
from tests.bus.work.helpers import message_event, read_until, running, service


def opened(person: str, conversation: str, network: str = "") -> Event:
    body = ConversationOpened(person=person, character="ada", network=network)
    return Event(id=f"o{conversation}", at=0, conversation=conversation, body=body)


async def served(count: int, wanted: list[str]) -> list[str]:
    """The persons in the order in which they get slots, where each wants one slot for each time that it is named.

    Args:
        wanted: "person" or "person network".
    """
    slots, order = Slots(count), list[str]()

    async def work(name: str) -> None:
        async with slots.place(0.0, Owner(*name.split())):
            order.append(name.split()[0])
            await asyncio.sleep(0)

    await asyncio.gather(*map(work, wanted))
    assert not slots.is_used
    return order


async def test_a_free_slot_goes_to_whoever_has_fewest() -> None:
    assert await served(1, ["crowd"] * 5 + ["ann", "bob"]) == ["crowd", "ann", "bob", *["crowd"] * 4]
    assert (await served(2, ["crowd"] * 9 + ["ann"] * 2))[2:5] == ["ann", "crowd", "ann"]


async def test_a_network_of_many_persons_has_no_more_than_one_person_elsewhere() -> None:
    crowd = [f"c{number} office" for number in range(6)]
    assert (await served(1, [*crowd, *["ann home"] * 3]))[:6] == ["c0", "ann", "c1", "ann", "c2", "ann"]
    assert (await served(1, [*crowd, *["bob"] * 3]))[:6] == ["c0", "bob", "c1", "bob", "c2", "bob"]
    assert (await served(2, [*crowd, "ann home"]))[2] == "ann"


async def test_within_a_network_each_person_has_as_much_and_nobody_has_more_by_having_two() -> None:
    assert (await served(1, [*["eve office"] * 4, "ann office"]))[:2] == ["eve", "ann"]
    many = [f"eve network{number}" for number in range(4)]
    assert (await served(1, [*many, "ann home", "ann home"]))[:4] == ["eve", "ann", "eve", "ann"]


@pytest.mark.parametrize("crowd", [["eve"] * 9, [f"c{number} office" for number in range(9)]])
async def test_reserved_places_are_for_others_however_long_the_rest_are_held(crowd: list[str]) -> None:
    slots, having, end = Slots(4, reserved=1), list[str](), asyncio.Event()

    async def work(name: str) -> None:
        async with slots.place(0.0, Owner(*name.split())):
            having.append(name)
            await end.wait()

    tasks = [asyncio.create_task(work(name)) for name in crowd]
    await asyncio.sleep(0)
    assert having == crowd[:3]
    tasks += [asyncio.create_task(work(name)) for name in ("ann home", "bob")]
    await asyncio.sleep(0)
    assert having[3:] == ["ann home"]
    end.set()
    await asyncio.gather(*tasks)
    assert having[4] == "bob"
    assert sorted(having[5:]) == sorted(crowd[3:])


@settings(max_examples=25)
@given(st.integers(1, 4), st.lists(st.sampled_from(["a", "b n", "c n"]), max_size=20), st.sets(st.integers(0, 19)))
def test_slots_are_never_lost_whoever_is_cancelled(count: int, wanted: list[str], cancelled: set[int]) -> None:
    async def run() -> None:
        slots, having = Slots(count, reserved=count // 4), 0

        async def work(owner: str) -> None:
            nonlocal having
            async with slots.place(0.0, Owner(*owner.split())):
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
        assert not slots.is_used

    asyncio.run(run())


@pytest.mark.parametrize(("persons", "networks"), [(1, 1), (12, 1), (1, 12)])
async def test_another_person_goes_before_the_rest_of_a_flood(
    event_log: EventLog, persons: int, networks: int
) -> None:
    begun, go_on = list[str](), asyncio.Semaphore(0)

    async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
        assert isinstance(event.body, MessageReceived)
        begun.append(event.conversation)
        await go_on.acquire()
        yield ReplyStarted(reply=f"r{event.turn}", character="ada", engine="echo")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    flood = [f"c{number}" for number in range(12)]
    for place, conversation in enumerate(flood):
        await event_log.append(opened(f"mallory{place % persons}", conversation, f"a{place % networks}"))
        for number in range(3):
            await event_log.append(message_event(number, conversation))
    await event_log.append(opened("ann", "quiet", "c3d4"))
    await event_log.append(message_event(1, "quiet"))
    async with running(event_log, service(handle, concurrency=8)), asyncio.timeout(30):
        while "quiet" not in begun:  # it was written last, and nothing that has begun ends
            await asyncio.sleep(0.01)
        assert len(begun) < 9
        for _ in range(40):
            go_on.release()
        await read_until(event_log, ReplyEnded, 1, "quiet")
        await read_until(event_log, ReplyEnded, 3, flood[-1])
