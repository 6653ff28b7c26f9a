"""Streams and consumers: created, declared again, and changed without a loss."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus.errors import ConfigurationError
from bus.events import Body, ConversationTitled, Event, Fact, MessageReceived
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.work.consumers import consumer_configs, ensure_consumers
from bus.work.runner import Runner
from bus.work.service import Output, Reader, Service


async def nothing(event: Event, reader: Reader) -> AsyncIterator[Output]:
    return
    yield


MESSAGES = Service(name="dialogue", consumes=(MessageReceived,), handle=nothing, engine="x")
BOTH: tuple[type[Body], ...] = (MessageReceived, ConversationTitled)


def fact(name: str) -> Event:
    body: Fact = MessageReceived(message="m", text="x") if name.startswith("m") else ConversationTitled(title="x")
    return Event(id=name, at=1, conversation="c", body=body)


async def consume(event_log: EventLog, most: int) -> list[str]:
    """Pull and acknowledge up to `most` pending messages of the service's consumer; returns the event ids."""
    subscription = await event_log.js.pull_subscribe_bind("dialogue", stream=streams.CONVERSATIONS)
    ids: list[str] = []
    info = await subscription.consumer_info()
    for _ in range(min(most, info.num_pending or 0)):
        [message] = await subscription.fetch(1, timeout=5)
        await message.ack_sync()
        ids.append(msgspec.json.decode(message.data)["id"])
    await subscription.unsubscribe()
    return ids


async def test_declaring_streams_and_consumers_twice_changes_nothing(event_log: EventLog, settings: Settings) -> None:
    await ensure_consumers(event_log.js, consumer_configs(MESSAGES))
    for name in ("m1", "m2"):
        await event_log.append(fact(name))
    assert await consume(event_log, 1) == ["m1"]
    names = [str(one.name) for one in streams.stream_configs(settings)]
    before = [(await event_log.js.stream_info(name)).config for name in names]
    await streams.ensure_streams(event_log.js, settings, update=True)
    await ensure_consumers(event_log.js, consumer_configs(MESSAGES))
    assert [(await event_log.js.stream_info(name)).config for name in names] == before
    assert await consume(event_log, 9) == ["m2"]


async def test_a_consumer_with_another_lease_keeps_its_position(event_log: EventLog) -> None:
    await ensure_consumers(event_log.js, consumer_configs(MESSAGES))
    for name in ("m1", "m2"):
        await event_log.append(fact(name))
    assert await consume(event_log, 1) == ["m1"]
    await ensure_consumers(event_log.js, consumer_configs(replace(MESSAGES, lease=9.0)))
    assert (await event_log.consumer_info(streams.CONVERSATIONS, "dialogue")).config.ack_wait == 9.0
    assert await consume(event_log, 9) == ["m2"]


async def test_a_newly_consumed_kind_is_delivered_from_the_position_on_and_nothing_twice(event_log: EventLog) -> None:
    await ensure_consumers(event_log.js, consumer_configs(MESSAGES))
    for name in ("t1", "m1", "t2", "m2", "t3"):
        await event_log.append(fact(name))
    assert await consume(event_log, 1) == ["m1"]
    await ensure_consumers(event_log.js, consumer_configs(replace(MESSAGES, consumes=BOTH)))
    await event_log.append(fact("t4"))
    assert await consume(event_log, 9) == ["t2", "m2", "t3", "t4"]


async def test_a_kind_no_longer_consumed_leaves_the_others(event_log: EventLog) -> None:
    await ensure_consumers(event_log.js, consumer_configs(replace(MESSAGES, consumes=BOTH)))
    for name in ("t1", "m1", "t2", "m2"):
        await event_log.append(fact(name))
    assert await consume(event_log, 1) == ["t1"]
    await ensure_consumers(event_log.js, consumer_configs(MESSAGES))
    assert await consume(event_log, 9) == ["m1", "m2"]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (api.ConsumerConfig(ack_policy=api.AckPolicy.NONE), "ack_policy"),
        (api.ConsumerConfig(ack_policy=api.AckPolicy.EXPLICIT, deliver_policy=api.DeliverPolicy.NEW), "deliver_policy"),
        (api.ConsumerConfig(ack_policy=api.AckPolicy.EXPLICIT, deliver_subject="x.y"), "deliver_subject"),
    ],
    ids=["acknowledges nothing", "begins elsewhere", "is pushed"],
)
async def test_a_consumer_that_cannot_be_changed_stops_the_service_and_stays_as_it_is(
    event_log: EventLog, other: api.ConsumerConfig, named: str
) -> None:
    made = await event_log.js.add_consumer(
        streams.CONVERSATIONS, other.evolve(name="dialogue", durable_name="dialogue")
    )
    with pytest.raises(ConfigurationError, match=rf"consumer dialogue on CONVERSATIONS has {named}="):
        await Runner(event_log, MESSAGES).run()
    assert (await event_log.consumer_info(streams.CONVERSATIONS, "dialogue")).config == made.config


async def test_a_consumer_that_the_server_refuses_is_a_configuration_error(event_log: EventLog) -> None:
    with pytest.raises(ConfigurationError, match="consumer dialogue on CONVERSATIONS is refused"):
        await ensure_consumers(
            event_log.js, consumer_configs(replace(MESSAGES, consumes=(MessageReceived, MessageReceived)))
        )


async def test_a_stream_with_another_storage_is_an_error_on_connecting(event_log: EventLog, settings: Settings) -> None:
    await event_log.js.delete_stream(streams.DEAD)
    await event_log.js.add_stream(
        api.StreamConfig(name=streams.DEAD, subjects=["dead.>"], storage=api.StorageType.MEMORY)
    )
    with pytest.raises(ConfigurationError, match="stream DEAD has storage="):
        async with connect(settings, name="late"):
            pass


async def test_new_limits_are_applied_and_messages_stay(event_log: EventLog, settings: Settings) -> None:
    await event_log.append(fact("m1"))
    async with connect(msgspec.structs.replace(settings, audio_bytes=32 << 20), name="other") as other:
        assert (await other.js.stream_info(streams.AUDIO)).config.max_bytes == 32 << 20
        assert [event.id for _, event in await other.facts("c")] == ["m1"]


class StartingCluster:
    """A cluster of which one node is still away."""

    def __init__(self) -> None:
        self.refusals = 2
        self.made: list[str] = []

    async def stream_info(self, name: str) -> api.StreamInfo:
        raise NotFoundError

    async def add_stream(self, config: api.StreamConfig) -> SimpleNamespace:
        if self.refusals:
            self.refusals -= 1
            raise APIError(
                code=400, err_code=10005, description="no suitable peers for placement, peer offline"
            )
        self.made.append(str(config.name))
        return SimpleNamespace(config=config)


async def test_a_node_that_is_not_there_yet_is_waited_for(settings: Settings) -> None:
    cluster = StartingCluster()
    await streams.ensure_streams_in_time(cast("JetStreamContext", cluster), settings, update=True, wait=20)
    assert (cluster.refusals, sorted(cluster.made)) == (0, sorted(streams.NAMES))
