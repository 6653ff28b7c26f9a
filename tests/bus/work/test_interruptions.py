"""Interruptions that a worker missed and looks up."""

from __future__ import annotations

from bus.events import Event, ReplyInterrupted
from bus.log.event_log import EventLog
from bus.work.interruptions import Interruptions, turn_of
from tests.bus.work.helpers import message_event


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
