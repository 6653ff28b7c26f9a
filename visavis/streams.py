"""`visavis streams`: creates or updates the streams and the built-in characters, then lists the streams.

For clusters in which only one NATS user has the permission to do so.
"""

from __future__ import annotations

from bus.log.event_log import connect, connect_only
from bus.settings import Settings
from visavis.doctor import check_copies, format_result
from visavis.up import publish_builtin_characters


async def update_streams(settings: Settings) -> int:
    """Create everything that services expect on the server; returns the exit status.

    Raises:
        BusError, ConfigurationError: see `bus.log.event_log.connect`.
    """
    async with connect(settings, name="streams") as event_log:
        await publish_builtin_characters(event_log)
        for stream in await event_log.js.streams_info():
            config = stream.config
            print(f"{config.name:<14} {config.num_replicas} × {config.storage}  {stream.state.messages} messages")
    return 0


async def check_streams(settings: Settings, *, color: bool) -> int:
    """Read every message of each node's copy of what is kept for ever, and compare; returns the exit status: 1 where
    copies differ.

    Raises:
        BusError: NATS does not answer.
    """
    async with connect_only(settings, name="streams") as event_log:
        results = await check_copies(event_log, newest=None)
    for result in results:
        print(format_result(result, color=color))
    if not results:
        print("there is one copy of each stream")
    return int(any(result.state != "ok" for result in results))
