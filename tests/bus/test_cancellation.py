"""A cancellation that arrives together with the result is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bus.log.event_log import EventLog
from bus.work.runner import Runner
from bus.work.service import Output, Reader
from tests.bus.work.helpers import echo, service


async def test_a_cancellation_arrives_although_the_result_came_first() -> None:
    result = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(asyncio.wait_for(result, 10))
    await asyncio.sleep(0)
    result.set_result(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("timeout", [0, -1, 0.01])
async def test_what_takes_too_long_is_cancelled(timeout: float) -> None:
    waiting = asyncio.create_task(asyncio.sleep(60))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waiting, timeout)
    assert waiting.cancelled()


@pytest.mark.parametrize("timeout", [0, 0.01, 10, None])
async def test_what_is_there_is_given(timeout: float | None) -> None:
    result = asyncio.get_running_loop().create_future()
    result.set_result("there")
    assert await asyncio.wait_for(result, timeout) == "there"


async def test_what_was_cancelled_before_is_no_timeout() -> None:
    result = asyncio.get_running_loop().create_future()
    result.cancel()
    for timeout in (0, 10):
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(result, timeout)


async def test_a_timeout_is_one_in_a_task_that_has_an_older_cancellation() -> None:
    async def cleaned_up() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            try:
                await asyncio.wait_for(asyncio.sleep(60), 0.01)
            except TimeoutError:
                return "timed out"
        return ""

    task = asyncio.create_task(cleaned_up())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "timed out"


async def test_an_error_is_the_callers() -> None:
    async def fails() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await asyncio.wait_for(fails(), 10)


async def test_both_a_timeout_and_a_cancellation_are_a_cancellation() -> None:
    async def slow_to_end() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)

    task = asyncio.create_task(asyncio.wait_for(slow_to_end(), 0.01))
    await asyncio.sleep(0.03)
    task.cancel()
    with suppress(TimeoutError), pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_worker_ends_although_an_answer_came_together_with_its_end(event_log: EventLog) -> None:
    asked: list[asyncio.Future[None]] = []
    asks = asyncio.Event()

    async def ask_again_and_again(reader: Reader) -> AsyncIterator[Output]:
        while True:
            asked.append(asyncio.get_running_loop().create_future())
            asks.set()
            await asyncio.wait_for(asked[-1], 60)  # as nats-py does for a request
        yield

    worker = asyncio.create_task(Runner(event_log, service(echo, background=ask_again_and_again)).run())
    await asks.wait()
    asked[-1].set_result(None)
    worker.cancel()
    await asyncio.wait((worker,), timeout=20)
    assert worker.cancelled()
