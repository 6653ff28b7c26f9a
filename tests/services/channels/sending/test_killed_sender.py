"""The sender killed between any two steps: each message reaches the person once, or its person is told; never twice."""

from __future__ import annotations

import pytest

from bus.channel_events import Content
from bus.ids import derive_id
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.channels.channel import Capabilities, Progress
from services.channels.sending.ledger import Ledger
from tests.services.channels.sending.sending import (
    PROVING,
    QUICK,
    TEXT,
    VOICE,
    FakeChannel,
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


async def tell_what_arrived(event_log: EventLog, channel: FakeChannel) -> None:
    """The webhooks of a channel that tells what became of messages; each comes twice, as they do."""
    for one in [*channel.reached, *channel.reached]:
        progress = Progress(delivery=one.delivery, message=f"m-{one.delivery}", status="delivered")
        await Ledger(event_log).apply_progress("fake", progress)


async def finish(event_log: EventLog, channel: FakeChannel) -> None:
    """Let another sender do what is left."""
    async with sending(event_log, channel):
        await wait_until_done(event_log)


async def queue_cases(event_log: EventLog, content: Content, count: int) -> list[str]:
    """Queue so many messages to different persons, on which one process works at the same time."""
    deliveries = [f"d{number}" for number in range(1, count + 1)]
    for number, delivery in enumerate(deliveries, 1):
        await queue(event_log, delivery, queued(content, chat=f"c{number}"))
    return deliveries


def numbered(deliveries: list[str]) -> dict[str, int]:
    """Each delivery stops at another point."""
    return {delivery: number for number, delivery in enumerate(deliveries, 1)}


@pytest.mark.parametrize(("content", "points"), [(TEXT, TEXT_POINTS), (VOICE, VOICE_POINTS)])
async def test_killed_at_each_step_it_is_sent_once_or_given_up_with_a_notice(
    settings: Settings, event_log: EventLog, content: Content, points: list[str]
) -> None:
    channel = FakeChannel(QUICK)
    deliveries = await queue_cases(event_log, content, len(points))
    async with mortal(settings, channel, numbered(deliveries)) as steps:
        assert [own.names[-1] for own in steps.values()] == points
    await finish(event_log, channel)
    ends: dict[str, tuple[str, int, int]] = {}
    for point, delivery in zip(points, deliveries, strict=True):
        end = await state(event_log, delivery)
        ends[point] = (end.state, channel.count(delivery), channel.count(derive_id(delivery, "notice")))
    lost = {"after DeliverySending": 0, "before send": 0, "after send": 1, "before DeliverySent": 1}
    assert ends == {point: ("given_up", lost[point], 1) if point in lost else ("sent", 1, 0) for point in points}


@pytest.mark.parametrize(("content", "points"), [(TEXT, TEXT_POINTS), (VOICE, VOICE_POINTS)])
async def test_where_the_channel_tells_what_arrived_it_is_sent_exactly_once(
    settings: Settings, event_log: EventLog, content: Content, points: list[str]
) -> None:
    channel = FakeChannel(PROVING)
    deliveries = await queue_cases(event_log, content, len(points))
    async with mortal(settings, channel, numbered(deliveries)) as steps:
        assert [own.names[-1] for own in steps.values()] == points
    await tell_what_arrived(event_log, channel)
    await finish(event_log, channel)
    ends = {delivery: ((await state(event_log, delivery)).state, channel.count(delivery)) for delivery in deliveries}
    assert ends == dict.fromkeys(deliveries, ("sent", 1))
    assert len(channel.reached) == len(deliveries)


@pytest.mark.parametrize("capabilities", [QUICK, PROVING])
async def test_the_next_sender_is_killed_at_each_of_its_steps_too(
    settings: Settings, event_log: EventLog, capabilities: Capabilities
) -> None:
    given_up = ["before DeliveryGivenUp", "after DeliveryGivenUp", "before DeliveryQueued", "after DeliveryQueued"]
    after = TEXT_POINTS if capabilities.proves_delivery else [*given_up, *TEXT_POINTS]
    points = ["before DeliveryUnknown", "after DeliveryUnknown", *after]
    channel = FakeChannel(capabilities)
    deliveries = await queue_cases(event_log, VOICE, len(points) + 1)
    async with mortal(settings, channel, dict.fromkeys(deliveries, VOICE_POINTS.index("before send") + 1)) as steps:
        assert all(own.names[-1] == "before send" for own in steps.values())
    async with mortal(settings, channel, numbered(deliveries)) as steps:
        assert [own.names[-1] for own in steps.values() if own.stopped] == points
    if capabilities.proves_delivery:
        await tell_what_arrived(event_log, channel)
    await finish(event_log, channel)
    for delivery in deliveries:
        end, notices = await state(event_log, delivery), channel.count(derive_id(delivery, "notice"))
        if capabilities.proves_delivery:
            assert (end.state, channel.count(delivery), notices) == ("sent", 1, 0)
        else:
            # The notice is a message of its own: it may be lost in its turn, and comes once at the most.
            assert (end.state, channel.count(delivery)) == ("given_up", 0)
            assert notices <= 1
