"""What a microphone says of a phrase before it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, cast

from bus.events import TranscriptStable, UtteranceEnded, UtteranceStarted
from bus.log.event_log import EventLog
from services.gateway.listening.endpointing import WINDOW, Endpointer
from services.gateway.listening.microphone import Microphone


class Loudness:
    """Speech is what is not zero."""

    window = WINDOW

    def probability(self, pcm: bytes) -> float:
        return float(any(pcm))


SPEECH, SILENCE = b"\x01\x00" * WINDOW, bytes(2 * WINDOW)


@asynccontextmanager
async def listening(event_log: EventLog) -> AsyncIterator[tuple[Microphone, list[TranscriptStable]]]:
    """A microphone that is on, and what it said was stable."""
    microphone = Microphone(event_log, "c", "en", Loudness(), Endpointer(600))
    said: list[TranscriptStable] = []

    async def hear() -> None:
        async with aclosing(cast("Any", event_log.live(TranscriptStable))) as events:
            async for one in events:
                said.append(one.body)

    tasks = [asyncio.create_task(hear()), asyncio.create_task(microphone.run("s"))]
    await asyncio.sleep(0.2)
    try:
        yield microphone, said
        await asyncio.sleep(0.2)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_what_may_be_all_is_told_once_for_each_wording(event_log: EventLog) -> None:
    async with listening(event_log) as (microphone, said):
        microphone.take_pcm(SILENCE * 20 + SPEECH * 20)
        microphone.hint("what time")
        microphone.take_pcm(SILENCE * 8)
        microphone.hint("what time")
        microphone.hint("what time is it")
        microphone.take_pcm(SPEECH * 20)
        microphone.hint("what time is it in rome")
        microphone.take_pcm(SILENCE * 40)
    assert [(one.text, one.generation) for one in said] == [
        ("what time", 1), ("what time is it", 2), ("what time is it in rome", 3)
    ]  # fmt: skip
    facts = [event for _, event in await event_log.facts("c")]
    assert [type(one.body) for one in facts] == [UtteranceStarted, UtteranceEnded]
    assert {one.turn for one in said} == {facts[0].turn}
    assert {one.utterance for one in said} == {cast("UtteranceStarted", facts[0].body).utterance}


async def test_nothing_is_stable_before_something_is_understood_and_each_phrase_counts_anew(
    event_log: EventLog,
) -> None:
    async with listening(event_log) as (microphone, said):
        microphone.take_pcm(SILENCE * 20 + SPEECH * 20 + SILENCE * 40)
        assert said == []
        for _ in range(2):
            microphone.take_pcm(SPEECH * 20)
            microphone.hint("hello")
            microphone.take_pcm(SILENCE * 40)
    assert [(one.text, one.generation) for one in said] == [("hello", 1), ("hello", 1)]
