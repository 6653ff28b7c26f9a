"""Streams that vanish on a cluster, where only the operator may make most of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.errors import Error as NatsError

from bus.errors import Forbidden
from bus.log import streams
from bus.log.event_log import EventLog, connect
from tests.bus.work.helpers import echo, service
from tests.bus.work.test_replaced_log import ready, worker
from tests.cluster.conftest import Nodes
from tests.conftest import free_port
from visavis.up import keep_log


@asynccontextmanager
async def watching(event_log: EventLog) -> AsyncIterator[None]:
    task = asyncio.create_task(event_log.watch.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def is_there(event_log: EventLog, stream: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await event_log.js.stream_info(stream)
                return
            except NatsError:
                await asyncio.sleep(0.1)


async def test_the_gateway_makes_the_stream_in_memory_again(nodes: Nodes) -> None:
    async with (
        connect(nodes.settings(), name="operator") as operator,
        connect(nodes.settings(), name="gateway") as gateway,
        watching(gateway),
    ):
        before = (await operator.js.stream_info("LIVE")).config
        await operator.js.delete_stream("LIVE")
        await is_there(operator, "LIVE")
        assert (await operator.js.stream_info("LIVE")).config == before
        async with asyncio.timeout(60):
            while gateway.watch.problem:
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("stream", ["AUDIO", "CONVERSATIONS"])
async def test_a_service_says_which_stream_is_missing_until_the_operator_has_made_it(nodes: Nodes, stream: str) -> None:
    settings = nodes.settings(dialogue_port=free_port())
    async with worker(settings, service(echo)) as client, connect(nodes.settings(), name="operator") as operator:
        await operator.js.delete_stream(stream)
        assert await ready(client, 503, containing=f"stream {stream}") == (
            f"stream {stream} is not there and this user may not make it: run `visavis streams` as the operator"
        )
        keeping = asyncio.create_task(keep_log(nodes.settings()))
        try:
            await is_there(operator, stream)
            assert await ready(client) == "ok"
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])


async def test_the_gateway_may_make_no_other_stream(nodes: Nodes) -> None:
    async with connect(nodes.settings(), name="gateway") as gateway:
        config = next(one for one in streams.stream_configs(nodes.settings()) if one.name == "AUDIO")
        with pytest.raises(Forbidden):
            await gateway.js.add_stream(config.evolve(name="MINE", subjects=["mine.>"]))
