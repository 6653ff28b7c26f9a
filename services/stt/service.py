"""The ear: takes utterances as they begin, follows their audio, says which words they were."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any, TypeVar, cast

from bus import subjects
from bus.errors import InvalidInput, StreamStalled, VisavisError
from bus.events import (
    MICROPHONE_RATE,
    UNKNOWN_LANGUAGE,
    AudioIn,
    Body,
    Event,
    TranscriptFinal,
    TranscriptPartial,
    UtteranceDiscarded,
    UtteranceStarted,
)
from bus.work.service import Output, Reader, Service
from services.gpu import gpu_readings
from services.stt.context import Said
from services.stt.engine import Transcriber, Transcription

log = logging.getLogger(__name__)

T = TypeVar("T")

BLOCK = 2 * MICROPHONE_RATE * 64 // 1000
"""Bytes given to the engine at once, 64 ms: it holds the interpreter while it works on them."""
SLOTS = 4
"""Utterances heard at once, and more where the engine hears more at the same moment."""


class Listener:
    """Handles one utterance: live partials, then one `transcript.final`, or `utterance.discarded`."""

    def __init__(self, transcriber: Transcriber, engine: str) -> None:
        self._transcriber = transcriber
        self._engine = engine
        self._threads = ThreadPoolExecutor(transcriber.threads, thread_name_prefix="stt")
        self._said = Said()

    async def __call__(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        body = event.body
        assert isinstance(body, UtteranceStarted)
        prompt = await self._said.prompt(event.conversation, reader) if self._transcriber.prompted else ""
        opening = self._run(self._transcriber.open, body.language, prompt)
        last: asyncio.Future[Any] = opening
        try:
            transcription = await asyncio.shield(opening)
            chunks = reader.follow(AudioIn, subjects.audio_in(event.conversation, body.utterance))
            # A follower is an async generator, though its type says iterator only.
            async with aclosing(cast("Any", chunks)) as following:
                heard = 0
                async for chunk in following:
                    for block in _blocks(chunk, heard):
                        last = self._run(transcription.push, block)
                        text = await asyncio.shield(last)
                        if text:
                            yield TranscriptPartial(utterance=body.utterance, text=text)
                    heard = max(heard, chunk.sample + len(chunk.pcm) // 2)
            last = self._run(transcription.finish)
            transcript = await asyncio.shield(last)
        except StreamStalled as error:
            log.warning("audio stalled", extra={"utterance": body.utterance, "why": error.detail})
            yield UtteranceDiscarded(utterance=body.utterance, reason="lost")
            return
        finally:
            # Behind the block that it may still be busy with.
            last.add_done_callback(lambda done: self._free(done, opening))
        if not transcript.text:
            yield UtteranceDiscarded(utterance=body.utterance, reason="no_words")
            return
        yield TranscriptFinal(
            utterance=body.utterance,
            text=transcript.text,
            language=transcript.language if body.language == UNKNOWN_LANGUAGE else body.language,
            confidence=transcript.confidence,
            words=transcript.words,
            engine=self._engine,
            forwarded=body.forwarded,
        )

    def _run(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _free(self, last: asyncio.Future[Any], opening: asyncio.Future[Transcription]) -> None:
        if not last.cancelled():
            last.exception()  # of a step that nobody waits for any more it is no news
        if not opening.cancelled() and opening.exception() is None:
            self._threads.submit(opening.result().close)


def _blocks(chunk: AudioIn, heard: int) -> Iterator[bytes]:
    """The sound of a chunk in blocks; what was heard before (a chunk sent twice) is left out.

    Raises:
        InvalidInput: half a sample is left over, or samples before it are missing.
    """
    if len(chunk.pcm) % 2:
        raise InvalidInput(f"expected 16 bit samples, an even number of bytes, got {len(chunk.pcm)} bytes")
    if chunk.sample > heard:
        raise InvalidInput(f"expected audio from sample {heard} on, got a chunk that starts at {chunk.sample}")
    for start in range(2 * (heard - chunk.sample), len(chunk.pcm), BLOCK):
        yield chunk.pcm[start : start + BLOCK]


def failed(event: Event, error: VisavisError) -> Iterable[Body]:
    """The person sees that nothing came of it."""
    if isinstance(event.body, UtteranceStarted):
        yield UtteranceDiscarded(utterance=event.body.utterance, reason="lost")


def service(transcriber: Transcriber, engine: str) -> Service:
    return Service(
        name="stt",
        consumes=(UtteranceStarted,),
        handle=Listener(transcriber, engine),
        engine=engine,
        on_failure=failed,
        readings=gpu_readings,
        concurrency=max(SLOTS, transcriber.threads),
    )
