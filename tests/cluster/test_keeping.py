"""The log of an embedded server becomes that of a cluster, of which a backup is made."""

from __future__ import annotations

from pathlib import Path

from bus import subjects
from bus.events import MessageReceived
from bus.log import streams
from bus.log.event_log import connect
from bus.log.snapshots import contents, positions, remove
from bus.work.consumers import ensure_consumers, shared_consumers
from tests.bus.work.helpers import message_event
from tests.cluster.conftest import Nodes
from visavis.keeping.backup import write_backup
from visavis.keeping.migrate import migrate
from visavis.keeping.servers import embedded_log, log_folder
from visavis.up import lock_data_folder

PHOTO = bytes(range(256)) * 8192
"""2 MiB: many parts of a snapshot."""


async def test_an_embedded_log_moves_to_a_cluster_which_is_backed_up(nodes: Nodes, tmp_path: Path) -> None:
    settings = nodes.settings(data=str(tmp_path / "data"))
    consumers = shared_consumers("dialogue", streams.CONVERSATIONS, (subjects.facts_of_kind(MessageReceived),), lease=5)
    with lock_data_folder(settings.data_folder) as lock:
        async with embedded_log(settings, log_folder(settings), lock, name="test") as event_log:
            await streams.ensure_streams_in_time(event_log.js, event_log.settings, update=True, wait=10)
            for number in range(1, 4):
                await event_log.append(message_event(number))
            await event_log.assets.put("photo-1", PHOTO)
            await ensure_consumers(event_log.js, consumers)
            pull = await event_log.js.pull_subscribe_bind("dialogue", streams.CONVERSATIONS)
            for message in await pull.fetch(2):
                await message.ack_sync()

    assert await migrate(settings, replace=True) == 0

    async with connect(settings, name="operator", update_streams=False) as event_log:
        found = [one.sequence async for one in event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS)]
        assert found == [1, 2, 3]
        assert await event_log.assets.get("photo-1") == PHOTO
        where = [(one.name, one.done) for one in await positions(event_log.nc, streams.CONVERSATIONS)]
        assert where == [("dialogue", 2)]
        info = await event_log.js.stream_info(streams.CONVERSATIONS)
        assert info.config.num_replicas == 3
        backup = await write_backup(event_log, tmp_path / "backup", frames=True)
        assert [one.messages for one in backup.streams if one.name == streams.CONVERSATIONS] == [3]
        for name in await contents(event_log.nc):  # other tests use the cluster, too
            await remove(event_log.nc, name)
        await streams.ensure_streams_in_time(event_log.js, settings, update=True, wait=10)
