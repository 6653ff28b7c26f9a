"""NATS service discovery: every process says who it is on `$SRV.PING/INFO/STATS`."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import nats.micro
from nats.aio.msg import Msg

from bus.log import Bus

VERSION = "0.1.0"


class ServiceInfo(msgspec.Struct, frozen=True):
    """One process of a service that answered."""

    name: str
    id: str
    version: str
    metadata: dict[str, str] = {}

    @property
    def engine(self) -> str:
        return self.metadata.get("engine", "")


@asynccontextmanager
async def announced(bus: Bus, name: str, engine: str = "") -> AsyncIterator[None]:
    """Answer discovery under this name for as long as the context lasts."""
    service = await nats.micro.add_service(
        bus.nc,
        name=name,
        version=VERSION,
        description=f"Visavis {name}",
        metadata={"engine": engine, "pid": str(os.getpid())},
    )
    try:
        yield
    finally:
        if bus.connected:
            await service.stop()


async def discover(bus: Bus, *, wait: float = 0.25) -> list[ServiceInfo]:
    """The processes that answer within `wait` seconds, by name."""
    answers: list[ServiceInfo] = []

    async def on_message(msg: Msg) -> None:
        try:
            answers.append(msgspec.convert(json.loads(msg.data), ServiceInfo))
        except ValueError:
            return  # no responders, or somebody else's idea of a service

    inbox = bus.nc.new_inbox()
    subscription = await bus.nc.subscribe(inbox, cb=on_message)
    await bus.nc.publish("$SRV.INFO", b"", reply=inbox)
    await asyncio.sleep(wait)
    await subscription.unsubscribe()
    return sorted(answers, key=lambda one: (one.name, one.id))


