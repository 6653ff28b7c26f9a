"""`visavis migrate`: moves the log of the embedded server to the server or cluster in the settings, without a file."""

from __future__ import annotations

from collections.abc import AsyncIterator

from msgspec import structs

from bus.errors import BusError, ConfigurationError
from bus.log import snapshots
from bus.log.event_log import EventLog, connect_only
from bus.settings import PREFIX, Settings
from visavis.keeping.backup import ORDER, show
from visavis.keeping.putting_back import Source, check_server, finish, put_streams_back
from visavis.keeping.restore import check_empty
from visavis.keeping.servers import embedded_log, log_folder
from visavis.nats.store import has_log
from visavis.up import lock_data_folder


async def migrate(settings: Settings, *, replace: bool) -> int:
    """Copy the embedded server's log, with sequences and positions, to the server in the settings; returns the exit
    status. The embedded log stays as it is.

    Args:
        replace: also where that has a log already, which is then gone.
    Raises:
        ConfigurationError: Visavis runs, or there is nothing to move, or no place to move it to.
        BusError: a server refuses.
    """
    if not settings.nats_url:
        raise ConfigurationError(f"set {PREFIX}NATS_URL to the server that the log is to be moved to")
    folder = log_folder(settings)
    if not has_log(settings.data_folder):
        raise ConfigurationError(f"there is no log in {settings.data_folder}; {PREFIX}DATA names the data folder")
    embedded = structs.replace(settings, nats_url="")
    with lock_data_folder(settings.data_folder) as lock:
        async with (
            embedded_log(embedded, folder, lock, name="migrate") as source,
            connect_only(settings, name="operator", wait=30.0) as target,
        ):
            check_server(target)
            await check_empty(target, replace=replace)
            await copy(source, target)
    print(f"the log is on {settings.redacted_url} now; the old one stays in {folder}")
    return 0


async def copy(source: EventLog, target: EventLog) -> None:
    """Copy all streams and consumers.

    Raises:
        BusError: a server refuses.
    """
    found = await snapshots.contents(source.nc)
    names = [name for name in ORDER if name in found]
    consumers = [one for name in names for one in await snapshots.positions(source.nc, name)]

    async def chunks(name: str) -> AsyncIterator[bytes]:
        async for chunk in snapshots.snapshot(source.nc, name, lambda _: None):
            yield chunk

    sources = [Source(found[name], lambda name=name: chunks(name)) for name in names]  # type: ignore[misc]
    try:
        await put_streams_back(target, sources, consumers, show=show)
        await finish(target)
    except BusError as error:
        raise BusError(f"{error.detail}; the log there is incomplete: run it again with --replace") from error
