"""Processes are kept running, and stopped cleanly."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.process.lifecycle import EXIT_CONFIGURATION
from visavis import supervisor
from visavis.supervisor import Child, Supervisor


class Screen:
    """What was said, by whom."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    async def shows(self, text: str, count: int = 1) -> None:
        async with asyncio.timeout(20):
            while sum(text in line for _, line in self.lines) < count:
                await asyncio.sleep(0.02)


def python(name: str, program: str, **more: object) -> Child:
    return Child(name, [sys.executable, "-u", "-c", program], **more)  # type: ignore[arg-type]


SERVE = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("up")
signal.sigwait([signal.SIGTERM])
print("down")
"""


async def test_lines_are_passed_on_with_the_name_and_the_rest_left_out() -> None:
    screen = Screen()
    keeper = Supervisor(screen)
    keep: Callable[[str], bool] = lambda line: "noise" not in line  # noqa: E731
    keeper.start(python("ear", "print('hello'); print('noise'); import time; time.sleep(60)", is_shown=keep))
    await screen.shows("hello")
    await keeper.stop()
    assert screen.lines == [("ear", "hello")]


async def test_who_is_killed_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE", 0.01)
    screen = Screen()
    keeper = Supervisor(screen)
    keeper.start(python("ear", SERVE))
    for times in (1, 2):
        await screen.shows("up", times)
        pid = keeper.children[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await screen.shows("was killed by SIGKILL; starting again", times)
    await screen.shows("up", 3)
    await keeper.stop()
    assert keeper.children[0].starts == 3
    assert screen.lines[-1] == ("ear", "down")


async def test_pauses_between_starts_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE", 0.04)
    screen = Screen()
    keeper = Supervisor(screen)
    keeper.start(python("ear", "raise SystemExit(3)"))
    await screen.shows("exited with 3", 5)
    await keeper.stop()
    pauses = [line.split(" in ")[1] for _, line in screen.lines if "starting again" in line]
    assert pauses[:5] == ["0.01 s", "0.02 s", "0.04 s", "0.04 s", "0.04 s"]


async def test_who_is_wrongly_configured_is_not_started_again() -> None:
    screen = Screen()
    keeper = Supervisor(screen)
    keeper.start(python("ear", f"print('error: no such engine'); raise SystemExit({EXIT_CONFIGURATION})"))
    async with asyncio.timeout(10):
        await keeper.gave_up.wait()
    assert keeper.children[0].starts == 1
    assert keeper.children[0].given_up
    assert [line for _, line in screen.lines] == [
        "error: no such engine",
        "not started again: its configuration is wrong, see above",
    ]
    await keeper.stop()


async def test_all_are_stopped_the_last_one_first_and_the_stubborn_one_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervisor, "_GRACE", 0.3)
    screen = Screen()
    keeper = Supervisor(screen)
    keeper.start(python("first", SERVE))
    keeper.start(python("second", SERVE))
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"
    keeper.start(python("third", stubborn))
    await screen.shows("up", 3)
    pids = [child.pid for child in keeper.children]
    await keeper.stop()
    assert [name for name, line in screen.lines if line == "down"] == ["second", "first"]
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
