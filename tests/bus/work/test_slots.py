"""Places are given by when what is done in them is needed, and none is lost."""

from __future__ import annotations

import asyncio

from bus.work.slots import Slots


async def test_who_is_needed_first_goes_first_and_others_as_they_came() -> None:
    slots, order = Slots(1), list[str]()

    async def work(name: str, due: float) -> None:
        async with slots.place(due):
            order.append(name)

    async with slots.place(0.0):
        waiting = [
            asyncio.create_task(work(name, due))
            for name, due in (("later", 9.0), ("first", 1.0), ("gone", 0.5), ("second", 1.0))
        ]
        await asyncio.sleep(0)
        waiting[2].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == ["first", "second", "later"]


async def test_a_place_that_was_given_to_somebody_cancelled_is_given_on() -> None:
    slots, order = Slots(1), list[str]()

    async def work(name: str) -> None:
        async with slots.place(0.0):
            order.append(name)

    async with slots.place(0.0):
        first, second = asyncio.create_task(work("a")), asyncio.create_task(work("b"))
        await asyncio.sleep(0)
    first.cancel()  # it has the place, and has not run yet
    await asyncio.gather(first, second, return_exceptions=True)
    assert order == ["b"]
    async with asyncio.timeout(30), slots.place(0.0):
        pass
