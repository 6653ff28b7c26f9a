"""The STT service: follows the audio of each utterance and publishes its transcript."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
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
    SessionClosed,
    SessionOpened,
    TranscriptFinal,
    TranscriptPartial,
    UtteranceDiscarded,
    UtteranceStarted,
)
from bus.work.service import Output, Reader, Service
from services.gpu_faults import GPU_USE
from services.readings import engine_note, engine_readings
from services.stt.context import Expected, RecognitionContext
from services.stt.engine import Transcriber, Transcription
from services.stt.heard_twice import Heard, HeardTwice, Utterances

log = logging.getLogger(__name__)

T = TypeVar("T")

BLOCK_BYTES = 2 * MICROPHONE_RATE * 64 // 1000
"""Audio per call of the engine, 64 ms: the engine may hold the interpreter lock for the whole call."""
RECORDING_BYTES = 2 * MICROPHONE_RATE * 30
"""Audio of a recording per call, 30 s, as much as Whisper decodes at once: in small pieces it would be decoded at each
pause as if that were its end. Not with engines that hold the interpreter lock; they have one thread."""
_STALLS = 3
"""How often nothing may come for 10 s before an utterance is given up."""
CONCURRENCY = 4
"""Utterances handled at once; more if the engine recognises more in parallel."""


class UtteranceTranscriber:
    """Handles one utterance: live partial transcripts, then one `transcript.final` or `utterance.discarded`."""

    def __init__(self, transcriber: Transcriber, engine: str) -> None:
        self._transcriber = transcriber
        self._engine = engine
        self._threads = ThreadPoolExecutor(transcriber.threads, thread_name_prefix="stt")
        self._context = RecognitionContext()
        self._heard_twice = HeardTwice()

    def forget(self) -> None:
        """Empty the caches: the log was replaced by another one."""
        self._context, self._heard_twice = RecognitionContext(), HeardTwice()

    async def __call__(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        body = event.body
        assert isinstance(body, UtteranceStarted)
        # The utterances of a conversation are handled in the order of the log: what became of earlier ones is on it.
        heard = Utterances()
        if body.session is not None:
            heard = await self._heard_twice.utterances(event.conversation, body.utterance, reader)
        holder, received = heard.holder(body.utterance), 0
        if holder is not None and heard.has_ended(body.utterance) and heard.is_covered(body.utterance):
            yield _heard_twice(body, holder)
            return
        expected = Expected()
        if self._transcriber.uses_prompt:
            expected = await self._context.expected(event.conversation, reader)
        # Words that are passed on from another person are no commands.
        phrases = () if body.forwarded else expected.phrases
        opening = self._run(self._transcriber.open, body.language, expected.prompt, phrases, expected.language)
        last: asyncio.Future[Any] = opening
        try:
            transcription = await asyncio.shield(opening)
            async with (
                aclosing(_chunks(event, body, reader)) as chunks,
                aclosing(_blocks(chunks, self._block_bytes(body))) as blocks,
            ):
                async for block in blocks:
                    last = self._run(transcription.push, block)
                    text = await asyncio.shield(last)
                    received += len(block) // 2
                    if text and holder is not None and not heard.is_covered(body.utterance, received):
                        heard = await self._heard_twice.utterances(event.conversation, body.utterance, reader)
                    # Its words would interrupt the answer to the same words.
                    if text and not heard.is_covered(body.utterance, received):
                        yield TranscriptPartial(utterance=body.utterance, text=text)
            last = self._run(transcription.finish)
            transcript = await asyncio.shield(last)
        except StreamStalled as error:
            log.warning("audio stalled", extra={"utterance": body.utterance, "why": error.detail})
            yield UtteranceDiscarded(utterance=body.utterance, reason="lost")
            return
        finally:
            # After the block that the engine may still be working on.
            last.add_done_callback(lambda done: self._close(done, opening))
        if holder is not None:
            heard = await self._heard_twice.utterances(event.conversation, body.utterance, reader)
            if heard.is_covered(body.utterance, received):
                yield _heard_twice(body, holder)
                return
        if not transcript.text:
            yield UtteranceDiscarded(utterance=body.utterance, reason="no_words")
            return
        yield TranscriptFinal(
            utterance=body.utterance,
            text=transcript.text,
            language=transcript.language if body.language == UNKNOWN_LANGUAGE else body.language,
            confidence=transcript.confidence,
            words=transcript.words,
            engine=transcript.engine or self._engine,
            forwarded=body.forwarded,
        )

    def _block_bytes(self, body: UtteranceStarted) -> int:
        is_recording = body.session is None and self._transcriber.threads > 1
        return RECORDING_BYTES if is_recording else BLOCK_BYTES

    def _run(self, call: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)

    def _close(self, last: asyncio.Future[Any], opening: asyncio.Future[Transcription]) -> None:
        if not last.cancelled():
            last.exception()  # retrieved, so that asyncio does not log it: no one awaits this step any more
        if not opening.cancelled() and opening.exception() is None:
            self._threads.submit(opening.result().close)


def _heard_twice(body: UtteranceStarted, holder: Heard) -> UtteranceDiscarded:
    return UtteranceDiscarded(utterance=body.utterance, reason="heard_twice", same_as=holder.utterance)


async def _chunks(event: Event, body: UtteranceStarted, reader: Reader) -> AsyncGenerator[AudioIn, None]:
    """The audio of an utterance up to its end. What could not be stored for a while comes late, and again from the
    beginning; it is waited for while the session that hears it may still be there.

    Raises:
        StreamStalled: its session has ended or called again, or nothing comes any more.
    """
    for stalled in range(1, _STALLS + 1):
        following = reader.follow(AudioIn, subjects.audio_in(event.conversation, body.utterance))
        # A follower is an async generator, though its type says iterator only.
        async with aclosing(cast("Any", following)) as chunks:
            try:
                async for chunk in chunks:
                    yield chunk
            except StreamStalled:
                if stalled == _STALLS or await _has_left(event, body, reader):
                    raise
                continue
            return


async def _has_left(event: Event, body: UtteranceStarted, reader: Reader) -> bool:
    """Whether the session that heard an utterance has ended, or is not the newest of its conversation: its page may
    have called again."""
    opened = await reader.last_fact(event.conversation, SessionOpened)
    closed = await reader.last_fact(event.conversation, SessionClosed)
    if closed is not None and isinstance(closed.body, SessionClosed) and closed.body.session == body.session:
        return True
    return opened is not None and isinstance(opened.body, SessionOpened) and opened.body.session != body.session


async def _blocks(chunks: AsyncIterator[AudioIn], size: int) -> AsyncGenerator[bytes, None]:
    """The audio in blocks of at most `size` bytes, without samples already received (a chunk may be delivered twice).
    Of someone who speaks, each chunk at once.

    Raises:
        InvalidInput: half a sample is left over, or samples before a chunk are missing.
    """
    received, pending = 0, b""
    async for chunk in chunks:
        pending += _new_audio(chunk, received)
        received = max(received, chunk.sample + len(chunk.pcm) // 2)
        while len(pending) >= size or (pending and (chunk.final or size == BLOCK_BYTES)):
            yield pending[:size]
            pending = pending[size:]


def _new_audio(chunk: AudioIn, received: int) -> bytes:
    """The audio of a chunk after so many samples of the utterance."""
    if len(chunk.pcm) % 2:
        raise InvalidInput(f"expected 16 bit samples, an even number of bytes, got {len(chunk.pcm)} bytes")
    if chunk.sample > received:
        raise InvalidInput(f"expected audio from sample {received} on, got a chunk that starts at {chunk.sample}")
    return chunk.pcm[2 * (received - chunk.sample) :]


def failure_facts(event: Event, error: VisavisError) -> Iterable[Body]:
    """What the service publishes if it cannot transcribe an utterance: the person sees that it was lost."""
    if isinstance(event.body, UtteranceStarted):
        detail = error.detail if error.code == "language_unsupported" else ""
        yield UtteranceDiscarded(utterance=event.body.utterance, reason="lost", detail=detail)


async def is_finished(event: Event, later: Sequence[Event], reader: Reader) -> bool:
    """Whether it is known what was said in an utterance. See `bus.work.service.Service.is_finished`."""
    body = event.body
    assert isinstance(body, UtteranceStarted)
    ends = (one.body for one in later if isinstance(one.body, TranscriptFinal | UtteranceDiscarded))
    return any(one.utterance == body.utterance for one in ends)


def service(transcriber: Transcriber, engine: str) -> Service:
    handler = UtteranceTranscriber(transcriber, engine)
    return Service(
        name="stt",
        consumes=(UtteranceStarted,),
        handle=handler,
        forget=handler.forget,
        engine=engine,
        on_failure=failure_facts,
        is_finished=is_finished,
        readings=engine_readings,
        note=engine_note,
        metadata=GPU_USE.metadata,
        why_restart=GPU_USE.why_restart,
        concurrency=max(CONCURRENCY, transcriber.threads),
    )
