"""Decodes recordings that strangers sent, in a process that may die over them."""

from __future__ import annotations

import asyncio
import sys

from bus.errors import VisavisError
from services.channels.recordings.decoder_process import Problem, Request, Response, processor_seconds
from services.helper_process import HelperProcess

_SPARE = 10
"""Seconds that the process has beyond those of the fork that decodes."""


class Unusable(VisavisError):
    """A recording cannot be listened to. Trying again does not help."""

    code = "unusable_recording"

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail)
        self.problem: Problem = problem


class RecordingDecoder:
    """Decodes one recording at a time; the process is started ahead, and again after it died.

    Args:
        seconds: the longest recording that is taken.
    """

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        command = (sys.executable, "-m", "services.channels.recordings.decoder_process")
        self._process = HelperProcess("decoder", command, Response, 2 * processor_seconds(seconds) + _SPARE)

    @property
    def pid(self) -> int | None:
        """Of the process, if it runs."""
        return self._process.pid

    def start(self) -> None:
        """Start the process, so that no recording waits for it."""
        self._process.start()

    async def decode(self, data: bytes) -> bytes:
        """The sound of a recording as 16 kHz mono s16, with all its silence; of a damaged one what can be read.

        Raises:
            Unusable: it is no recording, has no sound, or is too long.
            EngineError: the process broke off; retryable.
        """
        response = await asyncio.to_thread(self._process.request, Request(data=data, seconds=self.seconds))
        if response.problem is not None:
            raise Unusable(response.problem, response.detail)
        return response.pcm

    def close(self) -> None:
        self._process.close()
