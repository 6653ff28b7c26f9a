"""Has the key poses of portraits drawn by LivePortrait on a machine without a graphics card, one portrait at a time.

It takes minutes for each, in a process of its own of the lowest priority. What is drawn is an asset beside the
portrait, so that every worker has it; until then, and where that fails, the portrait is warped.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import zipfile
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import suppress
from pathlib import Path

from bus.errors import ConfigurationError, NotFound
from bus.ids import key_pictures_of
from bus.work.service import AssetOutput, Reader
from services.render.photo.key_poses import KeyPictureStore, decoded_pictures
from services.render.photo.portrait import PortraitStore

log = logging.getLogger(__name__)

PROCESS = "services.render.liveportrait.key_pose_process"
BUSY = 75
"""Exit status of the process where another one on this machine draws."""
_PATIENCE = 60
"""Steps from a process that could not draw to the next."""
_ENVIRONMENT = {
    # Threads that wait must not spin, and what the networks take again and again need not go back to the system.
    "OMP_WAIT_POLICY": "PASSIVE", "MALLOC_MMAP_THRESHOLD_": "268435456", "MALLOC_TRIM_THRESHOLD_": "1073741824",
}  # fmt: skip


class KeyPoseMaker:
    """Draws key poses while it is asked to go on.

    Args:
        weights: folder of LivePortrait's weights.
        command: that draws; the folders and the look are added.
    """

    def __init__(
        self, portraits: PortraitStore, weights: Path, command: Sequence[str] = (sys.executable, "-m", PROCESS)
    ) -> None:
        self.pictures = KeyPictureStore(portraits.folder)
        self._portraits = portraits
        self._command = (*command, str(weights), str(portraits.folder))
        self._seen: set[str] = set()
        """Looks whose asset this process has looked for."""
        self._failed: set[str] = set()
        self._pause = 0
        self._drawing: _Drawing | None = None

    def note(self) -> str:
        """What is drawn now, in one line for people; "" for nothing."""
        drawing = self._drawing
        return "" if drawing is None else f"LivePortrait draws the key poses of a photo, {drawing.percent} %"

    async def step(self, looks: Collection[str], reader: Reader) -> AsyncGenerator[AssetOutput | str, None]:
        """Begin what is missing, and look for what is done; to be called every few seconds.

        Args:
            looks: of photos that some character has.
        Yields:
            assets to be stored, and looks that are drawn by their key poses from now on.
        """
        for look in sorted(set(looks) - self._seen):
            async for found in self._first_look(look, reader):
                yield found
        drawing = self._drawing
        if drawing is not None and drawing.look not in looks:
            await self.close()
        elif drawing is not None and drawing.is_over:
            self._drawing = None
            if self._is_done(drawing):
                yield AssetOutput(key_pictures_of(drawing.look), self.pictures.read(drawing.look))
                yield drawing.look
        self._pause = max(self._pause - 1, 0)
        if self._drawing is None and not self._pause:
            await self._begin(looks)

    async def close(self) -> None:
        """End what is being drawn; it is gone on with the next time."""
        if self._drawing is not None:
            await self._drawing.end()
            self._drawing = None

    async def _first_look(self, look: str, reader: Reader) -> AsyncGenerator[AssetOutput | str, None]:
        """Take the pictures from the log, or put those there that are only here."""
        is_here = self.pictures.is_whole(look)
        try:
            stored = await reader.asset(key_pictures_of(look))
            decoded_pictures(stored)
        except (NotFound, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            if is_here:
                yield AssetOutput(key_pictures_of(look), self.pictures.read(look))
        else:
            if not is_here and not self._portraits.is_missing(look):
                self.pictures.put(look, stored)
                yield look
        self._seen.add(look)

    def _is_done(self, drawing: _Drawing) -> bool:
        if drawing.status == 0 and self.pictures.is_whole(drawing.look):
            log.info("key poses drawn", extra={"look": drawing.look})
            return True
        self._pause = _PATIENCE
        if drawing.status != BUSY:
            self._failed.add(drawing.look)
            why = drawing.why or f"exit status {drawing.status}"
            log.error("key poses not drawn, the photo is warped", extra={"look": drawing.look, "why": why})
        return False

    async def _begin(self, looks: Collection[str]) -> None:
        for look in sorted(set(looks) - self._failed):
            if not self.pictures.is_whole(look) and not self._portraits.is_missing(look):
                self._drawing = await _Drawing.begun(look, (*self._command, look))
                return


class _Drawing:
    """A process that draws the key poses of one look."""

    def __init__(self, look: str, process: asyncio.subprocess.Process) -> None:
        self.look = look
        self.percent = 0
        self.why = ""
        self._process = process
        self._following = asyncio.create_task(self._follow())

    @classmethod
    async def begun(cls, look: str, command: Sequence[str]) -> _Drawing:
        """Raises: ConfigurationError: it cannot be started."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **_ENVIRONMENT},
            )  # fmt: skip
        except OSError as error:
            raise ConfigurationError(f"{command[0]} cannot be started: {error.strerror}") from error
        log.info("key poses are drawn", extra={"look": look})
        return cls(look, process)

    @property
    def is_over(self) -> bool:
        return self._following.done()

    @property
    def status(self) -> int | None:
        return self._process.returncode

    async def end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._following

    async def _follow(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        errors = asyncio.create_task(self._process.stderr.read())
        async for line in self._process.stdout:
            done, total = map(int, line.split())
            self.percent = 100 * done // total
        lines = (await errors).decode(errors="replace").strip().splitlines()
        self.why = lines[-1] if lines else ""
        await self._process.wait()
