"""Interruptions that a worker could not hear."""

from __future__ import annotations

from bus.events import Event, ReplyInterrupted
from bus.log.event_log import EventLog
from bus.work.interruptions import Interruptions, turn_of
from tests.bus.work.test_runner import said


def cut(turn: str) -> Event:
    body = ReplyInterrupted(reply=f"r{turn}", heard="", by="speech")
    return Event(id=f"x{turn}", at=3, conversation="c1", turn=turn, body=body)


async def test_what_was_cut_short_while_the_connection_was_away_is_stopped(event_log: EventLog) -> None:
    interruptions = Interruptions(event_log)
    stopped: list[tuple[str, str]] = []
    running = [turn_of(said(1)), turn_of(said(2)), turn_of(said(1, "c2"))]
    await interruptions.catch_up(running, stopped.append)
    assert stopped == []
    await event_log.append(cut("t2"))
    await interruptions.catch_up(running, stopped.append)
    assert stopped == [("c1", "t2")]


async def test_what_is_begun_after_the_connection_was_away_is_looked_up_again(event_log: EventLog) -> None:
    interruptions = Interruptions(event_log)
    assert not await interruptions.is_interrupted(said(1), stored=0, repeated=False)
    await event_log.append(cut("t1"))
    assert not await interruptions.is_interrupted(said(1), stored=0, repeated=False), "it would have been heard"
    await interruptions.catch_up([], lambda turn: None)
    assert await interruptions.is_interrupted(said(1), stored=0, repeated=False)
