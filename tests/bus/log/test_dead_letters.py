"""Dead letters on a real server: put aside, put back, dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bus import codec, subjects
from bus.errors import EngineError, InvalidInput, NotFound
from bus.events import (
    DeadLetter,
    Event,
    ReplyEnded,
    ReplyStarted,
    tag_of,
)
from bus.log import dead_letters, streams
from bus.log.dead_letters import Requeuer, StoredDeadLetter
from bus.log.event_log import EventLog
from bus.work.service import Output, Reader
from projections.conversation import Conversation, Reply, fold_all
from tests.bus.work.test_runner import echo, running, said, sentence, service, tell, until

GARBAGE = b"\xff not an event"


class Mendable:
    """Breaks in the middle of a reply until it is mended."""

    def __init__(self) -> None:
        self.mended = False

    async def handle(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        yield ReplyStarted(reply=f"r{event.turn}", character="ada", engine="echo")
        yield sentence(event, 0, "Well.")
        if not self.mended:
            raise EngineError("the model is away", retryable=True)
        yield sentence(event, 1, "Here I am.")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=2)


async def lying(event_log: EventLog, *, but: int = 0) -> StoredDeadLetter:
    """The one dead letter that lies there, once it does.

    Args:
        but: a number that is not meant.
    """
    async with asyncio.timeout(10):
        while not (found := [one async for one in dead_letters.read_all(event_log) if one.number != but]):
            await asyncio.sleep(0.01)
    (one,) = found
    return one


async def seen(event_log: EventLog) -> Reply:
    """The reply as the page shows it."""
    (turn,) = fold_all(Conversation(id="c1"), await event_log.facts("c1")).turns
    assert turn.reply is not None
    return turn.reply


async def tags(event_log: EventLog) -> list[str]:
    return [tag_of(event.body) for _, event in await event_log.facts("c1")]


async def number_of(event_log: EventLog, stream: str) -> int:
    info = await event_log.js.stream_info(stream)
    return info.state.messages


async def test_what_failed_is_completed_once_when_it_is_put_back_after_the_fault_was_mended(
    event_log: EventLog,
) -> None:
    faulty = Mendable()
    async with running(event_log, service(faulty.handle, on_failure=tell, backoff=(0.01,))):
        await event_log.append(said(1))
        letter = await lying(event_log)
        assert (letter.service, letter.conversation, letter.event()) == ("dialogue", "c1", said(1))
        shown = await seen(event_log)
        assert (shown.state, shown.error) == ("failed", "the model is away")

        faulty.mended = True
        await Requeuer(event_log).requeue(letter)
        await until(event_log, ReplyEnded, 1)
    assert [one async for one in dead_letters.read_all(event_log)] == []
    told = [one for one in await tags(event_log) if one != "service.step_repeated"]
    assert told == [
        "message.received",
        "reply.started",
        "reply.sentence",
        "service.step_failed",
        "reply.failed",
        "reply.sentence",
        "reply.ended",
    ]
    shown = await seen(event_log)
    assert (shown.state, shown.error) == ("ended", None)
    assert [one.text for one in shown.sentences] == ["Well.", "Here I am."]


async def test_what_fails_each_time_it_is_put_back_is_a_new_letter_each_time(event_log: EventLog) -> None:
    async with running(event_log, service(Mendable().handle, on_failure=tell, backoff=(0.01,))):
        await event_log.append(said(1))
        found = [await lying(event_log)]
        for _ in range(2):
            await Requeuer(event_log).requeue(found[-1])
            found.append(await lying(event_log, but=found[-1].number))
    letters = [one.letter for one in found if one.letter]
    assert len({one.number for one in found}) == 3
    assert len({one.at for one in letters}) == 3
    assert {(one.stream, one.sequence, one.subject, one.deliveries, one.data) for one in letters} == {
        ("CONVERSATIONS", 1, "conv.c1.message.received", 5, codec.encode(said(1)))
    }
    told = await tags(event_log)
    assert [told.count(one) for one in ("reply.failed", "service.step_failed", "reply.sentence")] == [3, 3, 1]
    assert (await seen(event_log)).state == "failed"


async def test_a_crash_before_the_letter_was_removed_puts_it_back_once(event_log: EventLog) -> None:
    faulty = Mendable()
    async with running(event_log, service(faulty.handle, on_failure=tell, backoff=(0.01,))):
        await event_log.append(said(1))
        letter = await lying(event_log)
    # As a requeue did that died half-way, longer ago than the server remembers message ids.
    await event_log.requeue("dialogue", letter.data, "long ago")
    await Requeuer(event_log).requeue(letter)
    assert await number_of(event_log, streams.REQUEUE) == 1
    assert await number_of(event_log, streams.DEAD) == 0
    faulty.mended = True
    async with running(event_log, service(faulty.handle, on_failure=tell, backoff=(0.01,))):
        await until(event_log, ReplyEnded, 1)
    assert (await tags(event_log)).count("reply.sentence") == 2


async def test_two_who_put_the_same_letter_back_at_once_put_it_back_once(event_log: EventLog) -> None:
    async with running(event_log, service(Mendable().handle, on_failure=tell, backoff=(0.01,))):
        await event_log.append(said(1))
        letter = await lying(event_log)
    await asyncio.gather(*(Requeuer(event_log).requeue(letter) for _ in range(4)))
    assert await number_of(event_log, streams.REQUEUE) == 1
    assert await number_of(event_log, streams.DEAD) == 0


async def test_a_letter_without_an_event_is_put_back_by_force_only_and_stays_what_it_was(event_log: EventLog) -> None:
    await event_log.js.publish("conv.c1.message.received", GARBAGE)
    async with running(event_log, service(echo)):
        first = await lying(event_log)
        with pytest.raises(InvalidInput, match="holds no event that this version knows"):
            await Requeuer(event_log).requeue(first)
        assert await number_of(event_log, streams.REQUEUE) == 0
        await Requeuer(event_log, force=True).requeue(first)
        second = await lying(event_log, but=first.number)
        await event_log.append(said(2))
        await until(event_log, ReplyEnded, 1)  # what is behind it flows
    assert first.letter is not None
    assert second.letter is not None
    kept = ("stream", "sequence", "subject", "service", "code", "data")
    assert [getattr(second.letter, name) for name in kept] == [getattr(first.letter, name) for name in kept]
    assert second.letter.data == GARBAGE


async def test_what_is_no_letter_is_listed_and_dropped_but_never_put_back(event_log: EventLog) -> None:
    await event_log.js.publish("dead.CONVERSATIONS.tts", b"\xff")
    (found,) = [one async for one in dead_letters.read_all(event_log, "tts")]
    assert (found.letter, found.service, found.conversation) == (None, "tts", "")
    with pytest.raises(InvalidInput, match="no dead letter"):
        await Requeuer(event_log, force=True).requeue(found)
    await dead_letters.drop(event_log, found)
    assert await number_of(event_log, streams.DEAD) == 0


async def test_letters_are_found_by_number_and_by_service_and_are_gone_once_dropped(event_log: EventLog) -> None:
    for sequence, name in enumerate(("stt", "tts", "stt"), start=7):
        await event_log.publish_dead_letter(
            DeadLetter(
                at=sequence,
                stream="CONVERSATIONS",
                sequence=sequence,
                subject="conv.c1.reply.sentence",
                service=name,
                code="poison",
                detail="",
                deliveries=5,
                data=codec.encode(said(1)),
            )
        )
    assert [one.number async for one in dead_letters.read_all(event_log)] == [1, 2, 3]
    assert [one.number async for one in dead_letters.read_all(event_log, "stt")] == [1, 3]
    assert [one.number async for one in dead_letters.read_all(event_log, "render")] == []
    assert await event_log.count(streams.DEAD, subjects.dead_of("stt")) == 2
    second = await dead_letters.get(event_log, 2)
    assert second.service == "tts"
    await dead_letters.drop(event_log, second)
    await dead_letters.drop(event_log, second)  # somebody else was first
    assert [one.number async for one in dead_letters.read_all(event_log)] == [1, 3]
    for number in (2, 4, 99):
        with pytest.raises(NotFound, match=f"there is no dead letter {number}"):
            await dead_letters.get(event_log, number)
