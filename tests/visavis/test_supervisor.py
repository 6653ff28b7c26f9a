"""The supervisor keeps processes running, and stops them cleanly."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.process.lifecycle import EXIT_CONFIGURATION
from visavis.supervisor import Child, Supervisor


class Screen:
    """The printed lines, with the name of the process of each."""

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


FINISH = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("up")
signal.sigwait([signal.SIGTERM])
print("finishes what it has begun")
print("at once" if signal.sigtimedwait([signal.SIGTERM], WAIT) else "finished")
"""


async def test_a_process_gets_no_secret_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os; print(*sorted(n for n in os.environ if os.environ[n] == 'x')); import time; time.sleep(9)"
    for name in ("LLM_KEY", "SECRET", "TELEGRAM_TOKEN", "WHATSAPP_TOKEN", "TURN_SECRET", "LANGUAGE"):
        monkeypatch.setenv(f"VISAVIS_{name}", "x")
    screen = Screen()
    supervisor = Supervisor(screen)
    for name in ("nats", "stt", "dialogue", "gateway"):
        supervisor.start(python(name, program))
    await screen.shows("VISAVIS_LANGUAGE", 4)
    await supervisor.stop(at_once=True)
    assert {name: set(line.split()) - {"VISAVIS_LANGUAGE"} for name, line in screen.lines if "LANGUAGE" in line} == {
        "nats": set(), "stt": set(), "dialogue": {"VISAVIS_LLM_KEY"},
        "gateway": {"VISAVIS_SECRET", "VISAVIS_TURN_SECRET"},
    }  # fmt: skip


@pytest.mark.parametrize(("at_once", "wait", "end"), [(True, 60, "at once"), (False, 0.5, "finished")])
async def test_a_process_may_finish_what_it_has_begun_unless_it_is_to_end_at_once(
    at_once: bool, wait: float, end: str
) -> None:
    screen = Screen()
    supervisor = Supervisor(screen, drain=60.0, grace=60.0)
    supervisor.start(python("ear", FINISH.replace("WAIT", str(wait))))
    await screen.shows("up")
    async with asyncio.timeout(30):
        await supervisor.stop(at_once=at_once)
    assert [line for _, line in screen.lines] == ["up", "finishes what it has begun", end]


async def test_a_process_whose_supervisor_is_told_twice_to_stop_is_killed() -> None:
    screen = Screen()
    supervisor = Supervisor(screen, drain=60.0)
    supervisor.start(python("ear", FINISH.replace("WAIT", "60")))
    await screen.shows("up")
    stopping = asyncio.create_task(supervisor.stop())
    await screen.shows("finishes")
    pid = supervisor.children[0].pid
    assert pid is not None
    stopping.cancel()
    async with asyncio.timeout(30):
        await asyncio.gather(stopping, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_lines_are_printed_with_the_name_unless_they_are_filtered_out() -> None:
    screen = Screen()
    supervisor = Supervisor(screen)
    keep: Callable[[str], bool] = lambda line: "noise" not in line  # noqa: E731
    supervisor.start(python("ear", "print('hello'); print('noise'); import time; time.sleep(9)", is_shown=keep))
    await screen.shows("hello")
    await supervisor.stop()
    assert screen.lines == [("ear", "hello")]


async def test_a_killed_process_is_restarted() -> None:
    screen = Screen()
    supervisor = Supervisor(screen, first_pause=0.01)
    supervisor.start(python("ear", SERVE))
    for times in (1, 2):
        await screen.shows("up", times)
        pid = supervisor.children[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await screen.shows("was killed by SIGKILL; starting again", times)
    await screen.shows("up", 3)
    await supervisor.stop()
    assert supervisor.children[0].starts == 3
    assert screen.lines[-1] == ("ear", "down")


async def test_pauses_between_restarts_grow() -> None:
    screen = Screen()
    supervisor = Supervisor(screen, first_pause=0.01, longest_pause=0.04)
    supervisor.start(python("ear", "raise SystemExit(3)"))
    await screen.shows("exited with 3", 5)
    await supervisor.stop()
    pauses = [line.split(" in ")[1] for _, line in screen.lines if "starting again" in line]
    assert pauses[:5] == ["0.01 s", "0.02 s", "0.04 s", "0.04 s", "0.04 s"]


async def test_a_process_with_a_configuration_error_is_not_restarted() -> None:
    screen = Screen()
    supervisor = Supervisor(screen)
    supervisor.start(python("ear", f"print('error: no such engine'); raise SystemExit({EXIT_CONFIGURATION})"))
    async with asyncio.timeout(10):
        await supervisor.gave_up.wait()
    assert supervisor.children[0].starts == 1
    assert supervisor.children[0].given_up
    assert [line for _, line in screen.lines] == [
        "error: no such engine",
        "not started again: its configuration is wrong, see above",
    ]
    await supervisor.stop()


async def test_processes_are_stopped_in_reverse_order_and_killed_where_they_ignore_sigterm() -> None:
    screen = Screen()
    supervisor = Supervisor(screen, grace=0.3)
    supervisor.start(python("first", SERVE))
    supervisor.start(python("second", SERVE))
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"
    supervisor.start(python("third", stubborn))
    await screen.shows("up", 3)
    pids = [child.pid for child in supervisor.children]
    await supervisor.stop()
    assert [name for name, line in screen.lines if line == "down"] == ["second", "first"]
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_an_inessential_process_that_cannot_run_as_configured_does_not_stop_the_others() -> None:
    screen = Screen()
    supervisor = Supervisor(screen)
    supervisor.start(python("mind", f"raise SystemExit({EXIT_CONFIGURATION})", essential=False))
    await screen.shows("not started again")
    assert not supervisor.gave_up.is_set()
    await supervisor.stop()


KILLED = """
import asyncio, sys
from visavis.supervisor import Child, Supervisor

async def main():
    Supervisor(lambda name, line: print(line, flush=True)).start(Child("a", [sys.executable, "-u", "-c", sys.argv[1]]))
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_what_it_started_ends_with_it_also_when_it_is_killed() -> None:
    child = "import os, signal; print(os.getpid()); signal.pause()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, child, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        pid = int(await process.stdout.readline())
        process.kill()
        await process.wait()
        while _runs(pid):
            await asyncio.sleep(0.02)


def _runs(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
