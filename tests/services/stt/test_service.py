"""From an utterance that began to its transcript, with the audio read from the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bus.errors import EngineError, InvalidInput
from bus.events import (
    AudioIn,
    StepFailed,
    TranscriptFinal,
    TranscriptPartial,
    UtteranceDiscarded,
    UtteranceStarted,
    Word,
)
from bus.service import M, Output
from bus.settings import Settings
from services.stt.__main__ import build
from services.stt.service import Listener, failed, service
from tests.fakes import FakeReader, FakeTranscriber, StallingReader, event

BLOCK = 2_048
SUBJECT = "audio.c.in.u"
STARTED = event(UtteranceStarted(utterance="u", session="s"), turn="t")


def chunks(*parts: bytes, final: bool = True) -> list[AudioIn]:
    """Audio of utterance u, the last part being the final one."""
    found: list[AudioIn] = []
    sample = 0
    for index, pcm in enumerate(parts):
        last = final and index == len(parts) - 1
        found.append(AudioIn(conversation="c", utterance="u", index=index, sample=sample, pcm=pcm, final=last))
        sample += len(pcm) // 2
    return found


async def heard(transcriber: FakeTranscriber, reader: FakeReader) -> list[Output]:
    return [output async for output in Listener(transcriber, "fake")(STARTED, reader)]


async def freed(transcriber: FakeTranscriber) -> bool:
    """Whether every transcription is closed; the engine's thread gets the time to do so."""
    for _ in range(200):
        if transcriber.closed == transcriber.opened:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_words_are_told_as_they_come_and_once_for_good() -> None:
    transcriber = FakeTranscriber()
    outputs = await heard(transcriber, FakeReader(media={SUBJECT: chunks(b"\1\0" * 1024, bytes(4096), b"\1\0" * 8)}))
    words = (Word(text="word", start=0.0, end=1.0), Word(text="word", start=1.0, end=2.0))
    assert outputs == [
        TranscriptPartial(utterance="u", text="word "),
        TranscriptPartial(utterance="u", text="word word "),
        TranscriptFinal(utterance="u", text="word word", language="en", confidence=0.5, words=words, engine="fake"),
    ]
    assert await freed(transcriber)


async def test_the_engine_gets_no_more_than_64_ms_at_once() -> None:
    transcriber = FakeTranscriber()
    pcm = bytes(range(1, 251)) * 40
    await heard(transcriber, FakeReader(media={SUBJECT: chunks(pcm)}))
    assert max(map(len, transcriber.blocks)) == BLOCK
    assert b"".join(transcriber.blocks) == pcm


async def test_an_utterance_without_a_word_is_discarded() -> None:
    outputs = await heard(FakeTranscriber(), FakeReader(media={SUBJECT: chunks(bytes(4096))}))
    assert outputs == [UtteranceDiscarded(utterance="u", reason="no_words")]


async def test_an_utterance_whose_audio_stops_coming_is_lost_and_its_engine_freed() -> None:
    transcriber = FakeTranscriber()
    outputs = await heard(transcriber, StallingReader(media={SUBJECT: chunks(b"\1\0" * 100, final=False)}))
    assert outputs[-1] == UtteranceDiscarded(utterance="u", reason="lost")
    assert not [output for output in outputs if isinstance(output, TranscriptFinal)]
    assert await freed(transcriber)


async def test_a_chunk_that_comes_twice_is_heard_once() -> None:
    transcriber = FakeTranscriber()
    first, second = chunks(b"\1\0" * 100, b"\2\0" * 100)
    await heard(transcriber, FakeReader(media={SUBJECT: [first, first, second]}))
    assert b"".join(transcriber.blocks) == first.pcm + second.pcm


async def test_a_hole_in_the_audio_is_refused() -> None:
    first, _, third = chunks(b"\1\0" * 100, b"\2\0" * 100, b"\3\0" * 100)
    with pytest.raises(InvalidInput, match="sample 100"):
        await heard(FakeTranscriber(), FakeReader(media={SUBJECT: [first, third]}))


async def test_half_a_sample_is_refused_and_the_engine_freed() -> None:
    transcriber = FakeTranscriber()
    with pytest.raises(InvalidInput, match="99 bytes"):
        await heard(transcriber, FakeReader(media={SUBJECT: chunks(bytes(99))}))
    assert await freed(transcriber)


async def test_a_language_that_the_engine_does_not_know_is_an_error_with_a_code() -> None:
    started = event(UtteranceStarted(utterance="u", session="s", language="tlh"))
    with pytest.raises(EngineError) as caught:
        _ = [output async for output in Listener(FakeTranscriber(), "fake")(started, FakeReader())]
    assert caught.value.code == "language_unsupported"
    assert list(failed(started, caught.value)) == [UtteranceDiscarded(utterance="u", reason="lost")]


async def test_nothing_is_told_of_the_failure_of_another_event() -> None:
    other = event(StepFailed(service="x", code="y", retryable=False, detail="z"))
    assert list(failed(other, EngineError("no"))) == []


class _Endless(FakeReader):
    """One chunk, and then nothing for ever."""

    def __init__(self) -> None:
        super().__init__(media={SUBJECT: chunks(b"\1\0" * 100, final=False)})
        self.waiting = asyncio.Event()

    async def follow(self, kind: type[M], subject: str, *, patience: float = 10.0) -> AsyncIterator[M]:
        async for message in super().follow(kind, subject):
            yield message
        self.waiting.set()
        await asyncio.Event().wait()


async def test_work_that_is_cancelled_frees_its_engine() -> None:
    transcriber, reader = FakeTranscriber(), _Endless()
    task = asyncio.create_task(heard(transcriber, reader))
    await reader.waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transcriber.opened == 1
    assert await freed(transcriber)


async def test_two_utterances_are_heard_side_by_side() -> None:
    listener = Listener(FakeTranscriber(), "fake")
    reader = FakeReader(media={SUBJECT: chunks(b"\1\0" * 4096), "audio.c.in.v": chunks(b"\1\0" * 2048)})

    async def final(utterance: str) -> TranscriptFinal:
        started = event(UtteranceStarted(utterance=utterance, session="s"))
        outputs = [output async for output in listener(started, reader)]
        assert isinstance(outputs[-1], TranscriptFinal)
        return outputs[-1]

    first, second = await asyncio.gather(final("u"), final("v"))
    assert (len(first.words), len(second.words)) == (4, 2)


def test_the_service_takes_utterances_when_they_begin() -> None:
    built = service(FakeTranscriber(), "fake")
    assert (built.name, built.takes, built.engine) == ("stt", (UtteranceStarted,), "fake")


def test_the_embedded_engine_is_chosen_where_nothing_else_is_asked_for() -> None:
    assert build(Settings()).engine == "pocketsphinx"
