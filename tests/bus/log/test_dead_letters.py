"""Dead letters on a real server: published, requeued, dropped."""

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
from tests.bus.work.helpers import echo, message_event, read_until, reply_failed, running, sentence, service

GARBAGE = b"\xff not an event"


class Repairable:
    """A handler that fails in the middle of a reply until `repaired` is set."""

    def __init__(self) -> None:
        self.repaired = False

    async def handle(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        yield ReplyStarted(reply=f"r{event.turn}", character="ada", engine="echo")
        yield sentence(event, 0, "Well.")
        if not self.repaired:
            raise EngineError("the model is away", retryable=True)
        yield sentence(event, 1, "Here I am.")
        yield ReplyEnded(reply=f"r{event.turn}", sentences=2)


async def wait_for_letter(event_log: EventLog, *, other_than: int = 0) -> StoredDeadLetter:
    """Wait for the one dead letter on the log, apart from the one with the number `other_than`."""
    async with asyncio.timeout(10):
        while not (found := [one async for one in dead_letters.read_all(event_log) if one.number != other_than]):
            await asyncio.sleep(0.01)
    (one,) = found
    return one


async def reply_shown(event_log: EventLog) -> Reply:
    """The reply as the page shows it."""
    (turn,) = fold_all(Conversation(id="c1"), await event_log.facts("c1")).turns
    assert turn.reply is not None
    return turn.reply


async def tags(event_log: EventLog) -> list[str]:
    return [tag_of(event.body) for _, event in await event_log.facts("c1")]


async def message_count(event_log: EventLog, stream: str) -> int:
    info = await event_log.js.stream_info(stream)
    return info.state.messages


async def test_a_requeued_reply_is_completed_once_after_the_fault_is_fixed(
    event_log: EventLog,
) -> None:
    faulty = Repairable()
    async with running(event_log, service(faulty.handle, on_failure=reply_failed, backoff=(0.01,))):
        await event_log.append(message_event(1))
        letter = await wait_for_letter(event_log)
        assert (letter.service, letter.conversation, letter.content()) == ("dialogue", "c1", message_event(1))
        shown = await reply_shown(event_log)
        assert (shown.state, shown.error) == ("failed", "the model is away")

        faulty.repaired = True
        await Requeuer(event_log).requeue(letter)
        await read_until(event_log, ReplyEnded, 1)
    assert [one async for one in dead_letters.read_all(event_log)] == []
    published = [one for one in await tags(event_log) if one != "service.step_repeated"]
    assert published == [
        "message.received",
        "reply.started",
        "reply.sentence",
        "service.step_failed",
        "reply.failed",
        "reply.sentence",
        "reply.ended",
    ]
    shown = await reply_shown(event_log)
    assert (shown.state, shown.error) == ("ended", None)
    assert [one.text for one in shown.sentences] == ["Well.", "Here I am."]


async def test_each_failure_after_a_requeue_gives_a_new_dead_letter(event_log: EventLog) -> None:
    async with running(event_log, service(Repairable().handle, on_failure=reply_failed, backoff=(0.01,))):
        await event_log.append(message_event(1))
        found = [await wait_for_letter(event_log)]
        for _ in range(2):
            await Requeuer(event_log).requeue(found[-1])
            found.append(await wait_for_letter(event_log, other_than=found[-1].number))
    letters = [one.letter for one in found if one.letter]
    assert len({one.number for one in found}) == 3
    assert len({one.at for one in letters}) == 3
    assert {(one.stream, one.sequence, one.subject, one.deliveries, one.data) for one in letters} == {
        ("CONVERSATIONS", 1, "conv.c1.message.received", 5, codec.encode(message_event(1)))
    }
    published = await tags(event_log)
    assert [published.count(one) for one in ("reply.failed", "service.step_failed", "reply.sentence")] == [3, 3, 1]
    assert (await reply_shown(event_log)).state == "failed"


async def test_a_crash_before_the_letter_was_deleted_requeues_it_once(event_log: EventLog) -> None:
    faulty = Repairable()
    async with running(event_log, service(faulty.handle, on_failure=reply_failed, backoff=(0.01,))):
        await event_log.append(message_event(1))
        letter = await wait_for_letter(event_log)
    # What a requeue leaves that crashed half-way, longer ago than the duplicate window.
    await event_log.requeue("dialogue", letter.data, "long ago")
    await Requeuer(event_log).requeue(letter)
    assert await message_count(event_log, streams.REQUEUE) == 1
    assert await message_count(event_log, streams.DEAD) == 0
    faulty.repaired = True
    async with running(event_log, service(faulty.handle, on_failure=reply_failed, backoff=(0.01,))):
        await read_until(event_log, ReplyEnded, 1)
    assert (await tags(event_log)).count("reply.sentence") == 2


async def test_concurrent_requeues_of_one_letter_requeue_it_once(event_log: EventLog) -> None:
    async with running(event_log, service(Repairable().handle, on_failure=reply_failed, backoff=(0.01,))):
        await event_log.append(message_event(1))
        letter = await wait_for_letter(event_log)
    await asyncio.gather(*(Requeuer(event_log).requeue(letter) for _ in range(4)))
    assert await message_count(event_log, streams.REQUEUE) == 1
    assert await message_count(event_log, streams.DEAD) == 0


async def test_a_letter_without_an_event_is_requeued_by_force_only_and_unchanged(event_log: EventLog) -> None:
    await event_log.js.publish("conv.c1.message.received", GARBAGE)
    async with running(event_log, service(echo)):
        first = await wait_for_letter(event_log)
        with pytest.raises(InvalidInput, match="holds no event that this version knows"):
            await Requeuer(event_log).requeue(first)
        assert await message_count(event_log, streams.REQUEUE) == 0
        await Requeuer(event_log, force=True).requeue(first)
        second = await wait_for_letter(event_log, other_than=first.number)
        await event_log.append(message_event(2))
        await read_until(event_log, ReplyEnded, 1)  # the undecodable message blocks no later one
    assert first.letter is not None
    assert second.letter is not None
    kept = ("stream", "sequence", "subject", "service", "code", "data")
    assert [getattr(second.letter, name) for name in kept] == [getattr(first.letter, name) for name in kept]
    assert second.letter.data == GARBAGE


async def test_a_message_that_is_no_dead_letter_can_be_listed_and_dropped_but_not_requeued(event_log: EventLog) -> None:
    await event_log.js.publish("dead.CONVERSATIONS.tts", b"\xff")
    (found,) = [one async for one in dead_letters.read_all(event_log, "tts")]
    assert (found.letter, found.service, found.conversation) == (None, "tts", "")
    with pytest.raises(InvalidInput, match="no dead letter"):
        await Requeuer(event_log, force=True).requeue(found)
    await dead_letters.drop(event_log, found)
    assert await message_count(event_log, streams.DEAD) == 0


async def test_dead_letters_are_found_by_number_and_service_until_they_are_dropped(event_log: EventLog) -> None:
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
                data=codec.encode(message_event(1)),
            )
        )
    assert [one.number async for one in dead_letters.read_all(event_log)] == [1, 2, 3]
    assert [one.number async for one in dead_letters.read_all(event_log, "stt")] == [1, 3]
    assert [one.number async for one in dead_letters.read_all(event_log, "render")] == []
    assert await event_log.count(streams.DEAD, subjects.dead_of("stt")) == 2
    second = await dead_letters.get(event_log, 2)
    assert second.service == "tts"
    await dead_letters.drop(event_log, second)
    await dead_letters.drop(event_log, second)  # as if another process had been first
    assert [one.number async for one in dead_letters.read_all(event_log)] == [1, 3]
    for number in (2, 4, 99):
        with pytest.raises(NotFound, match=f"there is no dead letter {number}"):
            await dead_letters.get(event_log, number)
