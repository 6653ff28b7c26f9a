"""A process supervisor: prefixes output with names, restarts with back-off, stops children in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bus.process.lifecycle import EXIT_CONFIGURATION
from bus.settings import environment_of
from projections.printable import printable
from visavis.terminal import painted

_COLOURS = (36, 33, 35, 32, 34, 31)
FIRST_PAUSE = 0.5
"""Seconds before the first restart; each later pause is twice as long."""
LONGEST_PAUSE = 15.0
"""Seconds."""
HEALTHY_AFTER = 30.0
"""Seconds of running after which the next pause is the first one again."""
GRACE = 8.0
"""Seconds that a process may take to end once it finishes nothing more: then it gets SIGKILL."""
_AGAIN = 0.1
"""Seconds after which a second SIGTERM says that nothing is to be finished."""

LinePrinter = Callable[[str, str], None]
"""Prints a line of output under the name of a process."""


def line_printer(stream: object = sys.stderr) -> LinePrinter:
    """Prints lines as `name | text`, the name in colour on a terminal."""
    colour = bool(getattr(stream, "isatty", bool)())

    def print_line(name: str, line: str) -> None:
        label = f"{name:<8}"
        if colour:
            label = painted(label, str(_COLOURS[sum(name.encode()) % len(_COLOURS)]))
        print(f"{label} | {line}", file=stream, flush=True)  # type: ignore[call-overload]

    return print_line


def _with_this_process(command: Sequence[str]) -> Sequence[str]:
    """The command, such that it gets SIGTERM when this process dies, also by SIGKILL, where util-linux is installed.

    Else what it started would keep their ports, and the next start would not get them.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--", *command] if setpriv else command


@dataclass
class Child:
    """A child process to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_shown: Callable[[str], bool] = field(default=lambda line: True)
    """Whether a line of its output is printed."""
    before_start: Callable[[], None] = field(default=lambda: None)
    """Called before each start."""
    essential: bool = True
    """Whether nothing works without it, so that `gave_up` is set when it is not restarted any more."""
    starts: int = 0
    pid: int | None = None
    given_up: str | None = None
    """Why it is not restarted any more."""


class Supervisor:
    """Runs child processes until `stop`. Restarts those that exit, except for a configuration error.

    Args:
        first_pause, longest_pause: seconds before a restart; the pause doubles between these limits.
        grace: seconds that a process may take to end once it finishes nothing more.
        drain: seconds from SIGTERM for which it may finish what it has begun.
        pass_fds: files that the children have open, too.
    """

    def __init__(
        self,
        print_line: LinePrinter,
        *,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
        grace: float = GRACE,
        drain: float = 0.0,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._print_line = print_line
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._grace = grace
        self._drain = drain
        self._pass_fds = pass_fds
        self.children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.gave_up = asyncio.Event()
        """Set when an essential child is not restarted any more."""

    def start(self, child: Child) -> None:
        """Start this process and keep it running."""
        self.children.append(child)
        self._tasks.append(asyncio.create_task(self._keep_running(child)))

    def restart(self, child: Child, how: signal.Signals = signal.SIGTERM) -> None:
        """End a running process by a signal; it is then restarted."""
        if child.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, how)

    async def stop(self, *, at_once: bool = False) -> None:
        """Stop all children in reverse order of their start: services before the server that they use.

        Args:
            at_once: they do not finish what they have begun.
        """
        if at_once:
            self._drain = 0.0
        for task in reversed(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep_running(self, child: Child) -> None:
        pause = self._first_pause
        while True:
            began = time.monotonic()
            status = await self._run(child)
            if status == EXIT_CONFIGURATION:
                child.given_up = "its configuration is wrong, see above"
                self._print_line(child.name, f"not started again: {child.given_up}")
                if child.essential:
                    self.gave_up.set()
                return
            if time.monotonic() - began > HEALTHY_AFTER:
                pause = self._first_pause
            how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with {status}"
            self._print_line(child.name, f"{how}; starting again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._longest_pause)

    async def _run(self, child: Child) -> int:
        """Run the process once; returns its exit status, negative for a signal. Stops it when cancelled."""
        child.before_start()
        process = await asyncio.create_subprocess_exec(
            *_with_this_process(child.command),
            env=environment_of(child.name, {**os.environ, **child.environment}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C reaches the supervisor only, which stops its children in order.
            start_new_session=True,
            pass_fds=self._pass_fds,
            limit=1 << 20,
        )
        child.starts += 1
        child.pid = process.pid
        output = asyncio.create_task(self._print_output(child, process))
        try:
            return await process.wait()
        except asyncio.CancelledError:
            await self._terminate(process)
            raise
        finally:
            child.pid = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await output

    async def _print_output(self, child: Child, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            text = printable(line.decode(errors="replace").rstrip().expandtabs())
            if child.is_shown(text):
                self._print_line(child.name, text)

    async def _terminate(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            try:
                # A second SIGTERM ends what the first one lets go on.
                for patience in (self._drain or _AGAIN, self._grace):
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(patience):
                            await process.wait()
                            return
                    process.terminate()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
