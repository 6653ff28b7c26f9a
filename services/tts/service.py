"""The voice: takes the sentences of a reply, speaks them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bus.errors import VisavisError
from bus.events import (
    AudioOut,
    Body,
    CharacterCreated,
    Event,
    ReplySentence,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
)
from bus.ids import derive_id, seed_of
from bus.work.service import Output, Reader, Service
from services.characters import current_characters
from services.gpu import gpu_readings
from services.tts.chunker import SpeechChunker
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.spoken_form import to_spoken_form

CONCURRENCY = 4
"""Sentences spoken at once."""
MAX_TEXT = 2_000
"""Characters of one sentence that are spoken; a sentence that long is no speech any more."""


def speech_id(event: Event) -> str:
    """The speech of a sentence, known from the sentence alone."""
    return derive_id(event.id, "speech")


def voice_of(name: str, character: CharacterCreated | None, language: str) -> Voice:
    """How a character sounds; a plain voice where it is not known. Its sample is by default the one with its id."""
    if character is None:
        return Voice(language=language)
    sample = character.voice_sample or name
    return Voice(name=character.voice, pitch=character.pitch, pace=character.pace, language=language, sample=sample)


class SentenceSynthesizer:
    """Handles one sentence: `speech.started`, audio chunks of which the last is final, `speech.ended`.

    A text with nothing to say aloud (a picture, a line of code) gives the same with no packet and 0 samples, so that
    whoever waits for the speech goes on at once.
    """

    def __init__(self, synthesizer: Synthesizer, engine: str) -> None:
        self._synthesizer = synthesizer
        self._engine = engine
        self._threads = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="tts")

    async def __call__(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        body = event.body
        assert isinstance(body, ReplySentence)
        speech = speech_id(event)
        voice = voice_of(body.character, (await current_characters(reader)).get(body.character), body.language)
        voice = replace(voice, pace=voice.pace * body.pace)
        text = to_spoken_form(body.text)[:MAX_TEXT] if body.spoken else ""
        chunks = SpeechChunker(event.conversation, speech)
        steps = _Steps(self._work(chunks, text, voice, seed_of(speech), body.volume))
        loop = asyncio.get_running_loop()
        # The voice begins while the fact that it begins is on its way.
        step = loop.run_in_executor(self._threads, steps.next)
        try:
            yield SpeechStarted(
                speech=speech,
                reply=body.reply,
                index=body.index,
                character=body.character,
                voice=self._synthesizer.voice_for(voice),
                engine=self._engine,
                emotion=body.emotion,
                emotion_before=body.emotion_before,
            )
            while (chunk := await step) is not None:
                if not chunk.final:
                    step = loop.run_in_executor(self._threads, steps.next)
                yield chunk
                if chunk.final:
                    break
            yield SpeechEnded(
                speech=speech,
                reply=body.reply,
                index=body.index,
                samples=chunks.samples,
                visemes=tuple(chunks.visemes),
            )
        finally:
            # The step under way ends by itself; then the engine is told that nothing more is wanted.
            step.add_done_callback(_look_at)
            self._threads.submit(steps.close)

    def _work(
        self, chunks: SpeechChunker, text: str, voice: Voice, seed: int, volume: float
    ) -> Generator[AudioOut, None, None]:
        if text:
            for piece in self._synthesizer.speak(text, voice, seed):
                yield from chunks.push(piece if volume == 1 else louder(piece, volume))
        yield from chunks.finish()


def louder(piece: SpeechPiece, volume: float) -> SpeechPiece:
    """A piece of speech at another loudness, 0 to 1."""
    return replace(piece, samples=(piece.samples * min(volume, 1.0)).astype(piece.samples.dtype))


class _Steps:
    """An iterator that several threads may drive, one at a time."""

    def __init__(self, work: Generator[AudioOut, None, None]) -> None:
        self._work = work
        self._lock = threading.Lock()

    def next(self) -> AudioOut | None:
        with self._lock:
            return next(self._work, None)

    def close(self) -> None:
        with self._lock:
            self._work.close()


def _look_at(step: asyncio.Future[AudioOut | None]) -> None:
    """Of a step that nobody waits for any more the error is no news."""
    if not step.cancelled():
        step.exception()


def failure_facts(event: Event, error: VisavisError) -> Iterable[Body]:
    """The sentence stays text, and the page says so."""
    body = event.body
    if isinstance(body, ReplySentence):
        yield SpeechFailed(
            speech=speech_id(event), reply=body.reply, index=body.index, code=error.code, detail=error.detail
        )


def service(synthesizer: Synthesizer, engine: str) -> Service:
    return Service(
        name="tts",
        consumes=(ReplySentence,),
        handle=SentenceSynthesizer(synthesizer, engine),
        engine=engine,
        on_failure=failure_facts,
        readings=gpu_readings,
        concurrency=CONCURRENCY,
    )
