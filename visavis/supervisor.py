"""Keeps processes running: prefixes their lines, starts them again with back-off, stops them cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bus.process.lifecycle import EXIT_CONFIGURATION

_COLOURS = (36, 33, 35, 32, 34, 31)
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
_HEALTHY = 30.0
"""Seconds after which a process counts as having started well, and its next pause is a short one again."""
_GRACE = 8.0
"""Seconds between asking a process to stop and ending it."""

LinePrinter = Callable[[str, str], None]
"""Takes a name and a line."""


def line_printer(stream: object = sys.stderr) -> LinePrinter:
    """Lines as `name | text`, the name in colour on a terminal."""
    colour = bool(getattr(stream, "isatty", bool)())

    def say(name: str, line: str) -> None:
        label = f"{name:<8}"
        if colour:
            label = f"\033[{_COLOURS[sum(name.encode()) % len(_COLOURS)]}m{label}\033[0m"
        print(f"{label} | {line}", file=stream, flush=True)  # type: ignore[call-overload]

    return say


@dataclass
class Child:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_shown: Callable[[str], bool] = field(default=lambda line: True)
    """Whether a line that it prints is passed on."""
    starts: int = 0
    pid: int | None = None
    given_up: str | None = None
    """Why it is not started any more."""


class Supervisor:
    """Runs children until told to stop. One that exits is started again; one whose configuration is wrong is not."""

    def __init__(self, say: LinePrinter) -> None:
        self._say = say
        self.children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self.gave_up = asyncio.Event()
        """Set when some child cannot be started again."""

    def start(self, child: Child) -> None:
        """Keep this process running from now on."""
        self.children.append(child)
        self._tasks.append(asyncio.create_task(self._keep(child)))

    def restart(self, child: Child) -> None:
        """Ask a running process to end; it is then started again."""
        if child.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGTERM)

    async def stop(self) -> None:
        """Stop all, the one started last first: services before the server that they speak to."""
        self._stopping = True
        for task in reversed(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep(self, child: Child) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            status = await self._run(child)
            if status == EXIT_CONFIGURATION:
                child.given_up = "its configuration is wrong, see above"
                self._say(child.name, f"not started again: {child.given_up}")
                self.gave_up.set()
                return
            if time.monotonic() - began > _HEALTHY:
                pause = _FIRST_PAUSE
            how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with {status}"
            self._say(child.name, f"{how}; starting again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _run(self, child: Child) -> int:
        """Run it once; returns its exit status, negative for a signal. Stops it when cancelled."""
        process = await asyncio.create_subprocess_exec(
            *child.command,
            env={**os.environ, **child.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C goes to us only; we stop them in order.
            start_new_session=True,
            limit=1 << 20,
        )
        child.starts += 1
        child.pid = process.pid
        lines = asyncio.create_task(self._pass_on(child, process))
        try:
            return await process.wait()
        except asyncio.CancelledError:
            await self._end(process)
            raise
        finally:
            child.pid = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await lines

    async def _pass_on(self, child: Child, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode(errors="replace").rstrip()
            if child.is_shown(text):
                self._say(child.name, text)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            try:
                async with asyncio.timeout(_GRACE):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
