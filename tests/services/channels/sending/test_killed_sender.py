"""The sender killed between any two steps: each message reaches the person once, or its person is told; never twice."""

from __future__ import annotations

import asyncio

import pytest

from bus.channel_events import Content
from bus.ids import derive_id
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.channels.channel import Capabilities, Progress
from services.channels.sending.delivery import Delivery
from services.channels.sending.ledger import Ledger
from tests.services.channels.sending.sending import (
    PROVING,
    QUICK,
    TEXT,
    VOICE,
    FakeChannel,
    Steps,
    mortal,
    queue,
    queued,
    sending,
    state,
    wait_until_done,
)

TEXT_POINTS = [
    "before DeliverySending", "after DeliverySending", "before send", "after send", "before DeliverySent",
    "after DeliverySent",
]  # fmt: skip
VOICE_POINTS = [
    "before DeliveryUploading", "after DeliveryUploading", "before upload", "after upload", *TEXT_POINTS,
]  # fmt: skip


async def stopped_or_done(steps: Steps, event_log: EventLog) -> bool:
    """Whether the sender came to the point where it stops."""
    stopping = asyncio.create_task(steps.stopped.wait())
    ending = asyncio.create_task(wait_until_done(event_log))
    await asyncio.wait((stopping, ending), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    ending.cancel()
    return steps.stopped.is_set()


async def tell_what_arrived(event_log: EventLog, channel: FakeChannel) -> None:
    """The webhooks of a channel that tells what became of messages; each comes twice, as they do."""
    for one in [*channel.reached, *channel.reached]:
        progress = Progress(delivery=one.delivery, message=f"m-{one.delivery}", status="delivered")
        await Ledger(event_log).apply_progress("fake", progress)


async def finish(event_log: EventLog, channel: FakeChannel, delivery: str) -> Delivery:
    """Let another sender do what is left."""
    channel.steps = Steps()
    async with sending(event_log, channel):
        await wait_until_done(event_log)
    return await state(event_log, delivery)


@pytest.mark.parametrize(("content", "points"), [(TEXT, TEXT_POINTS), (VOICE, VOICE_POINTS)])
async def test_killed_at_each_step_it_is_sent_once_or_given_up_with_a_notice(
    settings: Settings, event_log: EventLog, content: Content, points: list[str]
) -> None:
    ends: dict[str, tuple[str, int, int]] = {}
    for number, point in enumerate(points, 1):
        channel, delivery = FakeChannel(QUICK), f"d{number}"
        await queue(event_log, delivery, queued(content))
        async with mortal(settings, channel, number) as steps:
            assert await stopped_or_done(steps, event_log)
            assert steps.names[-1] == point
        end = await finish(event_log, channel, delivery)
        ends[point] = (end.state, channel.count(delivery), channel.count(derive_id(delivery, "notice")))
    lost = {"after DeliverySending": 0, "before send": 0, "after send": 1, "before DeliverySent": 1}
    assert ends == {point: ("given_up", lost[point], 1) if point in lost else ("sent", 1, 0) for point in points}


@pytest.mark.parametrize(("content", "points"), [(TEXT, TEXT_POINTS), (VOICE, VOICE_POINTS)])
async def test_where_the_channel_tells_what_arrived_it_is_sent_exactly_once(
    settings: Settings, event_log: EventLog, content: Content, points: list[str]
) -> None:
    ends: dict[str, tuple[str, int, int]] = {}
    for number, point in enumerate(points, 1):
        channel, delivery = FakeChannel(PROVING), f"d{number}"
        await queue(event_log, delivery, queued(content))
        async with mortal(settings, channel, number) as steps:
            assert await stopped_or_done(steps, event_log)
        await tell_what_arrived(event_log, channel)
        end = await finish(event_log, channel, delivery)
        ends[point] = (end.state, channel.count(delivery), len(channel.reached))
    assert ends == dict.fromkeys(points, ("sent", 1, 1))


@pytest.mark.parametrize("capabilities", [QUICK, PROVING])
async def test_the_next_sender_is_killed_at_each_of_its_steps_too(
    settings: Settings, event_log: EventLog, capabilities: Capabilities
) -> None:
    seen: list[str] = []
    for number in range(1, 30):
        channel, delivery = FakeChannel(capabilities), f"d{number}"
        await queue(event_log, delivery, queued(VOICE, chat=f"c{number}"))
        async with mortal(settings, channel, VOICE_POINTS.index("before send") + 1) as steps:
            assert await stopped_or_done(steps, event_log)
        async with mortal(settings, channel, number) as steps:
            stopped = await stopped_or_done(steps, event_log)
        if capabilities.proves_delivery:
            await tell_what_arrived(event_log, channel)
        end = await finish(event_log, channel, delivery)
        assert channel.count(delivery) == (1 if capabilities.proves_delivery else 0), seen
        assert end.state == ("sent" if capabilities.proves_delivery else "given_up")
        # The notice is a message of its own: it may be lost in its turn, and comes once at the most.
        assert len(channel.reached) <= 1
        if not stopped:
            break
        seen.append(steps.names[-1])
    given_up = ["before DeliveryGivenUp", "after DeliveryGivenUp", "before DeliveryQueued", "after DeliveryQueued"]
    after = TEXT_POINTS if capabilities.proves_delivery else given_up
    assert seen[:6] == ["before DeliveryUnknown", "after DeliveryUnknown", *after][:6]
    assert not stopped
