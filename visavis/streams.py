"""`visavis streams`: declares the streams and the built-in characters, as a user that may; then shows the streams."""

from __future__ import annotations

from bus.log.event_log import connect
from bus.settings import Settings
from visavis.up import publish_builtin_characters


async def declare(settings: Settings) -> int:
    """Declare everything that services expect to find; returns the exit status.

    Raises:
        BusError, ConfigurationError: see `bus.log.event_log.connect`.
    """
    async with connect(settings, name="streams") as event_log:
        await publish_builtin_characters(event_log)
        for stream in await event_log.js.streams_info():
            config = stream.config
            print(f"{config.name:<14} {config.num_replicas} × {config.storage}  {stream.state.messages} messages")
    return 0
