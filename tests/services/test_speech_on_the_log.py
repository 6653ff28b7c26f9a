"""The TTS and STT services on a real log: STT transcribes what TTS has spoken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest

from bus import codec, subjects
from bus.events import (
    AudioIn,
    AudioOut,
    Body,
    Event,
    Fact,
    ReplySentence,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
    UtteranceStarted,
)
from bus.log.event_log import EventLog
from bus.settings import Settings
from bus.work.runner import Runner
from bus.work.service import Service
from services.audio import resample
from services.stt.__main__ import build as build_stt
from services.tts.__main__ import build as build_tts
from services.tts.engines import flite_library
from tests.opus import decode_packets

TEXT = "Please tell me a story about the sea."


@asynccontextmanager
async def running(event_log: EventLog, service: Service) -> AsyncIterator[None]:
    """One worker of a service."""
    task = asyncio.create_task(Runner(event_log, service).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def record(body: Fact, name: str) -> Event:
    return Event(id=name, at=1, conversation="c", turn="t", body=body)


async def wait_for(event_log: EventLog, wanted: Callable[[Body], bool]) -> list[Event]:
    """The facts of the conversation once one of them satisfies the predicate."""
    for _ in range(600):
        events = [event for _, event in await event_log.facts("c")]
        if any(wanted(event.body) for event in events):
            return events
        await asyncio.sleep(0.05)
    raise AssertionError([type(event.body).__name__ for event in events])


@pytest.mark.skipif(flite_library.why_unavailable() is not None, reason="pocketsphinx does not understand eSpeak NG")
async def test_stt_transcribes_the_speech_of_tts(event_log: EventLog, settings: Settings) -> None:
    async with running(event_log, build_tts(settings)), running(event_log, build_stt(settings)):
        sentence = record(ReplySentence(reply="r", index=0, text=TEXT, character="ada"), "sentence")
        await event_log.append(sentence)
        events = await wait_for(event_log, lambda body: isinstance(body, SpeechEnded))
        assert [type(event.body) for event in events] == [ReplySentence, SpeechStarted, SpeechEnded]
        assert {event.cause for event in events[1:]} == {"sentence"}
        ended = events[-1].body
        assert isinstance(ended, SpeechEnded)

        chunks = [chunk async for chunk in event_log.follow(AudioOut, subjects.audio_out("c", ended.speech))]
        packets = [packet for chunk in chunks for packet in chunk.packets]
        assert len(packets) * 960 == ended.samples
        assert max(len(codec.encode(chunk)) for chunk in chunks) < 200_000

        voice = resample(decode_packets(packets), 48_000, 16_000).astype(float)
        room = np.random.default_rng(5).normal(0, 3, len(voice) + 12_800)
        room[7_200 : 7_200 + len(voice)] += voice
        pcm = room.astype("<i2").tobytes()
        await event_log.append(record(UtteranceStarted(utterance="u", session="s"), "utterance"))
        for index, start in enumerate(range(0, len(pcm), 3_200)):
            chunk = AudioIn(
                conversation="c", utterance="u", index=index, sample=start // 2, pcm=pcm[start : start + 3_200],
                final=start + 3_200 >= len(pcm),
            )  # fmt: skip
            await event_log.publish_media(chunk, f"u-{index}")
        events = await wait_for(event_log, lambda body: isinstance(body, TranscriptFinal))
        heard = events[-1].body
        assert isinstance(heard, TranscriptFinal)
        assert heard.text == TEXT.lower().rstrip(".")
        assert events[-1].cause == "utterance"
