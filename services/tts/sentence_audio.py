"""The sound of the sentences of one worker, which is made in threads: of all that waits, what is heard first."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from bus.events import SPEECH_RATE, AudioOut
from bus.work.slots import Owner, Slots
from services.tts.chunker import SpeechChunker

OwnerLookup: TypeAlias = Callable[[bool], Awaitable[Owner]]
"""Whose a sentence is. It need not be looked up where nobody has to wait, which is what it is told."""
_MOST_STEPS = 8


class SynthesisThreads:
    """The threads in which chunks are made.

    Where many sentences begin at once, the first chunk of each is made before the second of any other: whoever has
    heard a beginning can wait for as long as it lasts. Who has many conversations takes no more places than others.

    Args:
        steps: chunks that are made at once; None: one for each core, two at the least and eight at the most.
        clock: seconds. It only decides what is made first.
    """

    def __init__(self, steps: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        steps = steps or min(max(os.cpu_count() or 1, 2), _MOST_STEPS)
        self._places = Slots(steps)
        # Twice as many: a step of an interrupted sentence runs to its end, and must not hold up the next reply.
        self._threads = ThreadPoolExecutor(2 * _MOST_STEPS, thread_name_prefix="tts")

    def start(
        self, chunker: SpeechChunker, chunks: Generator[AudioOut, None, None], needed_after: float, owner: OwnerLookup
    ) -> SentenceAudio:
        """Begin to make the chunks of a sentence.

        Args:
            needed_after: seconds from now until it is heard; it may be late.
        """
        return SentenceAudio(self, chunker, chunks, self._clock() + needed_after, owner)

    async def run(
        self, step: Callable[[], AudioOut], due: float, owner: OwnerLookup, running: Callable[[Future[AudioOut]], None]
    ) -> AudioOut:
        """Run a step when it is its turn.

        Args:
            running: is told the future of the step once it runs; the step goes on where the caller is cancelled.
        """
        async with self._places.place(due, await owner(self._places.is_used)):
            future = self._threads.submit(step)
            running(future)
            return await asyncio.wrap_future(future)

    def submit(self, work: Callable[[], None]) -> None:
        """Run what needs no turn."""
        with suppress(RuntimeError):  # the process ends
            self._threads.submit(work)


class SentenceAudio:
    """The chunks of one sentence, one of which is made ahead of what is asked for."""

    def __init__(
        self, threads: SynthesisThreads, chunker: SpeechChunker, chunks: Generator[AudioOut, None, None], due: float,
        owner: OwnerLookup,
    ) -> None:  # fmt: skip
        self.chunker = chunker
        self._threads = threads
        self._chunks = chunks
        self._due = due
        self._owner = owner
        self._lock = threading.Lock()
        self._running: Future[AudioOut] | None = None
        self._step = self._begin_step()

    async def next(self) -> AudioOut:
        """The next chunk; the last one is final."""
        chunk = await self._step
        if not chunk.final:
            self._step = self._begin_step()
        return chunk

    def close(self) -> None:
        """Stop the engine. The running step ends by itself."""
        self._step.cancel()
        self._step.add_done_callback(_retrieve)
        if self._running is None:
            self._threads.submit(self._close)
        else:
            self._running.add_done_callback(lambda _: self._threads.submit(self._close))

    def _begin_step(self) -> asyncio.Task[AudioOut]:
        due = self._due + self.chunker.samples / SPEECH_RATE
        step = self._threads.run(self._make, due, self._owner, partial(setattr, self, "_running"))
        return asyncio.create_task(step)

    def _make(self) -> AudioOut:
        with self._lock:
            return next(self._chunks)

    def _close(self) -> None:
        with self._lock:
            self._chunks.close()


def _retrieve(step: asyncio.Task[AudioOut]) -> None:
    """What failed after the end is nobody's concern."""
    if not step.cancelled():
        step.exception()
