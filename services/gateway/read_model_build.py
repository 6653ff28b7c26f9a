"""Builds the next read model beside the one that is served, in a process of its own, which leaves this one its time."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from bus.settings import PREFIX, Settings
from projections.read_model_builder import building_path, is_complete
from projections.read_model_tables import remove_database
from projections.rebuilding import Progress

log = logging.getLogger(__name__)

_TELL_EVERY = 5.0
"""Seconds between two lines in the log."""
_RETRY_DELAY = 2.0
"""Seconds until a build that broke off is continued."""
_KILL_AFTER = 5.0
"""Seconds that the process has to end."""


class ReadModelBuild:
    """The build of one gateway's read model.

    Args:
        target: the file that is served.
        retry_delay: seconds until a build that broke off is continued.
    """

    def __init__(self, settings: Settings, target: Path, *, retry_delay: float = _RETRY_DELAY) -> None:
        self._settings = settings
        self._target = target
        self._retry_delay = retry_delay
        self.progress: Progress | None = None
        """While it is built."""

    async def run(self) -> Path:
        """Build until the file is whole; returns its path. Cancelled, it leaves what is built, to be continued."""
        path = building_path(self._target)
        while not is_complete(path):
            status = await self._run_once()
            if is_complete(path):
                break
            log.warning("the build of the read model broke off, and goes on", extra={"status": status})
            await asyncio.sleep(self._retry_delay)
        return path

    def done(self) -> None:
        """The file has taken its place."""
        self.progress = None

    def discard(self) -> None:
        """Remove what was built, while nothing is being built: the log is another one."""
        self.progress = None
        remove_database(building_path(self._target))

    async def _run_once(self) -> int:
        """Run the process until it ends; returns its status."""
        given = {f"{PREFIX}NATS_URL": self._settings.nats_url, f"{PREFIX}DATA": self._settings.data}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "projections", "build", str(self._target),
            stdin=asyncio.subprocess.PIPE,  # its end tells the process that this one has died
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **{name: value for name, value in given.items() if value}},
        )  # fmt: skip
        try:
            await self._read_progress(process)
            return await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
                await _end(process)

    async def _read_progress(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        told = -_TELL_EVERY
        async for line in process.stdout:
            with suppress(msgspec.DecodeError):
                self.progress = msgspec.json.decode(line, type=Progress)
                now = asyncio.get_running_loop().time()
                if now - told >= _TELL_EVERY:
                    told = now
                    log.info("building the read model", extra={"progress": str(self.progress)})


async def _end(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_KILL_AFTER):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
