"""Makes the streams of a log from their snapshots, with the positions of their consumers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bus.errors import BusError, ConfigurationError
from bus.log import snapshots, streams
from bus.log.event_log import EventLog
from bus.log.snapshots import ConsumerPosition, StreamContent

_MADE_AT_THE_START = (streams.CHARACTERS, streams.LIVE)
"""Streams that a system without any conversation has messages in."""


@dataclass(frozen=True)
class Source:
    """A stream, and where its bytes come from."""

    content: StreamContent
    chunks: Callable[[], AsyncIterator[bytes]]


def check_server(event_log: EventLog) -> None:
    """Raises ConfigurationError where the server cannot set the position of a consumer."""
    version = event_log.nc.connected_server_version
    if (version.major, version.minor) < snapshots.OLDEST_SERVER_TO_RESTORE:
        raise ConfigurationError(f"NATS is {version}; to restore, 2.14 or newer is needed")


def holds_anything(contents: Mapping[str, StreamContent]) -> bool:
    """Whether a log has more than what every system has at its first start."""
    ours = set(streams.NAMES) - set(_MADE_AT_THE_START)
    return any(one.messages for name, one in contents.items() if name in ours)


async def put_streams_back(
    event_log: EventLog,
    sources: Iterable[Source],
    consumers: Sequence[ConsumerPosition],
    *,
    show: Callable[[str], None],
) -> None:
    """Put streams in the place of those that are there, and the consumers on them. Services refuse the log until
    `finish`.

    Raises:
        BusError: the server refuses, or has other messages afterwards than there were.
    """
    nc, replicas = event_log.nc, event_log.settings.nats_replicas
    there = set(await snapshots.contents(nc)) - {streams.LIVE}
    if streams.RESTORING not in there:
        await snapshots.create(nc, {"name": streams.RESTORING, "subjects": ["restoring"], "num_replicas": replicas})
    for name in streams.NAMES:
        if name in there:
            await snapshots.remove(nc, name)
    for source in sources:
        content = source.content
        made = await snapshots.restore(nc, content, source.chunks(), replicas=replicas)
        # More: what was stored while the snapshot was taken.
        if made.last < content.last or (made.messages < content.messages and not content.drops):
            raise BusError(
                f"stream {content.name} has {made.messages} messages up to {made.last}, and in the backup "
                f"{content.messages} up to {content.last}",
                retryable=False,
            )
        for consumer in consumers:
            if consumer.stream == content.name:
                await snapshots.put_back(nc, consumer)
        show(f"{content.name}: {made.messages} messages up to {made.last}")


async def finish(event_log: EventLog) -> None:
    """Make the streams that the backup has not, bring all to the limits in the settings, and let services in."""
    await snapshots.remove(event_log.nc, streams.RESTORING)
    await streams.ensure_streams_in_time(event_log.js, event_log.settings, update=True, wait=10.0)
