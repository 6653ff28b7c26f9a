"""A service that wants to be started again ends in a pause of its work, and loses none of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from bus.errors import EngineError
from bus.events import Event, ReplyEnded
from bus.log.event_log import EventLog
from bus.process.lifecycle import run_process
from bus.settings import Settings
from bus.work import restart
from bus.work.restart import end_in_a_pause
from bus.work.runner import run_service
from bus.work.service import Output, Reader
from tests.bus.work.helpers import echo, message_event, service


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals that the process sends itself, which are only noted."""
    signals: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append(number))
    return signals


async def test_it_ends_only_after_a_pause_and_for_a_reason(ended: list[int]) -> None:
    reasons: list[str] = []
    work = [1, 0]
    ending = asyncio.create_task(
        end_in_a_pause(lambda: reasons[0] if reasons else None, lambda: (work[0], work[1]), quiet=0.0, check=0.0)
    )
    for _ in range(20):
        await asyncio.sleep(0)
    assert not ending.done()
    reasons.append("the card is lost")
    assert await ending == "the card is lost"
    assert ended == [signal.SIGTERM]


async def test_work_puts_the_end_off_and_so_does_work_that_was_done_between_two_looks(ended: list[int]) -> None:
    looks = 0

    def work() -> tuple[int, int]:
        nonlocal looks
        looks += 1
        return int(looks < 20), min(looks, 60)

    await end_in_a_pause(lambda: "lost", work, quiet=0.02, check=0.001)
    assert looks > 60


async def test_without_a_pause_it_ends_all_the_same(ended: list[int]) -> None:
    await end_in_a_pause(lambda: "lost", lambda: (1, 0), quiet=1000.0, patience=0.0, check=0.0)
    assert ended == [signal.SIGTERM]


async def test_a_worker_that_ends_itself_reports_why_and_has_done_its_work(
    event_log: EventLog, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = asyncio.Event()

    async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
        async for output in echo(event, reader):
            yield output
        done.set()

    monkeypatch.setattr(restart.end_in_a_pause, "__kwdefaults__", {"quiet": 0.05, "patience": 60.0, "check": 0.01})
    why = lambda: "the card is lost" if done.is_set() else None  # noqa: E731
    working = asyncio.create_task(run_service(service(handle, why_restart=why), settings))
    await event_log.append(message_event(1))
    with pytest.raises(EngineError, match="ended to be started again: the card is lost"):
        await working
    facts = [fact.body for _, fact in await event_log.facts("c1")]
    assert [type(body) for body in facts].count(ReplyEnded) == 1


def test_the_exit_status_is_one_that_is_started_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(settings: Settings) -> None:
        raise EngineError("ended to be started again: the card is lost", code="restart")

    monkeypatch.setattr(sys, "argv", ["x"])
    assert run_process(work, set_up_logging=lambda level, lines: None) == 1
    assert capsys.readouterr().err == "error: ended to be started again: the card is lost\n"
