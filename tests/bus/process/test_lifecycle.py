"""The exit status and the error message of a process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from bus.errors import BusError, ConfigurationError
from bus.process.drain import Drain
from bus.process.lifecycle import EXIT_CONFIGURATION, run_process, run_until_signalled
from bus.settings import Settings


def run_quietly(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> int:
    """`run_process` that leaves the logging of the tests as it is."""
    return run_process(work, set_up_logging=lambda level, lines: None)


async def fails(error: Exception) -> None:
    raise error


async def fails_in_a_group(error: Exception) -> None:
    async with asyncio.TaskGroup() as outer:

        async def inner() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(fails(error))

        outer.create_task(inner())


@pytest.mark.parametrize("work", [fails, fails_in_a_group])
@pytest.mark.parametrize(
    ("error", "status"), [(ConfigurationError("no port"), EXIT_CONFIGURATION), (BusError("no server"), 1)]
)
def test_an_expected_failure_is_one_line_and_an_exit_status(
    work: object, error: Exception, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISAVIS_PORT", raising=False)

    async def run(settings: Settings) -> None:
        await work(error)  # type: ignore[operator]

    assert run_quietly(run) == status
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_bug_is_not_hidden() -> None:
    async def run(settings: Settings) -> None:
        await fails_in_a_group(ValueError("a bug"))

    with pytest.raises(ExceptionGroup):
        run_quietly(run)


def test_a_wrong_setting_is_reported_before_the_work_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISAVIS_PROT", "1")
    done: list[Settings] = []

    async def run(settings: Settings) -> None:
        done.append(settings)

    assert run_quietly(run) == EXIT_CONFIGURATION
    assert "did you mean VISAVIS_PORT?" in capsys.readouterr().err
    assert done == []


def test_a_thread_that_computes_lets_the_event_loop_go_on_soon() -> None:
    before = sys.getswitchinterval()
    found: list[float] = []

    async def run(settings: Settings) -> None:
        found.append(sys.getswitchinterval())

    try:
        run_quietly(run)
    finally:
        sys.setswitchinterval(before)
    assert found[0] <= 0.001


def test_success_is_exit_status_0() -> None:
    async def run(settings: Settings) -> None:
        return

    assert run_quietly(run) == 0


async def signalled(drain: Drain | None, *signals: signal.Signals, finishes: bool = False) -> list[str]:
    """What a process does that gets these signals one after the other."""
    done: list[str] = []

    async def work() -> None:
        try:
            if finishes and drain is not None:
                await drain.wait()
                done.append("finished")
                return
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            done.append("cancelled")
            raise

    running = asyncio.create_task(run_until_signalled(work(), drain))
    await asyncio.sleep(0)
    for number in signals:
        os.kill(os.getpid(), number)
        while not (done or (drain is not None and drain.is_begun)):
            await asyncio.sleep(0.001)
    async with asyncio.timeout(20):
        await running
    return done


@pytest.fixture
def hangup() -> Iterator[None]:
    """SIGHUP as it is in a terminal: `nohup` and some build machines ignore it for all that they run."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("seconds", [600.0, None])
async def test_sigterm_lets_the_work_finish_and_the_next_signal_does_not(
    seconds: float | None, hangup: None
) -> None:
    assert await signalled(Drain(seconds), signal.SIGTERM, finishes=True) == ["finished"]
    assert await signalled(Drain(seconds), signal.SIGTERM, signal.SIGTERM) == ["cancelled"]
    assert await signalled(Drain(seconds), signal.SIGHUP, finishes=True) == ["finished"]  # the terminal was closed
    assert await signalled(Drain(seconds), signal.SIGTERM, signal.SIGINT) == ["cancelled"]


async def test_work_that_does_not_finish_in_time_is_cancelled() -> None:
    assert await signalled(Drain(0.05), signal.SIGTERM) == ["cancelled"]


@pytest.mark.parametrize(
    ("drain", "number"),
    [(Drain(600.0), signal.SIGINT), (Drain(0.0), signal.SIGTERM), (None, signal.SIGTERM)],
)
async def test_ctrl_c_ends_at_once_and_so_does_sigterm_without_a_drain(
    drain: Drain | None, number: signal.Signals
) -> None:
    assert await signalled(drain, number) == ["cancelled"]
    assert drain is None or not drain.is_begun


async def test_the_end_of_the_drain_does_not_break_into_what_is_cleaned_up_since_the_second_signal() -> None:
    drain, cleaned = Drain(0.2), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.4)
            cleaned.set()

    running = asyncio.create_task(run_until_signalled(work(), drain))
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    await drain.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert cleaned.is_set()
