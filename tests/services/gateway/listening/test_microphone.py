"""The stable transcripts that a microphone publishes before an utterance has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, cast

import numpy as np
import pytest

from bus import subjects
from bus.errors import BusError
from bus.events import AudioIn, Event, TranscriptStable, UtteranceEnded, UtteranceStarted
from bus.log.event_log import EventLog
from services.audio import SILENCE as OPUS_SILENCE
from services.audio import OpusEncoder
from services.gateway.listening.endpointing import PRE_ROLL, WINDOW, Endpointer
from services.gateway.listening.microphone import Microphone
from services.gateway.listening.onset import STEADY


class Loudness:
    """Detects speech in every window that is not all zeros."""

    window = WINDOW
    onset = STEADY

    def probability(self, pcm: bytes) -> float:
        return float(any(pcm))


SPEECH, SILENCE = b"\x01\x00" * WINDOW, bytes(2 * WINDOW)


@asynccontextmanager
async def listening(event_log: EventLog) -> AsyncIterator[tuple[Microphone, list[TranscriptStable]]]:
    """A microphone that is on, and the stable transcripts that it has published."""
    microphone = Microphone(event_log, "c", "en", Loudness(), Endpointer(600))
    published: list[TranscriptStable] = []

    async def collect() -> None:
        async with aclosing(cast("Any", event_log.live(TranscriptStable))) as events:
            async for one in events:
                published.append(one.body)

    tasks = [asyncio.create_task(collect()), asyncio.create_task(microphone.run("s"))]
    await asyncio.sleep(0.2)
    try:
        yield microphone, published
        await asyncio.sleep(0.2)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_each_wording_is_published_as_stable_once(event_log: EventLog) -> None:
    async with listening(event_log) as (microphone, stable):
        microphone.push_pcm(SILENCE * 20 + SPEECH * 20)
        microphone.set_partial("what time")
        microphone.push_pcm(SILENCE * 8)
        microphone.set_partial("what time")
        microphone.set_partial("what time is it")
        microphone.push_pcm(SPEECH * 20)
        microphone.set_partial("what time is it in rome")
        microphone.push_pcm(SILENCE * 40)
    assert [(one.text, one.generation) for one in stable] == [
        ("what time", 1), ("what time is it", 2), ("what time is it in rome", 3)
    ]  # fmt: skip
    facts = [event for _, event in await event_log.facts("c")]
    assert [type(one.body) for one in facts] == [UtteranceStarted, UtteranceEnded]
    assert {one.turn for one in stable} == {facts[0].turn}
    assert {one.utterance for one in stable} == {cast("UtteranceStarted", facts[0].body).utterance}


async def test_nothing_is_stable_without_a_transcript_and_generations_restart_with_each_utterance(
    event_log: EventLog,
) -> None:
    async with listening(event_log) as (microphone, stable):
        microphone.push_pcm(SILENCE * 20 + SPEECH * 20 + SILENCE * 40)
        assert stable == []
        for _ in range(2):
            microphone.push_pcm(SPEECH * 20)
            microphone.set_partial("hello")
            microphone.push_pcm(SILENCE * 40)
    assert [(one.text, one.generation) for one in stable] == [("hello", 1), ("hello", 1)]


async def test_a_silence_is_sent_window_by_window_so_that_the_recogniser_can_decode_what_was_said(
    event_log: EventLog,
) -> None:
    async with listening(event_log) as (microphone, _):
        microphone.push_pcm(SILENCE * 20 + SPEECH * 30 + SILENCE * 40)
    facts = [event.body for _, event in await event_log.facts("c")]
    (started,) = [body for body in facts if isinstance(body, UtteranceStarted)]
    chunks: list[AudioIn] = []
    async with aclosing(cast("Any", event_log.follow(AudioIn, subjects.audio_in("c", started.utterance)))) as found:
        async for chunk in found:
            chunks.append(chunk)
    lengths = [len(chunk.pcm) // 2 // WINDOW for chunk in chunks]
    assert sum(lengths) == chunks[-1].sample // WINDOW + lengths[-1]
    single = lengths.index(1)
    assert all(length >= 3 for length in lengths[: single - 1])
    assert lengths[single : single + 10] == [1] * 10
    assert all(length >= 3 for length in lengths[single + 13 : -1])


async def test_an_utterance_whose_start_finds_the_log_full_is_stored_from_its_start(
    event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    microphone, append, refused = Microphone(event_log, "c", "en", Loudness(), Endpointer(600)), event_log.append, False

    async def append_later(event: Event) -> int:
        nonlocal refused
        if not refused:
            refused = True
            microphone.push_pcm(SPEECH * 20)  # the person goes on
            raise BusError("the log is full", retryable=False, code="log_full")
        return await append(event)

    monkeypatch.setattr(event_log, "append", append_later)
    running = asyncio.create_task(microphone.run("s"))
    await asyncio.sleep(0)
    microphone.push_pcm(SILENCE * 20 + SPEECH * 20)
    with pytest.raises(BusError, match="full"):
        await running
    facts = [type(event.body) for _, event in await event_log.facts("c")]
    assert facts == [UtteranceStarted, UtteranceEnded]


async def test_packets_that_cease_end_the_utterance_and_the_next_one_holds_nothing_of_it(event_log: EventLog) -> None:
    microphone = Microphone(event_log, "c", "en", Loudness(), Endpointer(600), muted_after=0.1)
    running = asyncio.create_task(microphone.run("s"))
    await asyncio.sleep(0)
    tone = (8000 * np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000)).astype(np.int16)
    packets = OpusEncoder().push(tone)
    for phrase in range(2):
        for number, packet in enumerate(packets):
            microphone.push_packet(500 + 100 * phrase + number, 960 * number, packet)
        await _facts(event_log, 2 * (phrase + 1))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    first, ended, second, again = [event.body for _, event in await event_log.facts("c")]
    assert isinstance(first, UtteranceStarted)
    assert isinstance(second, UtteranceStarted)
    assert isinstance(ended, UtteranceEnded)
    assert isinstance(again, UtteranceEnded)
    assert (ended.reason, again.reason) == ("muted", "muted")
    sound = b""
    async with aclosing(cast("Any", event_log.follow(AudioIn, subjects.audio_in("c", second.utterance)))) as found:
        async for chunk in found:
            sound += chunk.pcm
    # The pre-roll is silence, all of it but for the windows in which the onset was found.
    assert not any(sound[: PRE_ROLL - 2 * WINDOW])


async def test_after_a_pause_between_phrases_the_first_packet_back_is_heard(event_log: EventLog) -> None:
    microphone = Microphone(event_log, "c", "en", Loudness(), Endpointer(600), muted_after=0.1)
    running = asyncio.create_task(microphone.run("s"))
    await asyncio.sleep(0)
    for number in range(5):
        microphone.push_packet(40_000 + number, 960 * number, OPUS_SILENCE, 1)
    await asyncio.sleep(0.3)
    tone = (8000 * np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000)).astype(np.int16)
    packets = OpusEncoder().push(tone)
    for number, packet in enumerate(packets):
        microphone.push_packet(9_000 + number, 77 + 960 * number, packet, 1)
    await _facts(event_log, 2)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    started, ended = [event.body for _, event in await event_log.facts("c")]
    assert isinstance(started, UtteranceStarted)
    assert isinstance(ended, UtteranceEnded)
    assert ended.reason == "muted"
    # All of the tone but what the last window has not, with the pre-roll before it.
    assert ended.samples >= 320 * len(packets) - 2 * WINDOW


async def _facts(event_log: EventLog, number: int) -> None:
    """Wait until so many facts are on the log."""
    async with asyncio.timeout(20):
        while len(await event_log.facts("c")) < number:
            await asyncio.sleep(0.02)
