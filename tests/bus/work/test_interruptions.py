"""Interruptions: those that a worker missed and looks up, and those that come at an unlucky moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from bus import subjects
from bus.errors import StreamStalled
from bus.events import AudioOut, Event, ReplyEnded, ReplyInterrupted, ReplySentence, ReplyStarted, StepFailed
from bus.log.event_log import EventLog
from bus.work.interruptions import Interruptions, turn_of
from bus.work.service import Output, Reader
from tests.bus.work.helpers import message_event, read_until, running, sentence, service


def interruption(turn: str) -> Event:
    body = ReplyInterrupted(reply=f"r{turn}", heard="", by="speech")
    return Event(id=f"x{turn}", at=3, conversation="c1", turn=turn, body=body)


async def test_a_turn_interrupted_during_a_disconnection_is_cancelled(event_log: EventLog) -> None:
    interruptions = Interruptions(event_log)
    stopped: list[tuple[str, str]] = []
    running = [turn_of(message_event(1)), turn_of(message_event(2)), turn_of(message_event(1, "c2"))]
    await interruptions.catch_up(running, stopped.append)
    assert stopped == []
    await event_log.append(interruption("t2"))
    await interruptions.catch_up(running, stopped.append)
    assert stopped == [("c1", "t2")]


async def test_after_a_reconnection_interruptions_are_looked_up_again(event_log: EventLog) -> None:
    interruptions = Interruptions(event_log)
    assert not await interruptions.is_interrupted(message_event(1), stored=0, repeated=False)
    await event_log.append(interruption("t1"))
    assert not await interruptions.is_interrupted(message_event(1), stored=0, repeated=False), (
        "the worker would have heard it"
    )
    await interruptions.catch_up([], lambda turn: None)
    assert await interruptions.is_interrupted(message_event(1), stored=0, repeated=False)


async def test_of_several_interrupted_turns_none_is_overlooked(event_log: EventLog) -> None:
    for turn in ("t1", "t2", "t3"):
        await event_log.append(interruption(turn))
    interruptions = Interruptions(event_log)
    for number in (1, 2, 3):
        assert await interruptions.is_interrupted(message_event(number), stored=0, repeated=True)
    assert not await interruptions.is_interrupted(message_event(4), stored=0, repeated=True)


@pytest.mark.parametrize("outputs", range(5))
async def test_an_interruption_at_any_point_ends_the_work_without_a_failure(event_log: EventLog, outputs: int) -> None:
    async def speak(event: Event, reader: Reader) -> AsyncIterator[Output]:
        yield ReplyStarted(reply=f"r{event.turn}", character="ada", engine="e")
        for index in range(3):
            yield sentence(event, index)
        if event.turn == "t1":  # the voice that this waits for was stopped by the interruption
            async for _ in reader.follow(AudioOut, subjects.audio_out("c1", "s1"), timeout=0.2):
                pass
        yield ReplyEnded(reply=f"r{event.turn}", sentences=3)

    async with running(event_log, service(speak, backoff=(0.01,))):
        await event_log.append(message_event(1))
        if outputs:
            await facts_until(event_log, lambda facts: sum(one.turn == "t1" for one in facts) > outputs)
        await event_log.append(interruption("t1"))
        await event_log.append(message_event(2))
        facts = await facts_until(event_log, lambda facts: any(is_ended(one) for one in facts))
    assert not [one for one in facts if isinstance(one.body, StepFailed)]
    assert await event_log.last_message(subjects.dead("CONVERSATIONS", "dialogue")) is None


@pytest.mark.parametrize("swallowed", [1, 2, 3])
async def test_a_swallowed_cancellation_is_repeated_and_what_fails_after_it_is_no_failure(
    event_log: EventLog, swallowed: int
) -> None:
    tries = 0

    async def stubborn(event: Event, reader: Reader) -> AsyncIterator[Output]:
        nonlocal tries
        if event.turn == "t1":
            tries += 1
            yield sentence(event, 0)
            for _ in range(swallowed):
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            raise StreamStalled("nothing for 10 s and no final chunk")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    async with running(event_log, service(stubborn, backoff=(0.01,))):
        await event_log.append(message_event(1))
        await read_until(event_log, ReplySentence, 1)
        await event_log.append(interruption("t1"))
        await event_log.append(message_event(2))
        facts = await read_until(event_log, ReplyEnded, 1)
    assert tries == 1
    assert not [one for one in facts if isinstance(one.body, StepFailed)]
    assert await event_log.last_message(subjects.dead("CONVERSATIONS", "dialogue")) is None


def is_ended(event: Event) -> bool:
    return isinstance(event.body, ReplyEnded) and event.turn == "t2"


async def facts_until(event_log: EventLog, over: Callable[[list[Event]], bool]) -> list[Event]:
    async with asyncio.timeout(30):
        while not over(facts := [event for _, event in await event_log.facts("c1")]):
            await asyncio.sleep(0.01)
    return facts
